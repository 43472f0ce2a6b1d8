"""Health: what a load balancer is told of the process and of the database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from httpx import ASGITransport, AsyncClient, Response

from app.db.database import Database
from app.settings import Settings
from app.web.application import assemble
from app.web.health import Readiness
from tests.support.databases import execute
from tests.support.toy_app import toy_app

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"


@asynccontextmanager
async def connected(dsn: str) -> AsyncGenerator[Database]:
    """The database of a DSN, for one test."""
    database = Database(dsn, pool_size=1, pool_timeout_seconds=2, statement_timeout_seconds=2)
    yield database
    await database.dispose()


async def ask(dsn: str, path: str) -> Response:
    """What a health endpoint answers where the database is this one."""
    async with connected(dsn) as database:
        app = assemble(Settings(), toy_app(), Readiness(database).readyz)
        async with AsyncClient(transport=ASGITransport(app), base_url="http://service.test") as client:
            return await client.get(path)


async def test_the_process_is_alive_even_without_a_database() -> None:
    response = await ask(AWAY, "/livez")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_the_service_is_ready_with_a_migrated_database(service_dsn: str) -> None:
    response = await ask(service_dsn, "/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_the_service_is_not_ready_while_the_database_is_away() -> None:
    response = await ask(AWAY, "/readyz")

    assert response.status_code == 503
    assert "not available" in response.json()["reason"]
    assert "127.0.0.1" not in response.text


async def test_the_service_is_not_ready_before_the_database_is_migrated(empty_dsn: str) -> None:
    response = await ask(empty_dsn, "/readyz")

    assert response.status_code == 503
    assert "not migrated: run `customer-gateway migrate`" in response.json()["reason"]


async def test_the_service_is_not_ready_on_another_revision(empty_dsn: str) -> None:
    await execute(
        empty_dsn, "CREATE TABLE alembic_version (version_num text)", "INSERT INTO alembic_version VALUES ('other')"
    )
    response = await ask(empty_dsn, "/readyz")

    assert response.status_code == 503
    assert "at revision other" in response.json()["reason"]


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_health_takes_no_other_method(path: str) -> None:
    async with connected(AWAY) as database:
        app = assemble(Settings(), toy_app(), Readiness(database).readyz)
        async with AsyncClient(transport=ASGITransport(app), base_url="http://service.test") as client:
            response = await client.post(path)

    assert response.status_code == 405
    assert sorted(response.headers["allow"].split(", ")) == ["GET", "HEAD"]
    assert response.json()["errors"][0]["extensions"] == {"code": "METHOD_NOT_ALLOWED"}
