"""Metrics: served where they are turned on, counted by what became of an operation, by all processes together."""

import re
import time
from collections import Counter
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from httpx import AsyncClient

from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.commands import free_port, running, wait_for_text
from tests.web.started import headers_of, settings_of, started

Kind = tuple[str, str, str]
"""An operation's type, its execution and its status."""
_COUNT = re.compile(
    r'^customer_gateway_operations_total\{execution="(\w+)",status="(\d+)",type="(\w+)"\} ([\d.]+)$', re.MULTILINE
)
_TIMED = re.compile(r'^customer_gateway_operation_seconds_count\{execution="(\w+)"\} ([\d.]+)$', re.MULTILINE)


def counted(text: str) -> Counter[Kind]:
    """How many operations there were of each kind."""
    return Counter({(kind, execution, status): int(float(n)) for execution, status, kind, n in _COUNT.findall(text)})


def timed(text: str) -> Counter[str]:
    """How many operations were timed, by their execution."""
    return Counter({execution: int(float(n)) for execution, n in _TIMED.findall(text)})


async def numbers(client: AsyncClient) -> str:
    """The metrics as they are served."""
    response = await client.get("/metrics", headers={"authorization": ""})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return response.text


async def test_metrics_are_not_served_unless_they_are_turned_on(
    service_dsn: str, tmp_path: Path, company: UUID
) -> None:
    keys = DevelopmentKeys(tmp_path)
    async with started(settings_of(service_dsn, keys, metrics=False), headers_of(keys, company)) as client:
        assert (await client.get("/metrics")).status_code == 404


ASKED: list[tuple[str, dict[str, str], Kind]] = [
    ("{customers {totalCount}}", {}, ("query", "planned", "200")),
    ("{viewer {subject}}", {}, ("query", "fields", "200")),
    ("{customers(first: 501) {totalCount}}", {}, ("query", "fields", "200")),
    (
        'mutation {createContact(input: {customerId: "x", name: "y"}) {errors {code}}}',
        {},
        ("mutation", "fields", "200"),
    ),
    ("query($n: Int!) {customers(first: $n) {totalCount}}", {}, ("query", "none", "400")),
    ("{unknown}", {}, ("none", "none", "400")),
    ("{customers {totalCount}}", {"authorization": "Bearer x"}, ("none", "none", "401")),
    ("{customers {totalCount}}", {"accept": "text/x"}, ("none", "none", "406")),
]


@pytest.mark.parametrize(("query", "headers", "kind"), ASKED)
async def test_an_operation_is_counted_once_by_its_type_its_execution_and_its_status(
    service_dsn: str, tmp_path: Path, company: UUID, query: str, headers: dict[str, str], kind: Kind
) -> None:
    keys = DevelopmentKeys(tmp_path)
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        before = await numbers(client)
        response = await client.post("/graphql", json={"query": query}, headers=headers)
        after = await numbers(client)

    assert str(response.status_code) == kind[2]
    # Other tests of this process count as well, so what was there before is taken off.
    assert counted(after) - counted(before) == Counter({kind: 1})
    assert timed(after) - timed(before) == Counter({kind[1]: 1})


async def test_numbers_tell_nothing_of_a_company(service_dsn: str, tmp_path: Path, company: UUID) -> None:
    keys = DevelopmentKeys(tmp_path)
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        await client.post("/graphql", json={"query": "query secret {customers {totalCount}}"})
        text = await numbers(client)

    assert str(company) not in text
    assert "secret" not in text
    assert "tester" not in text


def test_several_processes_keep_their_numbers_together(service_dsn: str, tmp_path: Path, company: UUID) -> None:
    port, output, keys, asked = free_port(), tmp_path / "output", DevelopmentKeys(tmp_path / "keys"), 40
    settings = settings_of(service_dsn, keys, metrics="true", log_level="INFO")
    environment = {name.upper(): str(value) for name, value in settings.items()}
    url, headers = f"http://127.0.0.1:{port}", headers_of(keys, company, [Scope.CUSTOMERS_READ])
    with running("serve", "--workers", "2", "--port", str(port), output=output, **environment) as process:
        wait_for_text(process, output, "startup complete")
        _wait_for_both(output)
        for _ in range(asked):
            # A connection for each, so that both processes get some.
            answer = httpx.post(f"{url}/graphql", json={"query": "{customers {totalCount}}"}, headers=headers)
            assert answer.status_code == 200
        found = [counted(httpx.get(f"{url}/metrics").text) for _ in range(10)]

    # Whichever process answers, it tells the same of all.
    assert found == [Counter({("query", "planned", "200"): asked})] * 10


def _wait_for_both(output: Path) -> None:
    deadline = time.monotonic() + 60
    while output.read_text().count("startup complete") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
