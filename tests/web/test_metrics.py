"""Metrics: served where they are turned on, counted by what became of an operation, by all processes together."""

import asyncio
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from httpx import AsyncClient
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app import __version__
from app.db.database import Database
from app.domain.identity import Scope
from app.rest.documents import TEXTS
from app.web.development import DevelopmentKeys
from app.web.metrics import Metrics
from tests.support.commands import free_port, is_running, running, wait_for_text
from tests.support.lock_waits import held_statement, lock_waits
from tests.support.started import headers_of, settings_of, started
from tests.support.trust import TRUST
from tests.web.idle import Idle

ROOT = Path(__file__).parents[2]
Kind = tuple[str, str, str, str]
"""An operation's type, its execution, its status and its first code."""
OPERATIONS = "customer_gateway_operations_total"
DURATION = "customer_gateway_operation_duration_seconds"
_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|", re.MULTILINE)


def families(printed: str) -> dict[str, Metric]:
    """The metrics by name, as Prometheus reads them."""
    return {family.name: family for family in text_string_to_metric_families(printed)}


def values(printed: str, name: str, *labels: str) -> dict[Any, float]:
    """The samples of this name by the values of these labels, one value alone for one label."""
    samples = [sample for family in families(printed).values() for sample in family.samples if sample.name == name]
    keyed = {tuple(sample.labels[label] for label in labels): sample.value for sample in samples}
    return {key[0] if len(labels) == 1 else key: value for key, value in keyed.items()}


def counted(printed: str) -> Counter[Kind]:
    """How many operations there were of each kind."""
    found = values(printed, OPERATIONS, "type", "execution", "status", "code")
    return Counter({kind: int(value) for kind, value in found.items()})


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
    ("{customers {totalCount}}", {}, ("query", "planned", "200", "none")),
    ("{viewer {subject}}", {}, ("query", "fields", "200", "none")),
    ("{customers(first: 501) {totalCount}}", {}, ("query", "fields", "200", "BAD_USER_INPUT")),
    (
        'mutation {createContact(input: {customerId: "x", name: "y"}) {errors {code}}}',
        {},
        ("mutation", "fields", "200", "none"),
    ),
    (
        "query($n: Int!) {customers(first: $n) {totalCount}}",
        {},
        ("query", "none", "400", "BAD_USER_INPUT"),
    ),
    ("{unknown}", {}, ("none", "none", "400", "GRAPHQL_VALIDATION_FAILED")),
    ("{customers {totalCount}}", {"authorization": "Bearer x"}, ("none", "none", "401", "TOKEN_NOT_ACCEPTED")),
    ("{customers {totalCount}}", {"accept": "text/x"}, ("none", "none", "406", "NOT_ACCEPTABLE")),
]


@pytest.mark.parametrize(("query", "headers", "kind"), ASKED)
async def test_an_operation_is_counted_once_by_type_execution_status_and_first_code(
    service_dsn: str, tmp_path: Path, company: UUID, query: str, headers: dict[str, str], kind: Kind
) -> None:
    keys = DevelopmentKeys(tmp_path)
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        response = await client.post("/graphql", json={"query": query}, headers=headers)
        printed = await numbers(client)

    assert str(response.status_code) == kind[2]
    if kind[3] != "none":
        assert response.json()["errors"][0]["extensions"]["code"] == kind[3]
    assert counted(printed) == Counter({kind: 1})
    assert values(printed, f"{DURATION}_count", "type", "execution") == {kind[:2]: 1}
    assert values(printed, f"{DURATION}_sum", "type", "execution")[kind[:2]] > 0


async def test_rest_is_told_from_graphql_and_counts_the_problems_of_a_payload(
    service_dsn: str, tmp_path: Path, company: UUID
) -> None:
    keys = DevelopmentKeys(tmp_path)
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        await client.post("/graphql", json={"query": "{customers {totalCount}}"})
        client.headers["accept"] = "application/json"
        await client.get("/v1/customers?limit=1")
        await client.post("/v1/customers", json={})
        await client.patch(f"/v1/customers/{company}", json={"name": "x"})
        await client.get("/v1/customers", headers={"authorization": "Bearer x"})
        printed = await numbers(client)

    assert values(printed, OPERATIONS, "api", "type", "execution", "status", "code") == {
        ("graphql", "query", "planned", "200", "none"): 1,
        ("rest", "query", "planned", "200", "none"): 1,
        ("rest", "mutation", "none", "400", "SHARED_VALIDATION_FAILED"): 1,
        ("rest", "mutation", "planned", "404", "CUSTOMER_NOT_FOUND"): 1,
        ("rest", "none", "none", "401", "TOKEN_NOT_ACCEPTED"): 1,
    }
    assert values(printed, f"{DURATION}_count", "api", "type", "execution") == {
        ("graphql", "query", "planned"): 1,
        ("rest", "query", "planned"): 1,
        ("rest", "mutation", "none"): 1,
        ("rest", "mutation", "planned"): 1,
        ("rest", "none", "none"): 1,
    }


async def test_numbers_tell_nothing_of_a_company(service_dsn: str, tmp_path: Path, company: UUID) -> None:
    keys = DevelopmentKeys(tmp_path)
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        await client.post("/graphql", json={"query": "query secret {customers {totalCount}}"})
        printed = await numbers(client)

    assert str(company) not in printed
    assert "secret" not in printed
    assert "tester" not in printed


async def test_pools_caches_and_the_build_are_told(service_dsn: str, tmp_path: Path, company: UUID) -> None:
    keys = DevelopmentKeys(tmp_path)
    settings = settings_of(service_dsn, keys, database_pool_size=3, plan_connections=2)
    async with started(settings, headers_of(keys, company)) as client:
        for _ in range(3):
            await client.post("/graphql", json={"query": "{customers {totalCount}}"})
        printed = await numbers(client)

    size, in_use, waiting = (
        values(printed, f"customer_gateway_database_pool_{name}", "pool") for name in ("size", "in_use", "waiting")
    )
    assert size == {"transactions": 3, "plans": 2, "heavy": 1, "snapshots": 1}
    assert in_use == waiting == {"transactions": 0, "plans": 0, "heavy": 0, "snapshots": 0}
    requests = values(printed, "customer_gateway_cache_requests_total", "cache", "result")
    # The documents of REST are prepared at the start.
    documents = len(TEXTS) + 1
    assert (requests["documents", "miss"], requests["documents", "hit"]) == (documents, 2)
    assert (requests["tokens", "miss"], requests["tokens", "hit"]) == (1, 2)
    entries = values(printed, "customer_gateway_cache_entries", "cache")
    assert (entries["documents"], entries["tokens"], entries["api_keys"]) == (documents, 1, 0)
    assert values(printed, "customer_gateway_build_info", "version") == {__version__: 1}
    assert values(printed, "customer_gateway_log_lines_dropped_total") == {(): 0}
    assert values(printed, "process_resident_memory_bytes")[()] > 1_000_000


async def test_a_pool_tells_how_many_connections_work_and_how_many_operations_wait(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    database = Database(
        service_dsn, pool_size=2, pool_timeout_seconds=30, statement_timeout_seconds=30, plan_connections=2
    )
    idle = {"transactions": (2, 0, 0), "plans": (2, 0, 0), "heavy": (1, 0, 0), "snapshots": (1, 0, 0)}

    async def transaction(sql: str) -> None:
        async with database.read(company) as session:
            await session.rows(text(sql), {})

    try:
        async with held_statement(owner_engine) as held:
            work = [*(transaction(held) for _ in range(5)), *(plan(database, company, held) for _ in range(5))]
            running_work = asyncio.gather(*work)
            await lock_waits(owner_engine, 4)
            pools = database.pools()
        await running_work
        assert pools == idle | {"transactions": (2, 2, 3), "plans": (2, 2, 3)}
        assert database.pools() == idle
    finally:
        await database.dispose()


async def plan(database: Database, company: UUID, sql: str) -> None:
    """Run a statement as a plan does."""
    await database.plan_connections.row(sql, [], company, plan_for_values=False)


def test_codes_without_end_do_not_make_metrics_without_end() -> None:
    metrics = Metrics(Idle())
    for number in range(1_000):
        metrics.count_operation("graphql", "query", "fields", 200, (f"CODE_{number}",), 0.1)
    found = counted(metrics.text().decode())
    assert len(found) <= 201
    assert found.total() == 1_000


async def test_the_documentation_lists_every_metric_with_its_type_and_labels_and_no_other(
    service_dsn: str, tmp_path: Path, company: UUID
) -> None:
    keys = DevelopmentKeys(tmp_path)
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        await client.post("/graphql", json={"query": "{customers {totalCount}}"})
        printed = await numbers(client)

    served = {
        (name_of(family), family.type, labels_of(family.samples)): None
        for family in families(printed).values()
        if family.name.startswith("customer_gateway_")
    }
    documented = {
        (name, kind, tuple(sorted(re.findall(r"`(\w+)`", labels)))): None
        for name, kind, labels in _ROW.findall((ROOT / "docs/metrics.md").read_text(encoding="utf-8"))
    }
    assert sorted(documented) == sorted(served)
    assert "_created" not in printed


def name_of(family: Metric) -> str:
    """The name that queries use."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def labels_of(samples: Iterable[Any]) -> tuple[str, ...]:
    """The labels, without those that buckets have."""
    return tuple(sorted({label for sample in samples for label in sample.labels} - {"le"}))


def has_replaced(printed: str, pid: str) -> bool:
    """Whether the metrics are those of two processes without this one."""
    pids = values(printed, "process_cpu_seconds_total", "pid").keys()
    return len(pids) == 2 and pid not in pids


def test_several_processes_keep_their_numbers_together(service_dsn: str, tmp_path: Path, company: UUID) -> None:
    port, output, keys, asked = free_port(), tmp_path / "output", DevelopmentKeys(tmp_path / "keys"), 40
    environment = {name.upper(): str(value) for name, value in settings_of(service_dsn, keys).items()}
    url, headers = f"http://127.0.0.1:{port}", headers_of(keys, company, [Scope.CUSTOMERS_READ])
    with running("serve", "--workers", "2", "--port", str(port), output=output, **environment) as process:
        wait_for_text(process, output, "startup complete")
        _wait_for(lambda: output.read_text().count("startup complete") == 2)
        for _ in range(asked):
            # A connection for each, so that both processes get some.
            answer = httpx.post(
                f"{url}/graphql", json={"query": "{customers {totalCount}}"}, headers=headers, verify=TRUST
            )
            assert answer.status_code == 200
        _wait_for(lambda: counted(httpx.get(f"{url}/metrics", verify=TRUST).text).total() == asked)
        found = [counted(httpx.get(f"{url}/metrics", verify=TRUST).text) for _ in range(10)]
        printed = httpx.get(f"{url}/metrics", verify=TRUST).text
        pids = set(values(printed, "process_resident_memory_bytes", "pid"))
        os.kill(int(min(pids)), signal.SIGKILL)
        _wait_for(lambda: output.read_text().count("startup complete") == 3)
        _wait_for(lambda: has_replaced(httpx.get(f"{url}/metrics", verify=TRUST).text, min(pids)))
        afterwards = httpx.get(f"{url}/metrics", verify=TRUST).text

    # Whichever process answers, it tells the same of all.
    assert found == [Counter({("query", "planned", "200", "none"): asked})] * 10
    assert values(printed, "customer_gateway_database_pool_size", "pool") == {
        "transactions": 20,
        "plans": 20,
        "heavy": 8,
        "snapshots": 6,
    }
    assert values(printed, "customer_gateway_build_info", "version") == {__version__: 1}
    assert len(pids) == 2
    assert "_created" not in printed
    # What a worker counted outlives it, and what it held does not.
    assert counted(afterwards) == found[0]
    assert not is_running(int(min(pids)))
    assert min(pids) not in values(afterwards, "process_resident_memory_bytes", "pid")
    assert values(afterwards, "customer_gateway_database_pool_size", "pool") == {
        "transactions": 20,
        "plans": 20,
        "heavy": 8,
        "snapshots": 6,
    }


def _wait_for(happened: Any) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)
