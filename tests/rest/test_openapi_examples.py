"""The examples of the OpenAPI document: the service answers each of them as the document says."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from shutil import copy

import pytest
import pytest_asyncio

from app.db.seed import demo_company_id, seed
from app.rest.endpoints import ENDPOINTS, Endpoint
from app.rest.openapi import examples
from app.rest.openapi.document import document, text
from app.rest.openapi.errors import RESPONSES, statuses_of
from app.rest.openapi.examples import FOLDER, examples_of
from app.web.development import DevelopmentKeys
from tests.rest.recording import Recorder, compared, filled, recorded
from tests.support.commands import ROOT
from tests.support.databases import new_database, same_database
from tests.support.logging_state import logging_restored


@pytest_asyncio.fixture(loop_scope="session")
async def recorder(server_dsn: str, template: str, service_dsn: str, tmp_path: Path) -> AsyncGenerator[Recorder]:
    """A service on the data that `dev` writes."""
    async with new_database(server_dsn, template) as dsn:
        await seed(dsn, companies=2, customers=300, seed=1, progress=lambda _done, _total: None)
        keys = DevelopmentKeys(tmp_path / "keys")
        with logging_restored():
            yield Recorder(same_database(service_dsn, dsn), keys, demo_company_id())


async def test_the_service_answers_every_example_as_it_is_recorded(recorder: Recorder) -> None:
    count = 0
    async for _, example, answer in recorder.answers():
        count += 1
        expected = {"status": example.status, "answer_headers": example.answer_headers, "answer": example.answer}
        expected = {name: value for name, value in expected.items() if value not in ({}, None)}
        assert compared(recorded(answer)) == compared(expected), (
            f"{example.name}: run `python -m tests.rest.recording`, then `customer-gateway openapi --out openapi.json`"
        )
    assert count == sum(len(examples_of(endpoint.document)) for endpoint in ENDPOINTS)


def test_an_answer_is_recorded_anew_only_if_it_says_something_else() -> None:
    id_, other = "01a22c10-356f-7df1-90b1-4bb889c38784", "01a22c10-35ac-7afd-b5b1-146a5721d884"
    error = {"timestamp": "2026-11-30T10:46:29.566Z", "message": "No.", "details": {"requestId": "0" * 32}}
    failed, made = {"status": 500, "answer": error}, {"status": 201, "answer": {"id": id_, "customerNumber": "301"}}
    later = {"timestamp": "2026-11-30T10:46:30.123Z", "message": "No.", "details": {"requestId": "1" * 32}}
    again = {"status": 201, "answer": {"id": other, "customerNumber": "301"}}
    different = {"status": 500, "answer": {**error, "message": "Never."}}
    entry = {"name": "failure"}

    assert filled(entry | failed, {"status": 500, "answer": later}) == entry | failed
    assert filled(entry | made, again) == entry | made
    assert filled(entry | failed, different) == entry | different
    # The answer to a new example, and one that has fewer members than before.
    assert filled(entry, failed) == entry | failed
    assert filled(entry | failed, {"status": 204}) == entry | {"status": 204}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.document)
def test_an_endpoint_has_a_file_of_examples(endpoint: Endpoint) -> None:
    path = FOLDER / f"{endpoint.document}.json"
    assert path.exists(), (
        f"{path.relative_to(ROOT)} is missing: add an example of each status to it, run"
        " `python -m tests.rest.recording`, then `customer-gateway openapi --out openapi.json`"
    )


def test_an_endpoint_without_examples_is_described_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in FOLDER.iterdir():
        if file.stem != "create-customer":
            copy(file, tmp_path)
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    described = document()["paths"]
    without, usual = described["/v1/customers"]["post"], described["/v1/customers"]["get"]

    assert examples_of("create-customer") == ()
    for content in (without["requestBody"]["content"], without["responses"]["201"]["content"]):
        assert [*content["application/json"]] == ["schema"]
    assert usual["responses"]["200"]["content"]["application/json"]["examples"]


def test_every_endpoint_has_an_example_of_its_success() -> None:
    for endpoint in ENDPOINTS:
        examples = examples_of(endpoint.document)
        assert endpoint.shown.status in {example.status for example in examples}, endpoint.document
        assert len({example.name for example in examples}) == len(examples)
    assert {path.stem for path in FOLDER.iterdir()} == {endpoint.document for endpoint in ENDPOINTS}


def test_examples_say_times_in_ordinary_numbers() -> None:
    assert re.findall(r"\d+ seconds", text()) != []
    assert re.findall(r"\de-\d+ seconds", text()) == []


def test_every_error_has_an_example_of_an_endpoint_that_has_it() -> None:
    found: set[int] = set()
    for endpoint in ENDPOINTS:
        statuses = {example.status for example in examples_of(endpoint.document) if example.is_error}
        assert statuses <= {*statuses_of(endpoint)}
        found |= statuses
    assert found == {*RESPONSES}
