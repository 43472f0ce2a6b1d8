"""Roll the due periods of demo data: upsert the subscriptions that a billing system would have sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.db import customer_reads, customer_writes
from app.db.billing_due import DueSubscription, due_without_key
from app.db.database import Database
from app.db.rows import CustomerRow
from app.db.unit_of_work import Session, UnitOfWork
from app.domain.billing import arrangement
from app.domain.calendar import today_in
from app.domain.next_message import next_message
from app.domain.upserts import MOST_UPSERT_ROWS, RejectionPolicy, RowOutcome
from app.services.customers.drafts import record_of
from app.services.upsert_subscriptions import UpsertSubscriptionsCommand, upsert_subscriptions

_ACTOR = "demo-billing"
_MOST_LISTS = 5_000
"""Maximum number of lists for a company in one run; the next run goes on."""


@dataclass(slots=True)
class Rolled:
    """The subscriptions of a company that were rolled."""

    subscriptions: set[UUID] = field(default_factory=set[UUID])
    messages: int = 0
    """Number of rows that changed something."""
    left: set[UUID] = field(default_factory=set[UUID])
    """Subscriptions that are due, but whose row was rejected: someone changed them at the same time."""


async def roll_due_periods(database: Database, company_id: UUID) -> Rolled:
    """Send what is due of the subscriptions that have no key of another system, in order, until nothing is."""
    rolled = Rolled()
    for _ in range(_MOST_LISTS):
        async with database.read(company_id) as session:
            rows = await _due_rows(session, rolled)
        if rows is None:
            break
        if rows:
            await _send(UnitOfWork(database, company_id), rows, rolled)
    return rolled


async def _due_rows(session: Session, rolled: Rolled) -> list[Mapping[str, object]] | None:
    """Return the rows to send next; None if no more are due."""
    time_zone, now = await customer_writes.clock(session)
    today = today_in(time_zone, now)
    due = await due_without_key(session, today, limit=MOST_UPSERT_ROWS, but=rolled.left)
    if not due:
        return None
    billing_days = await _billing_days(session, due)
    rows: list[Mapping[str, object]] = []
    for subscription, version in due:
        message = next_message(subscription, billing_days[subscription.customer_id], today)
        if message is None:
            rolled.left.add(subscription.id)
        else:
            rows.append({"id": subscription.id, "expected_version": version, **message})
    return rows


async def _billing_days(session: Session, due: Sequence[DueSubscription]) -> dict[UUID, int | None]:
    """Return the billing day of the single invoice that each customer's subscriptions come on, if any."""
    customers = await customer_reads.customers_by_id(session, {row.subscription.customer_id for row in due})
    parent_ids = {row.parent_customer_id for row in customers.values() if row.parent_customer_id} - customers.keys()
    known = customers | await customer_reads.customers_by_id(session, parent_ids)
    return {id_: _billing_day(row, known) for id_, row in customers.items()}


def _billing_day(customer: CustomerRow, known: Mapping[UUID, CustomerRow]) -> int | None:
    parent = None if customer.parent_customer_id is None else record_of(known[customer.parent_customer_id]).party
    return arrangement(record_of(customer).party, parent).billing_day


async def _send(unit_of_work: UnitOfWork, rows: Sequence[Mapping[str, object]], rolled: Rolled) -> None:
    command = UpsertSubscriptionsCommand(tuple(rows), RejectionPolicy.ROW_BY_ROW)
    outcome, _ = await upsert_subscriptions(unit_of_work, _ACTOR, command, None)
    for row, result in zip(rows, outcome.results, strict=True):
        id_ = row["id"]
        assert isinstance(id_, UUID)  # noqa: S101 - `_due_rows` made it
        if result.outcome is RowOutcome.UPDATED:
            rolled.subscriptions.add(id_)
            rolled.messages += 1
        else:
            rolled.left.add(id_)
