"""Upsert a list of customers: each row is created, updated, unchanged or rejected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from app.db.pauses import paced
from app.db.rows import CustomerRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.customer_fields import touches_family
from app.domain.errors import (
    CustomersProblem,
    LimitProblem,
    MetadataProblem,
    Problem,
    SubscriptionsProblem,
)
from app.domain.upserts import MatchKey, RejectionPolicy, RowOutcome
from app.services.commands import Repeatable
from app.services.customers.deciding import Decision, Judge
from app.services.customers.drafts import Draft
from app.services.customers.numbers import give_numbers
from app.services.customers.reading import read_facts, read_stored
from app.services.customers.writing import changed_names, write
from app.services.row_results import RowResult
from app.services.upsert_lists import Steps, at_row, carry_out, check_size
from app.services.upsert_rows import UpsertRow, key_of, new_parents, read_rows

CustomerRowProblem = CustomersProblem | SubscriptionsProblem | LimitProblem | MetadataProblem | Problem
"""Kinds of problems of a row. Stored outcomes read problems by these kinds."""


@dataclass(frozen=True, slots=True)
class UpsertCustomersCommand(Repeatable):
    """A list of customers to upsert."""

    rows: tuple[UpsertRow, ...]
    match_by: MatchKey = MatchKey.EXTERNAL_SYSTEM_ID
    on_refusal: RejectionPolicy = RejectionPolicy.ALL_OR_NOTHING
    dry_run: bool = False

    @property
    def is_long(self) -> bool:
        """Lists always are."""
        return True

    @property
    def in_order(self) -> Self:
        """The command with the acknowledgements of every row sorted."""
        return replace(self, rows=tuple(row.in_order for row in self.rows))

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
    check_size(len(command.rows))

    async def decide(session: WriteSession) -> list[Decision]:
        return await _decide(session, command.rows, command.match_by)

    async def write_all(session: WriteSession, decisions: Sequence[Decision]) -> dict[UUID, CustomerRow]:
        return (await write(session, decisions, actor)).customers

    return await carry_out(
        unit_of_work,
        command,
        UpsertCustomersOutcome,
        Steps(decide, write_all, _outcome),
        on_refusal=command.on_refusal,
        dry_run=command.dry_run,
        idempotency_key=idempotency_key,
    )


async def _decide(session: WriteSession, rows: Sequence[UpsertRow], match_by: MatchKey) -> list[Decision]:
    """Decide every row under locks. Each row is judged on top of the accepted rows before it."""
    keys = [key_of(row, match_by) async for row in paced(rows)]
    parents = new_parents(rows) if any(touches_family(row.fields) for row in rows) else None
    named = {key for key in keys if key is not None}
    stored = await read_stored(session, match_by.attribute, named, parents)
    matched = {getattr(row, match_by.attribute): row for row in stored.values()}
    read = await read_rows(rows, keys, matched, match_by)
    judge = Judge(await read_facts(session, stored.values(), [draft for draft in read if isinstance(draft, Draft)]))
    decisions = [judge.decide(row) if isinstance(row, Draft) else row async for row in paced(read)]
    return await give_numbers(session, decisions)


async def _outcome(decisions: Sequence[Decision], stored: Mapping[UUID, CustomerRow] | None) -> UpsertCustomersOutcome:
    """Return the results of the rows, with the written customers; with `stored` None, the results they would have."""
    results = [_result(index, decision, stored) async for index, decision in paced(list(enumerate(decisions)))]
    return UpsertCustomersOutcome(tuple(results))


def _result(index: int, decision: Decision, stored: Mapping[UUID, CustomerRow] | None) -> CustomerResult:
    outcome = _outcome_of(decision)
    id_ = decision.before.id if decision.before else decision.values.get("id")
    customer = (stored or {}).get(id_, decision.before) if id_ else None
    changed = changed_names(decision.values) if outcome is RowOutcome.UPDATED else ()
    return CustomerResult(index, outcome, changed, at_row(index, decision.problems), stored is None, customer=customer)


def _outcome_of(decision: Decision) -> RowOutcome:
    if decision.problems:
        return RowOutcome.REFUSED
    if decision.before is None:
        return RowOutcome.CREATED
    return RowOutcome.UPDATED if decision.writes else RowOutcome.UNCHANGED
