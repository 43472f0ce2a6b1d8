"""Updating a customer, and cutting its subscriptions over where the payer changes."""

from dataclasses import dataclass
from uuid import UUID

from app.db import customer_writes, documents
from app.db.rows import CustomerRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import Refused
from app.services.customer_change import UpdateCustomerCommand, decide
from app.services.customer_decision import Change
from app.services.customer_records import Written, changed_names, record_written
from app.services.idempotency import once


@dataclass(frozen=True, slots=True)
class UpdateCustomerOutcome:
    """The customer as it is now, and what happened."""

    customer: CustomerRow
    changed_fields: tuple[str, ...]
    """In the schema's names; empty where nothing changed and nothing was written."""
    transition_id: UUID | None
    """Where subscriptions moved: what holds their documents together."""


async def update_customer(
    unit_of_work: UnitOfWork, actor: str, command: UpdateCustomerCommand, idempotency_key: str | None
) -> tuple[UpdateCustomerOutcome, bool]:
    """Change a customer in one transaction, or raise Refused with every reason against it."""

    async def work(session: WriteSession) -> UpdateCustomerOutcome:
        change = await decide(session, command)
        if change.faults:
            raise Refused(change.faults)
        return await _write(session, actor, change)

    return await once(unit_of_work, idempotency_key, command, UpdateCustomerOutcome, work)


async def _write(session: WriteSession, actor: str, change: Change) -> UpdateCustomerOutcome:
    if not change.values:
        return UpdateCustomerOutcome(change.before, (), None)
    customer = await customer_writes.update_customer(session, change.before.id, change.values)
    await record_written(session, [Written(change.before, customer, change.values.keys())], actor)
    transition_id = None
    if change.transition is not None:
        transition_id = await documents.book(session, change.transition, actor)
    return UpdateCustomerOutcome(customer, changed_names(change.values), transition_id)
