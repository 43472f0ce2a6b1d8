"""Large mutations of one company wait for each other before they take anything that others need."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.web.development import DevelopmentKeys
from tests.support.lock_waits import lock_waits
from tests.support.new_customers import new_customer_input
from tests.support.records import Records, new_company
from tests.support.started import headers_of, settings_of, started

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('parents:' || CAST(:company AS text), 0))")
_HUGE = 70_000
_UPSERT = "mutation($input: UpsertCustomersInput!) { upsertCustomers(input: $input) { errors { code } } }"


async def upsert(
    client: AsyncClient, headers: dict[str, str], group_id: UUID, rows: int, *, padding: int = 0
) -> Response:
    listed = [new_customer_input(group_id, str(number)) for number in range(rows)]
    body = {"query": _UPSERT, "variables": {"input": {"rows": listed}}, "extensions": {"padding": "x" * padding}}
    return await client.post("/graphql", json=body, headers=headers)


@pytest.mark.parametrize("rows", [60, 150], ids=["60 rows in 10 kB", "150 rows in 26 kB"])
async def test_while_those_of_one_company_wait_for_a_lock_another_company_writes(
    rows: int, service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    keys = DevelopmentKeys(tmp_path)
    other = await new_company(owner_engine)
    groups = {company_id: await Records(owner_engine, company_id).group() for company_id in (company, other)}
    headers = {company_id: headers_of(keys, company_id) for company_id in (company, other)}
    async with started(settings_of(service_dsn, keys, database_pool_size=2), {}) as client:
        async with owner_engine.begin() as held:
            await held.execute(_LOCK, {"company": str(company)})
            flood = [asyncio.create_task(upsert(client, headers[company], groups[company], rows)) for _ in range(4)]
            await asyncio.sleep(0.5)
            beside = await upsert(client, headers[other], groups[other], rows)
            answered = sum(task.done() for task in flood)
        answers = await asyncio.gather(*flood)

    assert beside.json() == {"data": {"upsertCustomers": {"errors": []}}}
    assert answered == 0
    assert [answer.json() for answer in answers] == [beside.json()] * 4


async def test_one_that_waits_for_longer_than_a_third_of_its_time_is_told_to_come_again(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    keys = DevelopmentKeys(tmp_path)
    group_id = await Records(owner_engine, company).group()
    headers = headers_of(keys, company)
    async with started(settings_of(service_dsn, keys, request_timeout_seconds=6), {}) as client:
        async with owner_engine.begin() as held:
            await held.execute(_LOCK, {"company": str(company)})
            first = asyncio.create_task(upsert(client, headers, group_id, 150))
            await lock_waits(owner_engine)
            second = await upsert(client, headers, group_id, 150)
        await first

    assert (second.status_code, second.headers["retry-after"]) == (503, "2")
    assert second.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert first.result().json() == {"data": {"upsertCustomers": {"errors": []}}}


async def test_waiting_operations_of_two_companies_do_not_shut_out_a_third_one(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    keys = DevelopmentKeys(tmp_path)
    other, third = await new_company(owner_engine), await new_company(owner_engine)
    groups = {company_id: await Records(owner_engine, company_id).group() for company_id in (company, other)}
    async with started(settings_of(service_dsn, keys, request_timeout_seconds=9), {}) as client:
        async with owner_engine.begin() as held:
            for company_id in groups:
                await held.execute(_LOCK, {"company": str(company_id)})
            flood = [
                asyncio.create_task(upsert(client, headers_of(keys, company_id), groups[company_id], 2, padding=_HUGE))
                for company_id in (company, company, company, other, other)
            ]
            await asyncio.sleep(0.5)
            beside = await client.post(
                "/graphql",
                json={"query": "{ customers { totalCount } }", "extensions": {"padding": "x" * _HUGE}},
                headers=headers_of(keys, third),
            )
            answered = sum(task.done() for task in flood)
        await asyncio.gather(*flood)

    assert beside.json() == {"data": {"customers": {"totalCount": 0}}}
    assert answered == 0
