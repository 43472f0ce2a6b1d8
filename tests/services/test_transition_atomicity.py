"""A transition whose connection dies, at whatever moment, leaves all of itself or nothing, and can be repeated."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.services.update_customer import UpdateCustomerCommand, update_customer
from app.unavailable import DatabaseUnavailable
from tests.services.updates import PARENT, billed
from tests.support.records import Records, new_company
from tests.support.untouched import everything_of

pytestmark = pytest.mark.usefixtures("clock")
# Waits until the server process has gone, so that the next statement finds it dead for certain.
KILL = text("SELECT pg_terminate_backend(CAST(:pid AS integer), 5000)")


@pytest_asyncio.fixture(loop_scope="session")
async def lone(service_dsn: str) -> AsyncGenerator[Database]:
    """A database with one connection of its own: only its own work dies with it."""
    database = Database(service_dsn, pool_size=1, pool_timeout_seconds=5, statement_timeout_seconds=30)
    yield database
    await database.dispose()


class Executioner:
    """Counts what a connection sends, statements and the commit alike, and ends the connection before number `at`."""

    def __init__(self, owner: AsyncEngine, at: int | None) -> None:
        self.sent = 0
        self._owner = owner
        self._at = at

    def __call__(self, connection: Any, *_: Any) -> None:
        self.sent += 1
        if self.sent == self._at:
            await_only(terminate(self._owner, connection.connection.driver_connection.get_server_pid()))


async def terminate(owner: AsyncEngine, pid: int) -> None:
    async with owner.connect() as connection:
        await connection.execute(KILL, {"pid": pid})


@contextmanager
def executing(database: Database, owner: AsyncEngine, at: int | None) -> Generator[Executioner]:
    executioner, engine = Executioner(owner, at), database.engine.sync_engine
    names = ("before_cursor_execute", "commit")
    for name in names:
        event.listen(engine, name, executioner)
    try:
        yield executioner
    finally:
        for name in names:
            event.remove(engine, name, executioner)


@dataclass(frozen=True, slots=True)
class Case:
    """A company of its own with a transition to carry out: a parent's new mode, for itself and for a child."""

    company: UUID
    command: UpdateCustomerCommand


async def case(engine: AsyncEngine) -> Case:
    company = await new_company(engine)
    records = Records(engine, company)
    parent = await records.customer()
    child = await records.customer(parent_customer_id=parent, billing_relationship="PARENT_PAYS")
    own = await billed(records, parent)
    await billed(records, child)
    await billed(records, child, billing_direction="ARREARS")
    await records.subscription(child, status="PAUSED")
    return Case(company, UpdateCustomerCommand(parent, PARENT, (own,)))


async def carry_out(database: Database, of: Case) -> bool:
    """Whether the caller was told that it is done; what a caller is told otherwise is that the database is away."""
    try:
        await update_customer(UnitOfWork(database, of.company), "tester", of.command, "key")
    except DatabaseUnavailable:
        return False
    return True


async def counted(engine: AsyncEngine, of: Case) -> dict[str, int]:
    return {table: len(rows) for table, rows in (await everything_of(engine, of.company)).items()}


async def test_a_connection_that_dies_writes_nothing_and_the_repetition_everything(
    lone: Database, owner_engine: AsyncEngine
) -> None:
    unharmed = await case(owner_engine)
    with executing(lone, owner_engine, at=None) as executioner:
        assert await carry_out(lone, unharmed)
    whole = await counted(owner_engine, unharmed)
    assert (whole["billing_documents"], whole["billing_document_lines"], whole["outbox_events"]) == (3, 3, 5)

    # The first statement only says which company it is about: the pool may have held a dead connection, so it is
    # repeated.
    for at in range(2, executioner.sent + 1):
        harmed = await case(owner_engine)
        before = await everything_of(owner_engine, harmed.company)

        with executing(lone, owner_engine, at=at):
            assert not await carry_out(lone, harmed), at

        assert await everything_of(owner_engine, harmed.company) == before, at
        assert await carry_out(lone, harmed)
        assert await counted(owner_engine, harmed) == whole, at


async def test_a_connection_that_was_dead_to_begin_with_is_replaced(lone: Database, owner_engine: AsyncEngine) -> None:
    harmed = await case(owner_engine)

    with executing(lone, owner_engine, at=1):
        assert await carry_out(lone, harmed)


async def test_a_connection_that_dies_at_any_moment_leaves_all_or_nothing(
    lone: Database, owner_engine: AsyncEngine, chance: Random
) -> None:
    unharmed = await case(owner_engine)
    assert await carry_out(lone, unharmed)
    whole = await counted(owner_engine, unharmed)

    for _ in range(12):
        harmed = await case(owner_engine)
        before = await everything_of(owner_engine, harmed.company)
        async with lone.engine.connect() as connection:
            pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()

        attempt = asyncio.create_task(carry_out(lone, harmed))
        await asyncio.sleep(chance.uniform(0, 0.06))
        await terminate(owner_engine, pid)
        told = await attempt

        after = await everything_of(owner_engine, harmed.company)
        is_whole = {table: len(rows) for table, rows in after.items()} == whole
        assert is_whole or after == before
        assert is_whole or not told
        assert await carry_out(lone, harmed)
        assert await counted(owner_engine, harmed) == whole
