"""The newest events are kept for groups that are a little behind, as long as they take little memory."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Executable

from app.db.database import Database
from app.db.direct_reads import DirectReads
from app.graphql.feed import Followed
from app.live import reading
from app.live.reading import Reading
from tests.support.feed import event, stamp_all, write

ALL = Followed(None, None)


class Counted(DirectReads):
    """Counts the statements."""

    statements = 0

    async def rows(self, statement: Executable, parameters: Mapping[str, object]) -> Sequence[Any]:
        self.statements += 1
        return await super().rows(statement, parameters)


@pytest.mark.parametrize(("size", "statements"), [(1, 2), (600, 3)])
async def test_events_are_read_again_only_if_they_are_large(
    database: Database, company: UUID, monkeypatch: pytest.MonkeyPatch, size: int, statements: int
) -> None:
    monkeypatch.setattr(reading, "_KEPT_BYTES", 1_000)
    reads = Counted(database, company)
    followed = Reading(reads, 0)
    for head in (1, 2):
        await write(database, company, event(said="x" * size))
        await stamp_all(database)
        assert [row.position for row in (await followed.after(head - 1, head, ALL)).events] == [head]
    read = await followed.after(0, 2, ALL)

    assert [row.position for row in read.events] == [1, 2]
    assert reads.statements == statements


async def test_events_that_were_just_read_are_kept_however_large(
    database: Database, company: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_KEPT_BYTES", 10)
    reads = Counted(database, company)
    followed = Reading(reads, 0)
    await write(database, company, *(event(said="x" * 100) for _ in range(3)))
    await stamp_all(database)
    for _ in range(2):
        assert [row.position for row in (await followed.after(0, 3, ALL)).events] == [1, 2, 3]

    assert reads.statements == 1
