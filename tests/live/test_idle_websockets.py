"""WebSockets without an operation are closed as streams end: when their credential is no longer accepted."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import api_keys
from app.db.tables import customers
from app.domain.identity import Principal, Scope
from app.live import credentials
from app.live.live import Live
from app.web.authentication import Authenticator, CredentialsUnavailable
from tests.live.service import RENAME, Start
from tests.support.transport_client import connected, connections
from tests.support.until import until

SOCKETS = 5


async def test_a_revoked_api_key_closes_its_idle_connections_and_no_others(
    start: Start, owner_engine: AsyncEngine, company: UUID
) -> None:
    async with owner_engine.begin() as connection:
        created = [await api_keys.create(connection, company, name, (Scope.CUSTOMERS_READ,), None) for name in "ab"]
    (revoked_key, revoked), (_, kept) = created
    async with start(api_key_cache_seconds=1) as service, AsyncExitStack() as stack:
        in_payload, in_handshake, other = [
            await stack.enter_async_context(connected(service.url, headers))
            for headers in (None, {"x-api-key": revoked}, {"x-api-key": kept})
        ]
        await in_payload.initialize({"X-Api-Key": revoked})
        for client in (in_handshake, other):
            await client.initialize()
        async with owner_engine.begin() as connection:
            assert await api_keys.revoke(connection, company, revoked_key.id)
        async with asyncio.timeout(10):
            closed = [await client.closed() for client in (in_payload, in_handshake)]
        assert "data" in await other.result("{ viewer { subject } }")

    assert [(code, reason.partition(":")[0]) for code, reason in closed] == [(4403, "API_KEY_NOT_ACCEPTED")] * 2


async def test_a_token_that_expires_closes_its_idle_connection(start: Start, company: UUID) -> None:
    async with start(jwt_leeway_seconds=0) as service, connected(service.url) as client:
        token = service.keys.mint(company, (Scope.CUSTOMERS_READ,), "ada", timedelta(seconds=2))
        await client.initialize({"Authorization": f"Bearer {token}"})
        async with asyncio.timeout(10):
            assert await client.closed() == (4403, "TOKEN_EXPIRED: The token has expired. Get a new one.")


async def test_a_mutation_is_answered_before_its_expired_token_closes_the_connection(
    start: Start, owner_engine: AsyncEngine, company: UUID, customer_id: UUID
) -> None:
    async with start(jwt_leeway_seconds=0) as service, connected(service.url) as client:
        token = service.keys.mint(company, tuple(Scope), "ada", timedelta(seconds=2))
        await client.initialize({"Authorization": f"Bearer {token}"})
        async with owner_engine.connect() as connection, connection.begin():
            await connection.execute(select(customers).where(customers.c.id == customer_id).with_for_update())
            await client.subscribe(RENAME, variables={"id": str(customer_id), "name": "A"})
            # Beyond the first check after its time.
            await asyncio.sleep(5)
        assert (await client.next())["updateCustomer"]["customer"] == {"version": 2}
        assert (await client.closed())[0] == 4403


@dataclass
class Door:
    """Authenticates callers, and counts that."""

    checks: int = 0
    is_broken: bool = False


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    """The authentication of the services that the test starts."""
    door, authenticate = Door(), Authenticator.authenticate

    async def counted(self: Authenticator, headers: Mapping[str, str]) -> Principal:
        door.checks += 1
        if door.is_broken:
            raise CredentialsUnavailable
        return await authenticate(self, headers)

    monkeypatch.setattr(Authenticator, "authenticate", counted)
    return door


async def test_a_credential_that_is_unverified_for_long_closes_its_idle_connections(
    start: Start, company: UUID, lives: list[Live], door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start() as service, connected(service.url, service.headers(company)) as client:
        await client.initialize()
        door.is_broken = True
        await lives[0].recheck()
        assert client.connection.close_code is None
        monkeypatch.setattr(credentials, "_UNVERIFIED_SECONDS", 0)
        await lives[0].recheck()
        assert (await client.closed())[0] == 1013


async def test_one_credential_of_many_connections_is_checked_once_and_forgotten(
    start: Start, company: UUID, lives: list[Live], door: Door
) -> None:
    async with start() as service:
        headers = service.headers(company)
        async with AsyncExitStack() as stack:
            for _ in range(SOCKETS):
                client = await stack.enter_async_context(connected(service.url, headers))
                await client.initialize()
            door.checks = 0
            await lives[0].recheck()
            assert door.checks == 1
        await until(lambda: not connections())
        door.checks = 0
        await lives[0].recheck()
        assert door.checks == 0
