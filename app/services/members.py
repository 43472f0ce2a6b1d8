"""Create, update and delete contacts and departments.

Each locks the customer first, because that guards its default.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic
from uuid import UUID

from app.db import members as stored
from app.db.customer_reads import lock_customer
from app.db.members import Members, MemberT
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.customer_keys import customer_not_found
from app.domain.errors import Problem, Rejected
from app.domain.members import (
    MemberChange,
    MemberKind,
    default_required,
    not_the_default,
    read_change,
    read_new,
    read_removal,
)
from app.services.commands import Command
from app.services.idempotency import beside_key_problems, once
from app.services.recording import Recording, Write, find_version_problem, record_all


@dataclass(frozen=True, slots=True)
class MemberOutcome(Generic[MemberT]):
    """The contact or department after the write, or before its removal."""

    customer_id: UUID
    row: MemberT
    wrote: bool = True
    """False if nothing was written because nothing changed."""

    @property
    def shown(self) -> MemberT:
        """The row with its customer, which rows that an earlier release stored lack."""
        return self.row._replace(customer_id=self.customer_id)


@dataclass(frozen=True, slots=True)
class MemberService(Generic[MemberT]):
    """The use cases of contacts or of departments."""

    kind: MemberKind
    members: Members[MemberT]
    outcome: type[MemberOutcome[MemberT]]
    recording: Recording

    async def create(
        self, unit_of_work: UnitOfWork, actor: str, command: Command, key: str | None
    ) -> tuple[MemberOutcome[MemberT], bool]:
        """Add a member to a customer. It becomes the default only if the input says so."""
        with beside_key_problems(key):
            new = read_new(self.kind, command.given)

        async def work(session: WriteSession) -> MemberOutcome[MemberT]:
            if await lock_customer(session, new.customer_id) is None:
                raise Rejected([customer_not_found(("customer_id",))])
            becomes_default = bool(new.values.get(self.kind.default))
            replaced = await self._unmake_default(session, new.customer_id, asked=becomes_default)
            row = await stored.add(session, self.members, new.customer_id, new.values)
            await record_all(session, self.recording, [*replaced, Write(None, row)], actor=actor)
            return MemberOutcome(new.customer_id, row)

        return await once(unit_of_work, key, command, self.outcome, work)

    async def update(
        self, unit_of_work: UnitOfWork, actor: str, command: Command, key: str | None
    ) -> tuple[MemberOutcome[MemberT], bool]:
        """Update the fields that were sent. Write nothing if no value changes."""
        with beside_key_problems(key):
            change = read_change(self.kind, command.given)

        async def work(session: WriteSession) -> MemberOutcome[MemberT]:
            now = await self._locked(session, change)
            values = {name: value for name, value in change.values.items() if getattr(now.row, name) != value}
            loses = values.get(self.kind.default) is False
            successor = await self._successor(session, change, now, loses=loses)
            if not values:
                return replace(now, wrote=False)
            becomes_default = bool(values.get(self.kind.default))
            replaced = await self._unmake_default(session, now.customer_id, asked=becomes_default)
            row = await stored.change(session, self.members, change.id, values)
            promoted = await self._promote(session, successor)
            writes = [*replaced, Write(now.row, row, values), *promoted]
            await record_all(session, self.recording, writes, actor=actor)
            return MemberOutcome(now.customer_id, row)

        return await once(unit_of_work, key, command, self.outcome, work)

    async def delete(
        self, unit_of_work: UnitOfWork, actor: str, command: Command, key: str | None
    ) -> tuple[MemberOutcome[MemberT], bool]:
        """Delete a member. The default can only be deleted if it is the last member or a new default is named."""
        with beside_key_problems(key):
            change = read_removal(command.given)

        async def work(session: WriteSession) -> MemberOutcome[MemberT]:
            now = await self._locked(session, change)
            successor = await self._successor(session, change, now, loses=self._is_default(now.row))
            await stored.remove(session, self.members, change.id)
            promoted = await self._promote(session, successor)
            await record_all(session, self.recording, [Write(now.row, None), *promoted], actor=actor)
            return now

        return await once(unit_of_work, key, command, self.outcome, work)

    async def _locked(self, session: WriteSession, change: MemberChange) -> MemberOutcome[MemberT]:
        """Lock the member's customer, which guards the member and the default, and return the member.

        Raise Rejected.
        """
        customer_id = await stored.customer_of(session, self.members, change.id)
        row = None
        if customer_id is not None:
            await lock_customer(session, customer_id)
            # Another transaction may have deleted it while this one waited for the lock.
            row = await stored.of_customer(session, self.members, customer_id, change.id)
        if customer_id is None or row is None:
            raise Rejected([self._not_found("id", "company")])
        now = MemberOutcome(customer_id, row)
        if problem := await find_version_problem(session, row, change.expected_version):
            raise Rejected([problem], current=replace(now, wrote=False))
        return now

    async def _successor(
        self, session: WriteSession, change: MemberChange, now: MemberOutcome[MemberT], *, loses: bool
    ) -> MemberT | None:
        """Return the member that becomes the default.

        Raise Rejected if a needed one isn't named, or an unneeded one is.
        """
        named, customer_id = change.new_default_id, now.customer_id
        if named is None:
            if loses and await stored.has_others(session, self.members, customer_id, change.id):
                raise Rejected([default_required(self.kind.noun)])
            return None
        successor = await stored.of_customer(session, self.members, customer_id, named)
        if successor is None:
            raise Rejected([self._not_found("new_default_id", "customer")])
        if not loses:
            raise Rejected([not_the_default(self.kind.noun)])
        return successor

    async def _unmake_default(self, session: WriteSession, customer_id: UUID, *, asked: bool) -> Sequence[Write]:
        replaced = await stored.unmake_defaults(session, self.members, [customer_id] if asked else [])
        return writes_of_replaced(self.kind, replaced.values())

    async def _promote(self, session: WriteSession, successor: MemberT | None) -> Sequence[Write]:
        if successor is None:
            return ()
        after = await stored.change(session, self.members, successor.id, {self.kind.default: True})
        return (Write(successor, after, (self.kind.default,)),)

    def _is_default(self, row: MemberT) -> bool:
        return getattr(row, self.kind.default)

    def _not_found(self, field: str, owner: str) -> Problem:
        return Problem(self.kind.not_found, (field,), f"must be the id of a {self.kind.noun} of the {owner}.")


def writes_of_replaced(kind: MemberKind, rows: Iterable[MemberT]) -> list[Write]:
    """Return the writes that took the default away from members, which are given as they are now."""
    return [Write(row._replace(**{kind.default: True}), row, (kind.default,)) for row in rows]
