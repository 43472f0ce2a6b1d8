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
WAITING = text("""SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'customers'::regclass
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""")
"""How many statements wait for the lock of the customers."""


async def ask(client: AsyncClient, query: str) -> Response:
    return await client.post("/graphql", json={"query": query})


async def asked_in_turn(engine: AsyncEngine, client: AsyncClient, *queries: str) -> list[Response]:
    """Return the answers to queries of locked customers: each is sent once the one before it is answered or waits for
    the lock, which is released in the end."""
    for query in queries:
        # Documents and plans are cached from now on.
        assert (await ask(client, query)).status_code == 200
    asked: list[asyncio.Task[Response]] = []
    async with engine.begin() as connection:
        await connection.execute(text("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE"))
        for query in queries:
            before = await connection.scalar(WAITING)
            asked.append(asyncio.create_task(ask(client, query)))
            async with asyncio.timeout(30):
                while not asked[-1].done() and await connection.scalar(WAITING) == before:  # noqa: ASYNC110 - the server tells
                    await asyncio.sleep(0.01)
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
        first, heavy, small = await asked_in_turn(owner_engine, client, query, query, SMALL)

    assert (first.status_code, small.status_code) == (200, 200)
    assert (heavy.status_code, heavy.headers["retry-after"]) == (503, "2")
    assert heavy.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"


@pytest.mark.parametrize("plans", [True, False])
async def test_an_ordinary_query_takes_no_turn_of_the_heavy_ones(
    *, plans: bool, service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    async with started(settings_for(service_dsn, keys, plans=plans), headers_of(keys, company)) as client:
        answers = await asked_in_turn(owner_engine, client, ORDINARY, LARGE)

    assert [answer.status_code for answer in answers] == [200, 200]
