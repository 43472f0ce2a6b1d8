"""Write decisions about rows, and record what was written."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self, TypeVar
from uuid import UUID

from app.db.record_set import Rows, of_the_same_columns
from app.db.unit_of_work import WriteSession
from app.domain.upserts import RowOutcome
from app.services.lists.deciding import RowDecision
from app.services.recording import Recording, Write, record_all

StoredT = TypeVar("StoredT")
Store = Callable[[WriteSession, Rows, Rows], Awaitable[dict[UUID, StoredT]]]
"""Inserts rows, updates others (each given with its `id`), and returns all as they are now, by id."""


class RowWrites(NamedTuple):
    """What accepted decisions write."""

    created: list[Mapping[str, Any]]
    updated: list[tuple[Any, Mapping[str, Any]]]
    """Each stored row, and its columns that change."""

    @classmethod
    def of(cls, decisions: Sequence[RowDecision]) -> Self:
        """Return what decisions write."""
        created = [decision.values for decision in decisions if decision.outcome is RowOutcome.CREATED]
        updated = [decision for decision in decisions if decision.outcome is RowOutcome.UPDATED]
        return cls(created, [(decision.before, decision.values) for decision in updated])

    async def stored_by(self, session: WriteSession, store: Store[StoredT]) -> dict[UUID, StoredT]:
        """Write the rows; return them as they are now, by id."""
        return await store(session, self.created, of_the_same_columns(self.updated))

    def creations(self, stored: Mapping[UUID, Any]) -> list[Write]:
        """Return the creations to record."""
        return [Write(None, stored[values["id"]]) for values in self.created]

    def updates(self, stored: Mapping[UUID, Any]) -> list[Write]:
        """Return the updates to record."""
        return [Write(before, stored[before.id], tuple(values)) for before, values in self.updated]


async def write_rows(
    session: WriteSession, decisions: Sequence[RowDecision], actor: str, store: Store[StoredT], recording: Recording
) -> dict[UUID, StoredT]:
    """Write and record accepted decisions; return the written rows as they are now, by id. A single write is a list."""
    writes = RowWrites.of(decisions)
    stored = await writes.stored_by(session, store)
    await record_all(session, recording, [*writes.creations(stored), *writes.updates(stored)], actor=actor)
    return stored
