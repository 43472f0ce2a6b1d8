"""Upsert a list of customers: each row is created, updated, unchanged or rejected."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from app.db.rows import CustomerRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.customer_fields import touches_family
from app.domain.errors import (
    MOST_LISTED_OF_ROW,
    CustomersProblem,
    LimitProblem,
    MetadataProblem,
    Problem,
    SubscriptionsProblem,
    listed,
)
from app.domain.upserts import MatchKey, RejectionPolicy
from app.scheduling.pauses import paced
from app.services.customers.deciding import Decision, Judge
from app.services.customers.drafts import Draft
from app.services.customers.numbers import give_numbers
from app.services.customers.reading import read_facts, read_stored
from app.services.customers.upsert_rows import UpsertRow, key_of, new_parents, read_rows
from app.services.customers.writing import write
from app.services.row_results import RowResult
from app.services.upsert_lists import ListCommand, Steps, carry_out

CustomerRowProblem = CustomersProblem | SubscriptionsProblem | LimitProblem | MetadataProblem | Problem
"""Kinds of problems of a row. Stored outcomes read problems by these kinds."""


@dataclass(frozen=True, slots=True)
class UpsertCustomersCommand(ListCommand[UpsertRow]):
    """A list of customers to upsert."""

    rows: tuple[UpsertRow, ...]
    match_by: MatchKey = MatchKey.EXTERNAL_SYSTEM_ID
    on_refusal: RejectionPolicy = RejectionPolicy.ALL_OR_NOTHING
    dry_run: bool = False

    @property
    def canonical(self) -> Self:
        """The command with every row in its stored form."""
        return replace(self, rows=tuple(row.canonical for row in self.rows))


@dataclass(frozen=True, slots=True)
class CustomerResult(RowResult):
    """The result of a row."""

    errors: tuple[CustomerRowProblem, ...]
    customer: CustomerRow | None = None
    """The stored customer; None if there is none."""

    @property
    def shown(self) -> CustomerRow | None:
        """The stored row."""
        return self.customer


@dataclass(frozen=True, slots=True)
class UpsertCustomersOutcome:
    """The results of all rows, in order."""

    results: tuple[CustomerResult, ...]


async def upsert_customers(
    unit_of_work: UnitOfWork, actor: str, command: UpsertCustomersCommand, idempotency_key: str | None
) -> tuple[UpsertCustomersOutcome, bool]:
    """Upsert the list as `carry_out` does; return the outcome, and whether it was replayed."""
    return await carry_out(unit_of_work, actor, command, _STEPS, idempotency_key)


async def _decide(session: WriteSession, command: UpsertCustomersCommand) -> list[Decision]:
    """Decide every row under locks. Each row is judged on top of the accepted rows before it."""
    rows, match_by = command.rows, command.match_by
    keys = [key_of(row, match_by) async for row in paced(rows)]
    parents = new_parents(rows) if any(touches_family(row.fields) for row in rows) else None
    named = {key for key in keys if key is not None}
    stored = await read_stored(session, match_by.attribute, named, parents)
    matched = {getattr(row, match_by.attribute): row for row in stored.values()}
    read = await read_rows(rows, keys, matched, match_by)
    judge = Judge(await read_facts(session, stored.values(), [draft for draft in read if isinstance(draft, Draft)]))
    decisions = [_listed(judge.decide(row)) if isinstance(row, Draft) else row async for row in paced(read)]
    return await give_numbers(session, decisions)


def _listed(decision: Decision) -> Decision:
    return replace(decision, problems=listed(decision.problems, MOST_LISTED_OF_ROW))


async def _write(session: WriteSession, decisions: Sequence[Decision], actor: str) -> dict[UUID, CustomerRow]:
    return (await write(session, decisions, actor)).customers


_STEPS = Steps(UpsertCustomersOutcome, CustomerResult, _decide, _write)
