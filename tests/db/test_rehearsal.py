"""A rehearsal: work after work in one transaction of which nothing remains."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import graph
from app.db.accounts import lock_numbered, write_accounts
from app.db.database import Database
from app.db.record_set import rows_by_id
from app.db.unit_of_work import LostRace, UnitOfWork, WriteSession, rehearsal
from app.unavailable import Cause, DatabaseUnavailable
from tests.support.untouched import everything_of


async def write(session: WriteSession, number: str, account_id: UUID | None = None) -> UUID:
    account_id = account_id or uuid4()
    await write_accounts(session, [{"id": account_id, "number": number, "name": "Sales"}], [])
    return account_id


async def test_each_run_sees_those_before_it_and_nothing_remains(
    database: Database, company: UUID, owner_engine: AsyncEngine
) -> None:
    before = await everything_of(owner_engine, company)
    async with rehearsal(database, company) as unit_of_work:
        first = await unit_of_work.run(lambda session: write(session, "1"))
        second = await unit_of_work.run(lambda session: write(session, "2"))
        found = await unit_of_work.run(lambda session: rows_by_id(session, graph.ledger_account, [first, second]))
        assert {account.number for account in found.values()} == {"1", "2"}
        assert unit_of_work.statements == 3
        async with database.read(company) as session:
            assert (
                await session.rows(text("SELECT 1 FROM ledger_accounts WHERE company_id = :current_company"), {}) == []
            )
    assert await everything_of(owner_engine, company) == before


async def test_a_run_that_fails_is_undone_alone(database: Database, company: UUID) -> None:
    async def fail(session: WriteSession) -> None:
        await write(session, "2")
        raise KeyError

    async with rehearsal(database, company) as unit_of_work:
        await unit_of_work.run(lambda session: write(session, "1"))
        with pytest.raises(KeyError):
            await unit_of_work.run(fail)
        found = await unit_of_work.run(lambda session: lock_numbered(session, ["1", "2"]))
        assert set(found) == {"1"}


async def test_a_run_that_lost_a_race_is_done_again_on_what_is_there_by_then(database: Database, company: UUID) -> None:
    attempts: list[int] = []

    async def work(session: WriteSession) -> UUID | None:
        attempts.append(len(attempts))
        found = await lock_numbered(session, ["1"])
        if found:
            return found["1"].id
        # Between looking and writing.
        winner.append(await UnitOfWork(database, company).run(lambda other: write(other, "1")))
        return await write(session, "1")

    winner: list[UUID] = []
    async with rehearsal(database, company) as unit_of_work:
        assert await unit_of_work.run(work) == winner[0]
    assert attempts == [0, 1]


async def test_a_race_that_is_lost_each_time_is_given_up(database: Database, company: UUID) -> None:
    async def lose(_session: WriteSession) -> None:
        raise LostRace

    async with rehearsal(database, company) as unit_of_work:
        with pytest.raises(DatabaseUnavailable) as caught:
            await unit_of_work.run(lose)
    assert caught.value.cause is Cause.CONFLICT


async def test_a_lost_connection_is_named_and_what_is_raised_inside_stays_what_it_is(
    database: Database, company: UUID
) -> None:
    kill = text("SELECT pg_terminate_backend(pg_backend_pid()) WHERE CAST(:current_company AS uuid) IS NOT NULL")
    with pytest.raises(DatabaseUnavailable):
        async with rehearsal(database, company) as unit_of_work:
            await unit_of_work.run(lambda session: session.rows(kill))
    with pytest.raises(FileNotFoundError):
        async with rehearsal(database, company):
            raise FileNotFoundError
