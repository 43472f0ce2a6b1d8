"""Programs for OpenAPI read the document of the REST endpoints, and hold the service to it."""

import json
import sys
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from shutil import copytree

import pytest
import pytest_asyncio

from app.db.seed import seed
from tests.conformance.python.environment import Environment
from tests.support.commands import ROOT
from tests.support.conformance_page import Proved
from tests.support.databases import new_database, same_database
from tests.support.node import succeed
from tests.support.seeded import Seeded, Service, serving

SOURCES = Path(__file__).parent / "python" / "rest"
DOCUMENT = ROOT / "openapi.json"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def written_to(server_dsn: str, template: str, service_dsn: str) -> AsyncGenerator[Seeded]:
    """Demo data that other tests don't read, because thousands of requests change it."""
    async with new_database(server_dsn, template) as dsn:
        report = await seed(dsn, companies=1, customers=40, seed=1, progress=lambda _done, _total: None)
        yield Seeded(same_database(service_dsn, dsn), report.companies)


@pytest.fixture(scope="module")
def rest(written_to: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """The service on these data."""
    with serving(written_to, tmp_path_factory.mktemp("rest")) as started:
        yield started


def address_of(service: Service) -> str:
    """Return what precedes the paths of the document."""
    return service.url.removesuffix("/graphql")


def test_a_validator_of_openapi_accepts_the_document(environment: Environment, proved: Proved) -> None:
    assert "OK" in environment.run("-m", "openapi_spec_validator", DOCUMENT, within=ROOT)
    package = "openapi-spec-validator"
    proved("REST", package, environment.version(package), "openapi.json is a valid document of OpenAPI 3.1")


def test_a_generated_client_makes_round_trips_under_a_strict_type_checker(
    environment: Environment, rest: Service, tmp_path: Path, proved: Proved
) -> None:
    folder = Path(copytree(SOURCES, tmp_path / "client"))
    options = ("--path", DOCUMENT, "--meta", "none", "--output-path", folder / "generated")
    printed = environment.run(environment.program("openapi-python-client"), "generate", *options, within=folder)
    succeed(sys.executable, "-m", "basedpyright", "--pythonpath", environment.python, folder=folder)
    known = {"SERVICE_URL": address_of(rest), "SERVICE_TOKEN": rest.token()}
    answer = json.loads(environment.run("client.py", within=folder, environment=known))

    # It leaves out what it can't generate, with a warning.
    assert "WARNING" not in printed
    assert answer == {
        "names": ["Nordlys Gruppen A/S", "Nordlys Ærø ApS"],
        "contacts": 2,
        "location": True,
        "same": True,
        "read": ["From openapi-python-client", "domestic", 10.1, {"seats": 5, "vip": True}],
        "unchanged": 304,
        "updated": ["Renamed", "2"],
        "errors": [
            ["VERSION_CONFLICT"],
            ["SHARED_VALIDATION_FAILED", "name: FIELD_REQUIRED"],
            ["CUSTOMER_NOT_FOUND"],
            ["SHARED_VALIDATION_FAILED", "segment: FIELD_UNKNOWN"],
        ],
        "segments": ["small", "small"],
    }
    package = "openapi-python-client"
    claims = (
        "a client from openapi.json; a strict type checker accepts its use",
        "its lists, creation, reading, conditional update, repetition with a key, and typed errors",
        "a filter by metadata if its keys are whole names, `metadata[segment]`: it ignores the style `deepObject`",
    )
    for claim in claims:
        proved("REST", package, environment.version(package), claim)


@pytest.mark.parametrize("examples", [25, pytest.param(1_000, marks=pytest.mark.slow)])
def test_schemathesis_finds_nothing(
    environment: Environment, rest: Service, tmp_path: Path, proved: Proved, examples: int
) -> None:
    """Valid and invalid requests, alone and in sequences: thousands of them with `--slow`."""
    folder = Path(copytree(SOURCES, tmp_path / "schemathesis"))
    environment.run(
        environment.program("schemathesis"),
        *("--config-file", "schemathesis.toml", "run", f"{address_of(rest)}/v1/openapi.json"),
        *("--header", f"Authorization: Bearer {rest.token()}", "--max-examples", str(examples)),
        within=folder,
        seconds=60 + 3 * examples,
    )
    claim = "valid and invalid requests, alone and in sequences: every answer is as described"
    proved("REST", "schemathesis", environment.version("schemathesis"), claim)
