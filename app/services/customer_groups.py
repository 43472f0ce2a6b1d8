"""Create, update and delete customer groups."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self, cast
from uuid import UUID

from app.db import group_writes as stored
from app.db.rows import CustomerGroupRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import CustomersProblem, ErrorCode, Problem, Rejected
from app.domain.events import EventType
from app.domain.group_fields import GroupChange, canonical, read_group_change, read_new_group
from app.domain.inputs import reject_if_any
from app.domain.metadata_fields import merged_metadata
from app.services.commands import Command
from app.services.idempotency import beside_key_problems, once
from app.services.recording import Recording, Write, find_version_problem, record_all

_SHOWN_CUSTOMERS = 10
RECORDING = Recording(
    ("number", "name", "discount", "account_id", "metadata"),
    EventType.CUSTOMER_GROUP_CREATED,
    EventType.CUSTOMER_GROUP_UPDATED,
    identity="number",
    deleted=EventType.CUSTOMER_GROUP_DELETED,
)


class _GroupCommand(Command):
    @property
    def canonical(self) -> Self:
        return replace(self, given=canonical(self.given))


class CreateCustomerGroupCommand(_GroupCommand):
    """A group to create."""


class UpdateCustomerGroupCommand(_GroupCommand):
    """A group to update."""


class DeleteCustomerGroupCommand(_GroupCommand):
    """A group to delete."""


@dataclass(frozen=True, slots=True)
class GroupOutcome:
    """The group after the write, or before its removal."""

    group: CustomerGroupRow
    wrote: bool = True
    """False if nothing was written because nothing changed."""


GroupResult = tuple[GroupOutcome, bool]
"""The outcome, and whether it was replayed."""


async def create_customer_group(
    unit_of_work: UnitOfWork, actor: str, command: CreateCustomerGroupCommand, idempotency_key: str | None
) -> GroupResult:
    """Create a group."""
    with beside_key_problems(idempotency_key):
        new = read_new_group(command.given)

    async def work(session: WriteSession) -> GroupOutcome:
        await _check_stored(session, new)
        group = await stored.add_group(session, new)
        await record_all(session, RECORDING, [Write(None, group)], actor=actor)
        return GroupOutcome(group)

    return await once(unit_of_work, idempotency_key, command, GroupOutcome, work)


async def update_customer_group(
    unit_of_work: UnitOfWork, actor: str, command: UpdateCustomerGroupCommand, idempotency_key: str | None
) -> GroupResult:
    """Update the fields that were sent. Write nothing if no value changes."""
    with beside_key_problems(idempotency_key):
        change = read_group_change(command.given)

    async def work(session: WriteSession) -> GroupOutcome:
        now = await _locked(session, change)
        values = changed_columns(now, change.values)
        if not values:
            return GroupOutcome(now, wrote=False)
        await _check_stored(session, values)
        group = await stored.change_group(session, now.id, values)
        await record_all(session, RECORDING, [Write(now, group, values)], actor=actor)
        return GroupOutcome(group)

    return await once(unit_of_work, idempotency_key, command, GroupOutcome, work)


async def delete_customer_group(
    unit_of_work: UnitOfWork, actor: str, command: DeleteCustomerGroupCommand, idempotency_key: str | None
) -> GroupResult:
    """Delete a group that has no customers."""
    with beside_key_problems(idempotency_key):
        change = read_group_change(command.given)

    async def work(session: WriteSession) -> GroupOutcome:
        now = await _locked(session, change)
        # The lock on the group blocks customers from joining until this transaction ends.
        some, total = await stored.some_customers(session, now.id, most=_SHOWN_CUSTOMERS)
        if total:
            message = (
                f"must be the id of a group without customers; move the {total} customers of this one to another group."
            )
            raise Rejected([CustomersProblem(ErrorCode.CUSTOMER_GROUP_IN_USE, ("id",), message, tuple(some))])
        await stored.remove_group(session, now.id)
        await record_all(session, RECORDING, [Write(now, None)], actor=actor)
        return GroupOutcome(now)

    return await once(unit_of_work, idempotency_key, command, GroupOutcome, work)


async def _locked(session: WriteSession, change: GroupChange) -> CustomerGroupRow:
    now = await stored.lock_group(session, change.id)
    if now is None:
        message = "must be the id of a customer group of the company."
        raise Rejected([Problem(ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("id",), message)])
    if problem := await find_version_problem(session, now, change.expected_version):
        raise Rejected([problem], current=GroupOutcome(now, wrote=False))
    return now


def changed_columns(now: CustomerGroupRow, values: Mapping[str, object]) -> dict[str, object]:
    """Return the columns whose values change."""
    metadata, problems = merged_metadata(now.metadata, values)
    reject_if_any(problems)
    columns = {name: value for name, value in values.items() if name in CustomerGroupRow._fields}
    changed = {name: value for name, value in columns.items() if getattr(now, name) != value}
    # Compared as JSON, because in Python True == 1.
    changed.pop("metadata", None)
    if json.dumps(metadata, sort_keys=True) != json.dumps(now.metadata, sort_keys=True):
        changed["metadata"] = metadata
    return changed


async def _check_stored(session: WriteSession, values: Mapping[str, object]) -> None:
    """Raise Rejected for an account that doesn't exist and for a number that is taken."""
    problems: list[Problem] = []
    account_id, number = cast("UUID | None", values.get("account_id")), cast("str | None", values.get("number"))
    if account_id is not None and not await stored.has_account(session, account_id):
        message = "must be the id of a ledger account of the company."
        problems.append(Problem(ErrorCode.LEDGER_ACCOUNT_NOT_FOUND, ("account_id",), message))
    if number is not None and await stored.has_number(session, number):
        message = "is already used by another customer group; choose another one."
        problems.append(Problem(ErrorCode.CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS, ("number",), message))
    reject_if_any(problems)
