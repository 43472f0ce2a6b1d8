"""Create, update and delete customer groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, cast
from uuid import UUID

from app.db import group_writes as stored
from app.db.identifiers import new_id
from app.db.rows import CustomerGroupRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import CustomersProblem, ErrorCode, Problem, Rejected
from app.domain.events import EventType
from app.domain.group_fields import GroupChange, canonical, read_group_change, read_new_group
from app.domain.inputs import reject_if_any
from app.domain.metadata_fields import changed_values
from app.services.commands import Command
from app.services.group_judging import NOT_FOUND, GroupFacts, reference_problems
from app.services.idempotency import once
from app.services.lists.deciding import RowDecision
from app.services.lists.writing import write_rows
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
    """Create a group. Raise Rejected with all problems."""
    new, malformed = read_new_group(command.given)

    async def work(session: WriteSession) -> GroupOutcome:
        reject_if_any([*malformed, *reference_problems(new, None, await _read_facts(session, new))])
        return await _write(session, RowDecision(None, {"id": new_id(), **new}), actor)

    return await once(unit_of_work, idempotency_key, command, GroupOutcome, work, malformed)


async def update_customer_group(
    unit_of_work: UnitOfWork, actor: str, command: UpdateCustomerGroupCommand, idempotency_key: str | None
) -> GroupResult:
    """Update the fields that were sent. Write nothing if no value changes. Raise Rejected with all problems."""
    change, malformed = read_group_change(command.given)

    async def work(session: WriteSession) -> GroupOutcome:
        now, problems = await _lock(session, change, malformed)
        values, excess = (change.values, []) if now is None else changed_values(now, change.values)
        # Without an id, the number may be the group's own.
        named = {name: value for name, value in values.items() if change.id is not None or name != "number"}
        problems += [*excess, *reference_problems(named, change.id, await _read_facts(session, named))]
        now = _accepted(now, problems)
        if not values:
            return GroupOutcome(now, wrote=False)
        return await _write(session, RowDecision(now, values), actor)

    return await once(unit_of_work, idempotency_key, command, GroupOutcome, work, malformed)


async def delete_customer_group(
    unit_of_work: UnitOfWork, actor: str, command: DeleteCustomerGroupCommand, idempotency_key: str | None
) -> GroupResult:
    """Delete a group that has no customers. Raise Rejected with all problems."""
    change, malformed = read_group_change(command.given)

    async def work(session: WriteSession) -> GroupOutcome:
        now = _accepted(*await _lock(session, change, malformed))
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

    return await once(unit_of_work, idempotency_key, command, GroupOutcome, work, malformed)


async def _lock(
    session: WriteSession, change: GroupChange, malformed: Sequence[Problem]
) -> tuple[CustomerGroupRow | None, list[Problem]]:
    """Lock the group of a change; return it, and all problems so far."""
    if change.id is None:
        return None, [*malformed]
    now = await stored.lock_group(session, change.id)
    problem = NOT_FOUND if now is None else await find_version_problem(session, now, change.expected_version)
    return now, [*malformed, *([] if problem is None else [problem])]


def _accepted(now: CustomerGroupRow | None, problems: list[Problem]) -> CustomerGroupRow:
    """Return the locked group. Raise Rejected if there are problems, with the group for a version conflict."""
    if now is not None and any(problem.code is ErrorCode.VERSION_CONFLICT for problem in problems):
        raise Rejected(problems, current=GroupOutcome(now, wrote=False))
    if now is None or problems:
        raise Rejected(problems)
    return now


async def _write(session: WriteSession, decision: RowDecision, actor: str) -> GroupOutcome:
    """Write and record a decision; return the group as it is now."""
    (group,) = (await write_rows(session, [decision], actor, stored.write_groups, RECORDING)).values()
    return GroupOutcome(group)


async def _read_facts(session: WriteSession, values: Mapping[str, object]) -> GroupFacts:
    """Read what values name."""
    account_id, number = cast("UUID | None", values.get("account_id")), cast("str | None", values.get("number"))
    accounts = {} if account_id is None else await stored.accounts_of(session, {account_id}, ())
    group_id = None if number is None else await stored.group_with_number(session, number)
    groups = {} if number is None or group_id is None else {number: group_id}
    return GroupFacts(groups, accounts)
