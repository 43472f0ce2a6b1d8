"""The example followers keep a copy of all customers, whatever is stopped in between."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.e2e.production import Caller, serving
from tests.support.commands import ROOT, free_port
from tests.support.node import node_packages
from tests.support.trust import TRUST

PULL = ROOT / "examples" / "follow.py"
LIVE = ROOT / "examples" / "follow-live" / "follow.ts"
Command = list[str | Path]
_SECONDS = 30
GROUP = "mutation($input: CreateCustomerGroupInput!) { createCustomerGroup(input: $input) { customerGroup { id } } }"
CREATE = "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } } }"
RENAME = "mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { id } } }"


def asking() -> Command:
    """The program that asks for changes."""
    return [sys.executable, PULL]


def subscribing() -> Command:
    """The program that subscribes to changes, after its types are checked."""
    packages = node_packages(LIVE.parent, "the example of a live follower")
    packages.run(packages.program("tsc"))
    return [packages.node, LIVE.parent / "build" / "follow.js"]


@pytest.fixture(scope="module", params=[asking, subscribing])
def example(request: pytest.FixtureRequest) -> Command:
    """The command of a follower, without the file of its copy."""
    return request.param()


@pytest.fixture
def url(caller: Caller, tmp_path: Path) -> Generator[str]:
    with (tmp_path / "service.log").open("wb") as log, serving(caller, log.fileno()) as url:
        yield url


@contextmanager
def following(example: Command, url: str, caller: Caller, file: Path) -> Generator[None]:
    """Run the example, and kill it on exit."""
    environment = {"PATH": os.environ["PATH"], "URL": url, "API_KEY": caller.api_key}
    with subprocess.Popen([*example, file], env=environment) as process:
        try:
            yield
            assert process.poll() is None
        finally:
            process.kill()


def write(url: str, caller: Caller, document: str, **values: Any) -> str:
    """Run a mutation; return the id of what it wrote."""
    body = {"query": document, "variables": {"input": values}}
    answer = httpx.post(f"{url}/graphql", json=body, headers={"x-api-key": caller.api_key}, verify=TRUST).json()
    (payload,) = answer["data"].values()
    (written,) = payload.values()
    return written["id"]


def customer_fields(url: str, caller: Caller) -> dict[str, str]:
    """The required fields of a customer, in a new group."""
    group = write(url, caller, GROUP, number="1", name="All", accountId=str(caller.account_id))
    return {"vatZone": "DOMESTIC", "customerGroupId": group, "countryCode": "DK", "defaultCurrency": "DKK"}


def wait_for_copy(file: Path, expected: dict[str, str]) -> None:
    """Wait until the copy has these customers, by id, with these names, and no others."""
    deadline, names = time.monotonic() + _SECONDS, None
    while names != expected:
        assert time.monotonic() < deadline, (names, expected)
        time.sleep(0.05)
        if file.exists():
            names = {id_: customer["name"] for id_, customer in json.loads(file.read_text())["customers"].items()}


@pytest.mark.parametrize("path", [PULL, LIVE])
def test_the_examples_are_short_enough_to_be_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 60


def test_a_follower_ends_if_its_key_is_not_accepted(example: Command, url: str, caller: Caller, tmp_path: Path) -> None:
    file = tmp_path / "customers.json"
    environment = {"PATH": os.environ["PATH"], "URL": url, "API_KEY": f"{caller.api_key}x"}
    ended = subprocess.run([*example, file], env=environment, stderr=subprocess.PIPE, timeout=_SECONDS, check=False)

    assert (ended.returncode, file.exists()) == (1, False)
    assert any(reason in ended.stderr for reason in (b"API_KEY_NOT_ACCEPTED", b"401"))


def test_a_follower_goes_on_when_the_service_is_back(example: Command, caller: Caller, tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "customers.json"
    with (tmp_path / "service.log").open("wb") as log, following(example, f"http://127.0.0.1:{port}", caller, file):
        with serving(caller, log.fileno(), port=port) as url:
            first = write(url, caller, CREATE, name="Fjord", **customer_fields(url, caller))
            wait_for_copy(file, {first: "Fjord"})
        with serving(caller, log.fileno(), port=port) as url:
            write(url, caller, RENAME, id=first, name="Fjord A/S")
            wait_for_copy(file, {first: "Fjord A/S"})


async def test_a_copy_is_complete_although_its_follower_is_killed_and_its_cursor_expires(
    example: Command, url: str, caller: Caller, owner_engine: AsyncEngine, tmp_path: Path
) -> None:
    fields = customer_fields(url, caller)
    first = write(url, caller, CREATE, name="Fjord", **fields)
    file = tmp_path / "customers.json"

    with following(example, url, caller, file):
        wait_for_copy(file, {first: "Fjord"})
        second = write(url, caller, CREATE, name="Havn", **fields)
        wait_for_copy(file, {first: "Fjord", second: "Havn"})

    old = file.read_text()
    write(url, caller, RENAME, id=first, name="Fjord A/S")
    with following(example, url, caller, file):
        wait_for_copy(file, {first: "Fjord A/S", second: "Havn"})

    # With this file, the follower asks for an event that is no longer kept.
    file.write_text(old)
    await _expire(owner_engine, caller)
    with following(example, url, caller, file):
        wait_for_copy(file, {first: "Fjord A/S", second: "Havn"})
        write(url, caller, RENAME, id=second, name="Havn A/S")
        wait_for_copy(file, {first: "Fjord A/S", second: "Havn A/S"})


async def _expire(engine: AsyncEngine, caller: Caller) -> None:
    """Delete all events of the company as the clean-up does, a month later."""
    age = text("UPDATE outbox_events SET occurred_at = now() - interval '31 days' WHERE company_id = :company")
    async with engine.begin() as connection:
        await connection.execute(age, {"company": caller.company})
        await connection.execute(text("SELECT expire_events(now() - interval '30 days', 100000)"))
