"""Keeping customers in step with another system: a list of rows, each created, updated, left as it is or refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from app.db import customer_batches, documents
from app.db.pauses import paced
from app.db.rows import CustomerRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import (
    CustomersFault,
    Fault,
    LimitFault,
    MetadataFault,
    Refused,
    SubscriptionsFault,
)
from app.domain.upserts import WRITES, MatchKey, RefusalPolicy, RowOutcome
from app.services.commands import Repeatable
from app.services.customer_batch import Decision, decide_all
from app.services.customer_records import Written, changed_names, record_written
from app.services.idempotency import once
from app.services.upsert_lists import at_row, check_size
from app.services.upsert_rows import UpsertRow

RowFault = CustomersFault | SubscriptionsFault | LimitFault | MetadataFault | Fault
"""The kinds that a row can have; named, so that a remembered answer keeps what each kind holds."""


@dataclass(frozen=True, slots=True)
class UpsertCustomersCommand(Repeatable):
    """A list of customers, and how it is carried out."""

    rows: tuple[UpsertRow, ...]
    match_by: MatchKey = MatchKey.EXTERNAL_SYSTEM_ID
    on_refusal: RefusalPolicy = RefusalPolicy.ALL_OR_NOTHING
    dry_run: bool = False

    @property
    def in_order(self) -> Self:
        """With what each row acknowledges in order."""
        return replace(self, rows=tuple(row.in_order for row in self.rows))

    @property
    def is_long(self) -> bool:
        """A list is."""
        return True

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
    errors: tuple[RowFault, ...]
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

    Raises Refused, with the outcome as its `current`, where a refused row leaves all of them unwritten. A dry run uses up
    no key.
    """
    check_size(len(command.rows))

    async def work(session: WriteSession) -> UpsertCustomersOutcome:
        decisions = await decide_all(session, command.rows, command.match_by)
        faults = [fault for index, each in enumerate(decisions) for fault in at_row(index, each.faults)]
        if faults and command.on_refusal is RefusalPolicy.ALL_OR_NOTHING:
            raise Refused(faults, current=await _outcome(decisions, None))
        stored = None if command.dry_run else await _write(session, actor, decisions)
        return await _outcome(decisions, stored)

    key = None if command.dry_run else idempotency_key
    return await once(unit_of_work, key, command, UpsertCustomersOutcome, work)


async def _write(session: WriteSession, actor: str, decisions: Sequence[Decision]) -> dict[UUID, CustomerRow]:
    """Write and record what was decided; the customers that were written, as they are now."""
    created = [each for each in decisions if each.outcome is RowOutcome.CREATED]
    updated = [(each.before, each) for each in decisions if each.before and each.outcome is RowOutcome.UPDATED]
    await customer_batches.insert_customers(session, [each.values for each in created])
    await customer_batches.update_customers(session, _effective(updated))
    ids = [each.values["id"] for each in created] + [before.id for before, _ in updated]
    stored = await customer_batches.customers_by_id(session, ids)
    written = [Written(None, stored[each.values["id"]], ()) for each in created]
    written += [Written(before, stored[before.id], each.values.keys()) for before, each in updated]
    await record_written(session, written, actor)
    transitions = [each.transition for each in decisions if each.transition is not None]
    await documents.book_all(session, transitions, actor)
    return stored


def _effective(updated: Iterable[tuple[CustomerRow, Decision]]) -> list[dict[str, Any]]:
    """Rows of the same columns: every one that changes in any of them, with what each customer then has in it."""
    pairs = list(updated)
    names = sorted({name for _, each in pairs for name in each.values})
    return [
        {"id": before.id} | {name: each.values.get(name, getattr(before, name)) for name in names}
        for before, each in pairs
    ]


async def _outcome(decisions: Sequence[Decision], stored: Mapping[UUID, CustomerRow] | None) -> UpsertCustomersOutcome:
    """Return how the rows ended, with the customers that were written; without them, how they would have."""
    results = [_result(index, each, stored) async for index, each in paced(list(enumerate(decisions)))]
    return UpsertCustomersOutcome(tuple(results))


def _result(index: int, decision: Decision, stored: Mapping[UUID, CustomerRow] | None) -> RowResult:
    id_ = decision.before.id if decision.before else decision.values.get("id")
    customer = (stored or {}).get(id_, decision.before) if id_ else None
    changed = changed_names(decision.values) if decision.outcome is RowOutcome.UPDATED else ()
    return RowResult(index, decision.outcome, customer, changed, at_row(index, decision.faults), stored is None)
