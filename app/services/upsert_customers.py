"""Keeping customers in step with another system: a list of rows, each created, updated, left as it is or refused."""

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
    Rejected,
    SubscriptionsProblem,
)
from app.domain.upserts import WRITES, MatchKey, RefusalPolicy, RowOutcome
from app.services.commands import Repeatable
from app.services.customers.deciding import Decision, Judge
from app.services.customers.drafts import Draft
from app.services.customers.numbers import give_numbers
from app.services.customers.reading import read_facts, read_stored
from app.services.customers.writing import changed_names, write
from app.services.idempotency import once
from app.services.upsert_lists import at_row, check_size
from app.services.upsert_rows import UpsertRow, key_of, new_parents, read_rows

RowProblem = CustomersProblem | SubscriptionsProblem | LimitProblem | MetadataProblem | Problem
"""The kinds that a row can have; named, so that a remembered answer keeps what each kind holds."""


@dataclass(frozen=True, slots=True)
class UpsertCustomersCommand(Repeatable):
    """A list of customers, and how it is carried out."""

    rows: tuple[UpsertRow, ...]
    match_by: MatchKey = MatchKey.EXTERNAL_SYSTEM_ID
    on_refusal: RefusalPolicy = RefusalPolicy.ALL_OR_NOTHING
    dry_run: bool = False

    @property
    def is_long(self) -> bool:
        """A list is."""
        return True

    @property
    def in_order(self) -> Self:
        """With what each row acknowledges in order."""
        return replace(self, rows=tuple(row.in_order for row in self.rows))

    @property
    def canonical(self) -> Self:
        """With each row by what it means."""
        return replace(self, rows=tuple(row.canonical for row in self.rows))


@dataclass(frozen=True, slots=True)
class RowResult:
    """How a row ended."""

    index: int
    outcome: RowOutcome
    customer: CustomerRow | None
    """As it is stored now; None for one that is not."""
    changed_fields: tuple[str, ...]
    """In the schema's names."""
    errors: tuple[RowProblem, ...]
    is_planned: bool = False
    """Whether the list was not written: a dry run, or a list that was refused."""

    @property
    def wrote(self) -> bool:
        """Whether the row wrote what it shows."""
        return not self.is_planned and self.outcome in WRITES

    @property
    def shown(self) -> CustomerRow | None:
        """The stored row."""
        return self.customer


@dataclass(frozen=True, slots=True)
class UpsertCustomersOutcome:
    """How all rows ended, in their order."""

    results: tuple[RowResult, ...]


async def upsert_customers(
    unit_of_work: UnitOfWork, actor: str, command: UpsertCustomersCommand, idempotency_key: str | None
) -> tuple[UpsertCustomersOutcome, bool]:
    """Carry out a list in one transaction; says whether the outcome was replayed.

    Raises Rejected, with the outcome as its `current`, where a refused row leaves all of them unwritten. A dry run uses up
    no key.
    """
    check_size(len(command.rows))

    async def work(session: WriteSession) -> UpsertCustomersOutcome:
        decisions = await _decide(session, command.rows, command.match_by)
        problems = [problem for index, each in enumerate(decisions) for problem in at_row(index, each.problems)]
        if problems and command.on_refusal is RefusalPolicy.ALL_OR_NOTHING:
            raise Rejected(problems, current=await _outcome(decisions, None))
        written = None if command.dry_run else await write(session, decisions, actor)
        return await _outcome(decisions, None if written is None else written.customers)

    key = None if command.dry_run else idempotency_key
    return await once(unit_of_work, key, command, UpsertCustomersOutcome, work)


async def _decide(session: WriteSession, rows: Sequence[UpsertRow], match_by: MatchKey) -> list[Decision]:
    """Decide every row under locks; later rows are judged by what the accepted ones before them would leave."""
    keys = [key_of(row, match_by) async for row in paced(rows)]
    parents = new_parents(rows) if any(touches_family(row.fields) for row in rows) else None
    named = {key for key in keys if key is not None}
    stored = await read_stored(session, match_by.attribute, named, parents)
    matched = {getattr(row, match_by.attribute): row for row in stored.values()}
    read = await read_rows(rows, keys, matched, match_by)
    judge = Judge(await read_facts(session, stored.values(), [each for each in read if isinstance(each, Draft)]))
    return await give_numbers(
        session, [judge.decide(each) if isinstance(each, Draft) else each async for each in paced(read)]
    )


async def _outcome(decisions: Sequence[Decision], stored: Mapping[UUID, CustomerRow] | None) -> UpsertCustomersOutcome:
    """Return how the rows ended, with the customers that were written; without them, how they would have."""
    results = [_result(index, each, stored) async for index, each in paced(list(enumerate(decisions)))]
    return UpsertCustomersOutcome(tuple(results))


def _result(index: int, decision: Decision, stored: Mapping[UUID, CustomerRow] | None) -> RowResult:
    outcome = _outcome_of(decision)
    id_ = decision.before.id if decision.before else decision.values.get("id")
    customer = (stored or {}).get(id_, decision.before) if id_ else None
    changed = changed_names(decision.values) if outcome is RowOutcome.UPDATED else ()
    return RowResult(index, outcome, customer, changed, at_row(index, decision.problems), stored is None)


def _outcome_of(decision: Decision) -> RowOutcome:
    if decision.problems:
        return RowOutcome.REFUSED
    if decision.before is None:
        return RowOutcome.CREATED
    return RowOutcome.UPDATED if decision.writes else RowOutcome.UNCHANGED
