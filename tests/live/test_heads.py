"""Where the feed stands is read once for all clients that come at the same time, and never from before they came."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Executable

from app.db.database import Database
from app.db.direct_reads import DirectReads
from app.live.heads import HeadReading
from app.unavailable import DatabaseUnavailable
from tests.support.feed import event, stamp_all, write
from tests.support.until import until


class Counted(DirectReads):
    """Counts the statements, and lets tests do something before each of them is answered."""

    def __init__(self, database: Database, company_id: UUID) -> None:
        super().__init__(database, company_id)
        self.statements = 0
        self.failures = 0
        self.answering = asyncio.Event()
        self.answering.set()

    async def rows(self, statement: Executable, parameters: Mapping[str, object]) -> Sequence[Any]:
        self.statements += 1
        if self.failures:
            self.failures -= 1
            raise DatabaseUnavailable
        rows = await super().rows(statement, parameters)
        await self.answering.wait()
        return rows


async def test_clients_that_come_together_share_a_statement(database: Database, company: UUID) -> None:
    reads = Counted(database, company)
    head = HeadReading(reads)
    await write(database, company, event())
    await stamp_all(database)
    found = await asyncio.gather(*(head.read() for _ in range(1_000)))

    assert {one.position for one in found} == {1}
    assert reads.statements == 1


async def test_clients_that_come_later_get_what_was_committed_before(database: Database, company: UUID) -> None:
    reads = Counted(database, company)
    head = HeadReading(reads)
    reads.answering.clear()
    early = asyncio.create_task(head.read())
    await until(lambda: reads.statements == 1)
    await write(database, company, event())
    await stamp_all(database)
    late = [asyncio.create_task(head.read()) for _ in range(3)]
    await asyncio.sleep(0)
    late[0].cancel()
    reads.answering.set()

    assert [(await one).position for one in (early, *late[1:])] in ([0, 1, 1], [1, 1, 1])
    assert reads.statements == 2
    assert late[0].cancelled()


async def test_a_failure_is_that_of_its_own_reading_only(database: Database, company: UUID) -> None:
    reads = Counted(database, company)
    reads.failures = 1
    head = HeadReading(reads)
    for found in await asyncio.gather(head.read(), head.read(), return_exceptions=True):
        assert isinstance(found, DatabaseUnavailable)
    reads.failures = 1
    with pytest.raises(DatabaseUnavailable):
        await head.read()

    assert (await head.read()).position == 0
