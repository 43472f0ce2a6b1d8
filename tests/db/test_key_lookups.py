"""Looking up API keys: however many are asked for, they share a connection, and take none of those that operations
use."""

import asyncio
import secrets
from typing import Self
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import api_keys
from app.db.database import Database
from app.domain.identity import Scope
from app.unavailable import DatabaseUnavailable
from tests.support.databases import probe


def random_hash() -> bytes:
    """The hash of a key that nobody has made."""
    return secrets.token_bytes(32)


class Statements:
    """Counts the statements that an engine runs."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.count = 0
        self._engine = engine.sync_engine

    def __enter__(self) -> Self:
        event.listen(self._engine, "before_cursor_execute", self._add)
        return self

    def __exit__(self, *_error: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._add)

    def _add(self, *_arguments: object) -> None:
        self.count += 1


async def test_many_keys_are_looked_up_by_few_statements_and_each_answer_is_its_own(
    owner_engine: AsyncEngine, database: Database, company: UUID
) -> None:
    async with owner_engine.begin() as connection:
        made = [await api_keys.create(connection, company, f"{number}", Scope, None) for number in range(20)]
    asked = [random_hash() for _ in range(1_500)]
    for place, (_, plaintext) in enumerate(made):
        asked.insert(place * 70, api_keys.hash_of(plaintext))
    with Statements(database.keys.engine) as statements:
        found = await asyncio.gather(*map(database.keys.find, asked))
    assert [key for key in found if key is not None] == [key for key, _ in made]
    assert found.index(made[-1][0]) == 19 * 70
    assert statements.count <= 5


async def test_requests_for_one_key_at_the_same_time_share_its_look_up(database: Database) -> None:
    key_hash = random_hash()
    with Statements(database.keys.engine) as statements:
        assert await asyncio.gather(*(database.keys.find(key_hash) for _ in range(50))) == [None] * 50
        assert statements.count == 1
        assert await database.keys.find(key_hash) is None
        assert statements.count == 2


async def test_a_request_that_is_given_up_takes_no_other_with_it(database: Database) -> None:
    key_hash = random_hash()
    first, second = (asyncio.create_task(database.keys.find(key_hash)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second is None
    assert first.cancelled()


async def test_while_the_database_is_away_all_that_wait_are_told_so_at_once() -> None:
    away = Database(
        "postgresql://nobody@127.0.0.1:1/none", pool_size=1, pool_timeout_seconds=2, statement_timeout_seconds=1
    )
    async with asyncio.timeout(5):
        found = await asyncio.gather(*(away.keys.find(random_hash()) for _ in range(600)), return_exceptions=True)
    assert {type(error) for error in found} == {DatabaseUnavailable}
    assert len({id(error) for error in found}) == 600
    with pytest.raises(DatabaseUnavailable):
        await away.keys.find(random_hash())
    await away.dispose()


async def test_a_process_holds_no_more_connections_than_its_settings_say(
    owner_engine: AsyncEngine, service_dsn: str, company: UUID
) -> None:
    name = f"counted {uuid4().hex}"
    service = Database(
        f"{service_dsn}{'&' if '?' in service_dsn else '?'}application_name={name}",
        pool_size=3,
        plan_connections=4,
        pool_timeout_seconds=30,
        statement_timeout_seconds=30,
    )
    sleep = "SELECT 1 FROM pg_sleep(0.01)"

    async def read() -> None:
        async with service.read(company) as session:
            await session.rows(text(sleep), {})

    async def counted() -> int:
        async with owner_engine.connect() as connection:
            counting = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
            return (await connection.execute(counting, {"name": name})).scalar_one()

    most = 0
    for _ in range(5):
        load = [service.keys.find(random_hash()) for _ in range(300)]
        load += [service.row(sleep, [], company, plan_for_values=False) for _ in range(30)]
        load += [read() for _ in range(30)]
        running = asyncio.gather(*load, probe(service))
        while not running.done():
            most = max(most, await counted())
        await running
    # Those for transactions, for plans, for readiness and for keys; and one that asks about slow statements for a
    # moment.
    assert 3 + 4 <= most <= 3 + 4 + 1 + 1 + 1
    await service.dispose()
