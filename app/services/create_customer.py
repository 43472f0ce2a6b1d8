"""Creating a customer: its fields, what they refer to, its unique keys and its place under a parent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from app.db import customer_writes
from app.db.identifiers import new_id
from app.db.rows import CustomerRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.customer_fields import canonical, read_fields
from app.domain.customer_rules import rule_faults
from app.domain.errors import Fault, Refused
from app.services.commands import Repeatable
from app.services.customer_decision import new_record, record_of
from app.services.customer_numbers import is_counted, written_out
from app.services.customer_records import Written, record_written
from app.services.customer_references import existence_faults
from app.services.idempotency import key_faults, once


@dataclass(frozen=True, slots=True)
class CreateCustomerCommand(Repeatable):
    """The fields that were sent, by attribute; None is null."""

    fields: Mapping[str, object]

    @property
    def canonical(self) -> Self:
        """With the fields by what they mean."""
        return replace(self, fields=canonical(self.fields))


@dataclass(frozen=True, slots=True)
class CreateCustomerOutcome:
    """The customer as it was created."""

    customer: CustomerRow


async def create_customer(
    unit_of_work: UnitOfWork, actor: str, command: CreateCustomerCommand, idempotency_key: str | None
) -> tuple[CreateCustomerOutcome, bool]:
    """Create a customer, or raise Refused with every reason against it; says whether the outcome was replayed."""
    values, faults = read_fields(command.fields, creating=True)
    faults += key_faults(idempotency_key)
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
        await record_written(session, [Written(None, customer, ())], actor)
        return CreateCustomerOutcome(customer)

    return await once(unit_of_work, idempotency_key, command, CreateCustomerOutcome, work)


async def _faults(session: WriteSession, customer_id: UUID, values: Mapping[str, Any]) -> list[Fault]:
    """Every reason against values that have their form: existence, uniqueness, parent, consolidation."""
    parent = await _locked_parent(session, values.get("parent_customer_id"))
    faults = await existence_faults(session, values, () if parent is None else (parent.id,))
    faults += await customer_writes.taken_keys(
        session, None, values.get("customer_number"), values.get("external_system_id")
    )
    after = new_record(customer_id, values)
    return faults + rule_faults(after, None if parent is None else record_of(parent), ())


async def _locked_parent(session: WriteSession, parent_id: UUID | None) -> CustomerRow | None:
    if parent_id is None:
        return None
    await customer_writes.lock_parents(session)
    return await customer_writes.lock_customer(session, parent_id)


async def _number(session: WriteSession, given: object) -> str:
    """The number to store. The lock is the last one taken, because all creations of the company wait for it."""
    if not isinstance(given, str):
        await customer_writes.lock_numbers(session)
        number = written_out(await customer_writes.next_customer_number(session))
        if isinstance(number, Fault):
            raise Refused([number])
        return number
    if is_counted(given):
        # It may be the very one that a concurrent creation is about to be given.
        await customer_writes.lock_numbers(session)
    return given
