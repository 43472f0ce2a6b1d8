"""Upsert a list of customers: each row is created, updated, unchanged or rejected."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.db.rows import CustomerRow
from app.db.unit_of_work import WriteSession
from app.domain.customer_fields import touches_family
from app.domain.errors import CustomersProblem, LimitProblem, MetadataProblem, Problem, SubscriptionsProblem
from app.domain.upserts import MatchKey
from app.scheduling.pauses import paced
from app.services.customers.deciding import Decision, Judge
from app.services.customers.drafts import Draft
from app.services.customers.numbers import give_numbers
from app.services.customers.reading import read_facts, read_stored
from app.services.customers.upsert_rows import RowReader, UpsertRow, canonical_row, key_of, new_parents
from app.services.customers.writing import write
from app.services.lists.commands import ListCommand
from app.services.lists.deciding import decide_rows
from app.services.lists.results import ListOutcome, RowResult
from app.services.lists.upsert import Upsert

CustomerRowProblem = CustomersProblem | SubscriptionsProblem | LimitProblem | MetadataProblem | Problem
"""Kinds of problems of a row. Stored outcomes read problems by these kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertCustomersCommand(ListCommand[UpsertRow]):
    """A list of customers to upsert."""

    match_by: MatchKey = MatchKey.EXTERNAL_SYSTEM_ID
    canonical_row = staticmethod(canonical_row)


@dataclass(frozen=True, slots=True)
class CustomerResult(RowResult):
    """The result of a row."""

    errors: tuple[CustomerRowProblem, ...]
    customer: CustomerRow | None = None

    @property
    def shown(self) -> CustomerRow | None:
        """The stored customer; None if there is none."""
        return self.customer


@dataclass(frozen=True, slots=True)
class UpsertCustomersOutcome(ListOutcome):
    """The results of all rows, in order."""

    results: tuple[CustomerResult, ...]


async def _decide(session: WriteSession, command: UpsertCustomersCommand) -> list[Decision]:
    """Decide every row under locks. Each row is judged on top of the accepted rows before it."""
    rows, match_by = command.rows, command.match_by
    keys = [key_of(row, match_by) async for row in paced(rows)]
    parents = new_parents(rows) if any(touches_family(row.fields) for row in rows) else None
    named = {key for key in keys if key is not None}
    stored = await read_stored(session, match_by.attribute, named, parents)
    matched = {getattr(row, match_by.attribute): row for row in stored.values()}
    read = await decide_rows(RowReader(match_by, matched), rows, keys)
    judge = Judge(await read_facts(session, stored.values(), [draft for draft in read if isinstance(draft, Draft)]))
    decisions = [judge.decide(row) if isinstance(row, Draft) else row async for row in paced(read)]
    return await give_numbers(session, decisions)


async def _write(session: WriteSession, decisions: Sequence[Decision], actor: str) -> dict[UUID, CustomerRow]:
    return (await write(session, decisions, actor)).customers


upsert_customers = Upsert(UpsertCustomersOutcome, CustomerResult, _decide, _write)
"""Upserts a list of customers."""
