"""API keys in the database: what is stored, who can read it, and when one ends."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import api_keys, tables
from app.db.api_keys import ApiKey, create, hash_of, is_well_formed, list_keys, revoke
from app.db.database import Database
from app.domain.identity import Scope
from app.unavailable import DatabaseUnavailable


async def make(
    owner_engine: AsyncEngine, company: UUID, name: str = "ERP", expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A key of the company with all scopes."""
    async with owner_engine.begin() as connection:
        return await create(connection, company, name, Scope, expires_at)


async def find(engine: AsyncEngine, key_hash: bytes) -> ApiKey | None:
    """The valid key of one hash."""
    return (await api_keys.find(engine, [key_hash])).get(key_hash)


async def test_the_service_finds_a_key_by_its_hash(
    owner_engine: AsyncEngine, service_engine: AsyncEngine, company: UUID
) -> None:
    expires_at = datetime.now(UTC) + timedelta(days=30)
    key, plaintext = await make(owner_engine, company, "  ERP  ", expires_at)
    assert key == ApiKey(company, key.id, "ERP", frozenset(Scope), expires_at)
    assert await find(service_engine, hash_of(plaintext)) == key
    assert await find(service_engine, hash_of(plaintext + "x")) is None


async def test_every_key_is_new_and_recognizable(owner_engine: AsyncEngine, company: UUID) -> None:
    plaintexts = {(await make(owner_engine, company))[1] for _ in range(5)}
    assert len(plaintexts) == 5
    assert all(is_well_formed(plaintext) and plaintext.startswith("cgk_") for plaintext in plaintexts)


async def test_the_plaintext_is_stored_nowhere(owner_engine: AsyncEngine, company: UUID) -> None:
    _, plaintext = await make(owner_engine, company)
    async with owner_engine.connect() as connection:
        row = (await connection.execute(select(tables.api_keys).where(tables.api_keys.c.company_id == company))).one()
    assert row.key_hash == hash_of(plaintext)
    assert plaintext.removeprefix(api_keys.PREFIX) not in repr(row)


async def test_an_expired_key_is_not_found(
    owner_engine: AsyncEngine, service_engine: AsyncEngine, company: UUID
) -> None:
    _, plaintext = await make(owner_engine, company, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert await find(service_engine, hash_of(plaintext)) is None


async def test_a_revoked_key_is_not_found_and_is_revoked_once(
    owner_engine: AsyncEngine, service_engine: AsyncEngine, company: UUID
) -> None:
    key, plaintext = await make(owner_engine, company)
    async with owner_engine.begin() as connection:
        assert await revoke(connection, company, key.id)
    async with owner_engine.begin() as connection:
        assert not await revoke(connection, company, key.id)
    assert await find(service_engine, hash_of(plaintext)) is None


async def test_a_key_is_listed_and_revoked_within_its_company_alone(
    owner_engine: AsyncEngine, service_engine: AsyncEngine, company: UUID
) -> None:
    key, plaintext = await make(owner_engine, company)
    other_company_id = uuid4()
    async with owner_engine.begin() as connection:
        assert not await revoke(connection, other_company_id, key.id)
        assert not await revoke(connection, company, uuid4())
        assert await list_keys(connection, other_company_id) == []
    assert await find(service_engine, hash_of(plaintext)) == key


async def test_the_list_shows_ended_keys_too_the_oldest_first(owner_engine: AsyncEngine, company: UUID) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    first, _ = await make(owner_engine, company, "first")
    second, _ = await make(owner_engine, company, "second", before)
    async with owner_engine.begin() as connection:
        await revoke(connection, company, first.id)
        listed = await list_keys(connection, company)
    assert [(key.id, key.name, key.scopes, key.expires_at, key.revoked_at is not None) for key in listed] == [
        (first.id, "first", frozenset(Scope), None, True),
        (second.id, "second", frozenset(Scope), before, False),
    ]
    assert all(key.created_at > before for key in listed)


async def test_a_stored_scope_that_this_version_does_not_know_grants_nothing(
    owner_engine: AsyncEngine, service_engine: AsyncEngine, company: UUID
) -> None:
    key_hash = hash_of(str(uuid4()))
    async with owner_engine.begin() as connection:
        await connection.execute(
            insert(tables.api_keys).values(
                company_id=company,
                id=uuid4(),
                name="old",
                key_hash=key_hash,
                scopes=["customers-read", "customers-delete"],
            )
        )
    found = await find(service_engine, key_hash)
    assert found is not None
    assert found.scopes == {Scope.CUSTOMERS_READ}


@pytest.mark.parametrize("name", ["", "  ", "x" * 256, "two\nlines", "null\0"])
async def test_a_name_that_cannot_be_kept_is_rejected(name: str, owner_engine: AsyncEngine, company: UUID) -> None:
    with pytest.raises(ValueError, match="1 to 255 printable characters"):
        await make(owner_engine, company, name)


async def test_the_service_cannot_read_the_table(service_engine: AsyncEngine) -> None:
    async with service_engine.connect() as connection:
        with pytest.raises(ProgrammingError, match="permission denied for table api_keys"):
            await connection.execute(text("SELECT * FROM api_keys"))


async def test_an_unreachable_database_is_an_outage(company: UUID) -> None:
    away = Database(
        "postgresql://nobody@127.0.0.1:1/none", pool_size=1, pool_timeout_seconds=2, statement_timeout_seconds=1
    )
    with pytest.raises(DatabaseUnavailable):
        await away.keys.find(hash_of(str(company)))
    await away.dispose()


async def test_a_connection_that_died_in_the_pool_is_replaced(
    owner_engine: AsyncEngine, service_dsn: str, company: UUID
) -> None:
    key, plaintext = await make(owner_engine, company)
    service = Database(service_dsn, pool_size=1, pool_timeout_seconds=5, statement_timeout_seconds=5)
    assert await service.keys.find(hash_of(plaintext)) == key
    async with service.keys.engine.connect() as connection:
        backend = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    async with owner_engine.begin() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:backend, 5000)"), {"backend": backend})
    assert await service.keys.find(hash_of(plaintext)) == key
    await service.dispose()
