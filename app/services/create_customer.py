"""Creating a customer: its fields, what they refer to, its unique keys and its place under a parent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db import customer_writes, history, outbox
from app.db.identifiers import new_id
from app.db.rows import CustomerRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.customer_fields import ATTRIBUTES, read_fields
from app.domain.customer_rules import Record, rule_faults
from app.domain.customers import BillingRelationship
from app.domain.errors import ErrorCode, Fault, Refused
from app.domain.events import ChangeOperation, EventType
from app.domain.fields import schema_name
from app.services.customer_change import record_of
from app.services.customer_references import existence_faults
from app.services.idempotency import once

_NUMBER_DIGITS = 50


@dataclass(frozen=True, slots=True)
class CreateCustomerCommand:
    """The fields that were sent, by attribute; None is null."""

    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CreateCustomerOutcome:
    """The customer as it was created."""

    customer: CustomerRow


async def create_customer(
    unit_of_work: UnitOfWork, actor: str, command: CreateCustomerCommand, idempotency_key: str | None
) -> tuple[CreateCustomerOutcome, bool]:
    """Create a customer, or raise Refused with every reason against it; says whether the outcome was replayed."""
    values, faults = read_fields(command.fields, creating=True)
    if faults:
        raise Refused(faults)

    async def work(session: WriteSession) -> CreateCustomerOutcome:
        customer_id = new_id()
        faults = await _faults(session, customer_id, values)
        if faults:
            raise Refused(faults)
        number = await _number(session, values.get("customer_number"))
        given = {name: value for name, value in values.items() if value is not None}
        customer = await customer_writes.insert_customer(
            session, given | {"id": customer_id, "customer_number": number}
        )
        await _record(session, customer, actor)
        return CreateCustomerOutcome(customer)

    return await once(unit_of_work, idempotency_key, command, CreateCustomerOutcome, work)


async def _faults(session: WriteSession, customer_id: UUID, values: Mapping[str, Any]) -> list[Fault]:
    """Every reason against values that have their form: existence, uniqueness, parent, consolidation."""
    parent = await _locked_parent(session, values.get("parent_customer_id"))
    faults = await existence_faults(session, values, () if parent is None else (parent.id,))
    faults += await customer_writes.taken_keys(
        session, None, values.get("customer_number"), values.get("external_system_id")
    )
    after = Record(
        id=customer_id,
        is_active=values.get("is_active", True),
        currency=values["default_currency"],
        parent_id=values.get("parent_customer_id"),
        relationship=values.get("billing_relationship", BillingRelationship.SELF),
        mode=values.get("consolidation_mode"),
        billing_day=values.get("billing_day"),
        template_id=values.get("parent_invoice_template_id"),
    )
    return faults + rule_faults(after, None if parent is None else record_of(parent), ())


async def _locked_parent(session: WriteSession, parent_id: UUID | None) -> CustomerRow | None:
    if parent_id is None:
        return None
    await customer_writes.lock_parents(session)
    return await customer_writes.lock_customer(session, parent_id)


async def _number(session: WriteSession, given: object) -> str:
    """The number to store. The lock is the last one taken, because all creations of the company wait for it."""
    if isinstance(given, str):
        if given.isascii() and given.isdigit():
            # It may be the very one that a concurrent creation is about to be given.
            await customer_writes.lock_numbers(session)
        return given
    await customer_writes.lock_numbers(session)
    number = str(await customer_writes.next_customer_number(session))
    if len(number) > _NUMBER_DIGITS:
        message = f"must be given: the highest number can't be followed by one of at most {_NUMBER_DIGITS} digits."
        raise Refused([Fault(ErrorCode.FIELD_REQUIRED, ("input", "customerNumber"), message)])
    return number


async def _record(session: WriteSession, customer: CustomerRow, actor: str) -> None:
    set_fields = {name: getattr(customer, name) for name in ATTRIBUTES}
    await history.record(
        session,
        customer_id=customer.id,
        version=customer.version,
        operation=ChangeOperation.CREATED,
        actor=actor,
        changes={schema_name(name): (None, value) for name, value in set_fields.items() if value not in (None, {})},
    )
    await outbox.append(
        session,
        type_=EventType.CUSTOMER_CREATED,
        subject_id=customer.id,
        data={"version": customer.version, "customerNumber": customer.customer_number},
        actor=actor,
    )
