"""Queries that read or answer much take turns among themselves, by plans and field by field; small ones don't wait for
them."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.web.development import DevelopmentKeys
from tests.support.started import headers_of, settings_of, started

SEARCH = '{ customers(first: 3, orderBy: [{field: NAME}], where: {search: "x"}) { nodes { id } } }'
COUNT = '{ viewer { subject } customers(first: 3, where: {search: "x"}) { totalCount } }'
LARGE = "{ customers(first: 100) { nodes { id name } } }"
ORDINARY = "{ customers(first: 20) { nodes { id name } } }"
SMALL = "{ customerGroups(first: 1) { id } }"


async def ask(client: AsyncClient, query: str) -> Response:
    return await client.post("/graphql", json={"query": query})


async def asked_at_once(engine: AsyncEngine, client: AsyncClient, *queries: str) -> list[Response]:
    """The answers to queries that come while the customers are locked for longer than a query may wait for its turn."""
    for query in (SMALL, ORDINARY):
        assert (await ask(client, query)).status_code == 200
    async with engine.begin() as connection:
        await connection.execute(text("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE"))
        asked: list[asyncio.Task[Response]] = []
        for query in queries:
            asked.append(asyncio.create_task(ask(client, query)))
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.5)
    return await asyncio.gather(*asked)


def settings_for(dsn: str, keys: DevelopmentKeys, *, plans: bool) -> dict[str, Any]:
    """Settings with room for one heavy query at a time, of 150 values or more."""
    sizes = {"database_pool_size": 3, "plan_connections": 3, "database_pool_timeout_seconds": 0.3}
    return settings_of(dsn, keys, query_plans=plans, heavy_query_values=150, list_cache_seconds=0, **sizes)


@pytest.mark.parametrize("plans", [True, False])
@pytest.mark.parametrize("query", [SEARCH, COUNT, LARGE])
async def test_a_second_heavy_query_waits_for_the_first_and_a_small_one_does_not(
    *, query: str, plans: bool, service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    async with started(settings_for(service_dsn, keys, plans=plans), headers_of(keys, company)) as client:
        first, heavy, small = await asked_at_once(owner_engine, client, query, query, SMALL)

    assert (first.status_code, small.status_code) == (200, 200)
    assert (heavy.status_code, heavy.headers["retry-after"]) == (503, "2")
    assert heavy.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"


@pytest.mark.parametrize("plans", [True, False])
async def test_an_ordinary_query_takes_no_turn_of_the_heavy_ones(
    *, plans: bool, service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    async with started(settings_for(service_dsn, keys, plans=plans), headers_of(keys, company)) as client:
        answers = await asked_at_once(owner_engine, client, ORDINARY, LARGE)

    assert [answer.status_code for answer in answers] == [200, 200]
