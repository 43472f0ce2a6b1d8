"""Types that the payloads of all upserts share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import strawberry

from app.domain.errors import Problem, Rejected
from app.domain.upserts import RowOutcome
from app.graphql.commands import sent
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutations.member_payloads import REPLAYED
from app.graphql.mutations.row_identity import result_index, row_identity
from app.graphql.types.enums import RowOutcome as ShownOutcome
from app.services.lists.results import ListOutcome, RowResult
from app.services.lists.upsert import CommandT, Upsert

RESULTS = "One result for each row, in the order of the rows; empty if the list itself or its key was rejected."


@dataclass(frozen=True, slots=True)
class UpsertPayload:
    """The source of a payload's fields."""

    results: tuple[RowResult, ...] = ()
    written: bool = False
    replayed: bool = False
    errors: tuple[Problem, ...] = ()

    def written_at(self, path: Sequence[str | int]) -> Mapping[str, object] | None:
        """Return the identity of the row that a result's row wrote, if it wrote one."""
        index = result_index(path)
        if index is None or index >= len(self.results):
            return None
        result = self.results[index]
        return row_identity(result.shown) if result.wrote and result.shown is not None else None


def rejected(error: Rejected) -> UpsertPayload:
    """Return the payload for Rejected; its rows have results if they are the reason."""
    results = error.current.results if isinstance(error.current, ListOutcome) else ()
    return UpsertPayload(results, errors=error.problems)


async def carry_out(
    info: Info, upsert: Upsert[CommandT, Any, Any], command: CommandT, idempotency_key: strawberry.Maybe[str | None]
) -> UpsertPayload:
    """Carry out a list; return its payload."""
    context = info.context
    outcome, replayed = await upsert(context.unit_of_work, context.principal.subject, command, sent(idempotency_key))
    return UpsertPayload(outcome.results, not command.dry_run, replayed)


Payload = strawberry.Parent[UpsertPayload]


def _count(payload: UpsertPayload, outcome: RowOutcome) -> int:
    return sum(result.outcome is outcome for result in payload.results)


@strawberry.type
class UpsertedRow:
    """The fields of every row's result."""

    index: int = strawberry.field(description="The row's index in the list, from 0.")
    outcome: ShownOutcome = strawberry.field(
        description="The outcome of the row; if the list was not written, the outcome that it would have had."
    )
    changed_fields: list[str] = strawberry.field(description="The fields that the row changes, in the schema's names.")
    errors: list[UserError] = strawberry.field(description="Why the row was rejected; empty if it was accepted.")


@strawberry.type
class UpsertFields:
    """The fields of every upsert's payload, except its results."""

    written: bool = strawberry.field(
        description="Whether the rows that were not rejected are stored: false for a dry run, and if `errors` is not"
        " empty."
    )
    replayed: bool = strawberry.field(description=REPLAYED)
    errors: list[UserError] = strawberry.field(
        description="Why nothing was written: problems with the list or its key or, for ALL_OR_NOTHING, the errors of"
        " all rows. For ROW_BY_ROW the errors of rows are only in their results."
    )

    @strawberry.field(description="Number of rows with the outcome CREATED.")
    @staticmethod
    def created(payload: Payload) -> int:
        """Return the number of results."""
        return _count(payload, RowOutcome.CREATED)

    @strawberry.field(description="Number of rows with the outcome UPDATED.")
    @staticmethod
    def updated(payload: Payload) -> int:
        """Return the number of results."""
        return _count(payload, RowOutcome.UPDATED)

    @strawberry.field(description="Number of rows with the outcome UNCHANGED.")
    @staticmethod
    def unchanged(payload: Payload) -> int:
        """Return the number of results."""
        return _count(payload, RowOutcome.UNCHANGED)

    @strawberry.field(description="Number of rows with the outcome REFUSED.")
    @staticmethod
    def refused(payload: Payload) -> int:
        """Return the number of results."""
        return _count(payload, RowOutcome.REFUSED)
