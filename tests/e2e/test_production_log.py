"""`serve` with the log that production has: it tells of each operation, and no failure of it reaches a caller."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import api_keys
from app.db.tables import ledger_accounts
from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.support.commands import ROOT, Process, free_port
from tests.support.prepared import prepared
from tests.support.started import settings_of

# Made once: it takes longer than a request, and each call of httpx would make one.
_TRUST = ssl.create_default_context()
READ = "{customers(first: 1) {totalCount}}"
CREATE = """mutation ($input: CreateCustomerGroupInput!) {
  createCustomerGroup(input: $input) {customerGroup {number} errors {code}}
}"""


@dataclass
class Caller:
    """Where the service is, and a credential of each kind for one company."""

    dsn: str
    keys: DevelopmentKeys
    company: UUID
    api_key: str
    api_key_id: UUID
    account_id: UUID

    @property
    def credentials(self) -> dict[str, dict[str, str]]:
        token = self.keys.mint(self.company, tuple(Scope), "tester", timedelta(hours=1))
        return {
            "tester": {"authorization": f"Bearer {token}"},
            f"api-key:{self.api_key_id}": {"x-api-key": self.api_key},
        }


@pytest_asyncio.fixture(loop_scope="session")
async def caller(service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path) -> Caller:
    async with owner_engine.begin() as connection:
        key, plaintext = await api_keys.create(connection, company, "ERP", tuple(Scope), None)
        account_id = uuid4()
        account = {"company_id": company, "id": account_id, "number": "1010", "name": "Sales"}
        await connection.execute(insert(ledger_accounts).values(account))
    return Caller(service_dsn, DevelopmentKeys(tmp_path / "keys"), company, plaintext, key.id, account_id)


@contextmanager
def serving(caller: Caller, stderr: int | None, *options: str) -> Generator[str]:
    """The service with all settings at their defaults that may be, standard error closed for None; yields its URL and ends it."""
    port = free_port()
    settings = settings_of(caller.dsn, caller.keys, metrics="true")
    environment = {name.upper(): str(value) for name, value in settings.items()}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    process = _started(["serve", "--port", str(port), *options], kept, kept | environment, stderr)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                assert httpx.get(f"{url}/readyz", verify=_TRUST).status_code == 200
                break
            except httpx.TransportError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def _started(arguments: list[str], plain: dict[str, str], environment: dict[str, str], stderr: int | None) -> Process:
    if stderr is None:
        # Only a new interpreter starts with a stream that is closed.
        command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-W", "error", "-m", "app", *arguments]
        return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    with Path(os.devnull).open("wb") as nowhere, os.fdopen(stderr, "wb", closefd=False) as errors:
        return prepared(plain).start(arguments, environment, nowhere, errors)


def ask(url: str, headers: dict[str, str], query: str, **variables: Any) -> dict[str, Any]:
    """The data of an answer that must be good."""
    body = {"query": query, "variables": variables}
    response = httpx.post(f"{url}/graphql", json=body, headers=headers, timeout=10, verify=_TRUST)
    assert response.status_code == 200, response.text
    assert "errors" not in response.json(), response.text
    return response.json()["data"]


def counted(url: str) -> Counter[tuple[str, str]]:
    """How many operations there were, by their type and status."""
    found = Counter[tuple[str, str]]()
    for family in text_string_to_metric_families(httpx.get(f"{url}/metrics", verify=_TRUST).text):
        for sample in family.samples:
            if sample.name == "customer_gateway_operations_total":
                found[sample.labels["type"], sample.labels["status"]] += int(sample.value)
    return found


@pytest.mark.parametrize("workers", ["1", "2"])
def test_with_each_kind_of_credential_reads_and_mutations_are_answered_logged_and_counted(
    caller: Caller, tmp_path: Path, workers: str
) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file, serving(caller, file.fileno(), "--workers", workers) as url:
        for number, headers in enumerate(caller.credentials.values(), start=1):
            assert ask(url, headers, READ) == {"customers": {"totalCount": 0}}
            assert ask(url, headers, "{viewer {subject company {id}}}")["viewer"]["company"]["id"] == str(
                caller.company
            )
            group = {"number": str(number), "name": "Nordic", "accountId": str(caller.account_id)}
            created = ask(url, headers, CREATE, input=group)["createCustomerGroup"]
            assert created == {"customerGroup": {"number": str(number)}, "errors": []}
        time.sleep(0.2)
        assert counted(url) == {("query", "200"): 4, ("mutation", "200"): 2}

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    operations = [line for line in lines if line["event"] == "operation"]
    assert len(operations) == 6
    assert {line["company"] for line in operations} == {str(caller.company)}
    assert {line["subject"] for line in operations} == set(caller.credentials)
    assert {line["status"] for line in operations} == {200}


@pytest.mark.parametrize(
    ("sink", "workers"),
    [("full", "1"), ("reader gone", "1"), ("never read", "1"), ("closed", "1"), ("full", "2"), ("never read", "2")],
)
def test_a_log_that_can_not_be_written_changes_no_answer_and_delays_none(
    caller: Caller, sink: str, workers: str
) -> None:
    reading, writing = os.pipe()
    if sink == "reader gone":
        os.close(reading)
    if sink == "never read":
        # Full from the start, so that the first write would wait.
        os.set_blocking(writing, False)
        assert os.write(writing, b"x" * 10_000_000) < 10_000_000
        os.set_blocking(writing, True)
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a descriptor is wanted
        descriptor = {"full": full.fileno(), "closed": None}.get(sink, writing)
        with serving(caller, descriptor, "--workers", workers) as url:
            begun = time.monotonic()
            for headers in caller.credentials.values():
                for _ in range(20):
                    assert ask(url, headers, READ) == {"customers": {"totalCount": 0}}
            assert time.monotonic() - begun < 20
            assert counted(url) == {("query", "200"): 40}
