"""Create, update and delete contacts and departments. Each locks the customer first, because that guards its default."""

from dataclasses import dataclass, replace
from typing import Generic
from uuid import UUID

from app.db import members as stored
from app.db.customer_reads import lock_customer
from app.db.members import Members, MemberT
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import ErrorCode, Problem, Rejected
from app.domain.inputs import version_problem
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


@dataclass(frozen=True, slots=True)
class MemberOutcome(Generic[MemberT]):
    """The contact or department after the write, or before its removal."""

    customer_id: UUID
    row: MemberT
    wrote: bool = True
    """False if nothing was written because nothing changed."""


@dataclass(frozen=True, slots=True)
class MemberService(Generic[MemberT]):
    """The use cases of contacts or of departments."""

    kind: MemberKind
    members: Members[MemberT]
    outcome: type[MemberOutcome[MemberT]]

    async def create(
        self, unit_of_work: UnitOfWork, command: Command, key: str | None
    ) -> tuple[MemberOutcome[MemberT], bool]:
        """Add a member to a customer. It becomes the default only if the input says so."""
        with beside_key_problems(key):
            new = read_new(self.kind, command.given)

        async def work(session: WriteSession) -> MemberOutcome[MemberT]:
            if await lock_customer(session, new.customer_id) is None:
                message = "must be the id of a customer of the company."
                raise Rejected([Problem(ErrorCode.CUSTOMER_NOT_FOUND, ("customer_id",), message)])
            if new.values.get(self.kind.default):
                await stored.unmake_default(session, self.members, new.customer_id)
            return MemberOutcome(new.customer_id, await stored.add(session, self.members, new.customer_id, new.values))

        return await once(unit_of_work, key, command, self.outcome, work)

    async def update(
        self, unit_of_work: UnitOfWork, command: Command, key: str | None
    ) -> tuple[MemberOutcome[MemberT], bool]:
        """Update the fields that were sent. Write nothing if no value changes."""
        with beside_key_problems(key):
            change = read_change(self.kind, command.given)

        async def work(session: WriteSession) -> MemberOutcome[MemberT]:
            now = await self._locked(session, change)
            values = {name: value for name, value in change.values.items() if getattr(now.row, name) != value}
            loses = values.get(self.kind.default) is False
            successor = await self._successor(session, change, now, loses=loses)
            if values.get(self.kind.default):
                await stored.unmake_default(session, self.members, now.customer_id)
            row = await stored.change(session, self.members, change.id, values) if values else now.row
            await self._promote(session, successor)
            return MemberOutcome(now.customer_id, row, bool(values))

        return await once(unit_of_work, key, command, self.outcome, work)

    async def delete(
        self, unit_of_work: UnitOfWork, command: Command, key: str | None
    ) -> tuple[MemberOutcome[MemberT], bool]:
        """Delete a member. The default can only be deleted if it is the last member or a new default is named."""
        with beside_key_problems(key):
            change = read_removal(command.given)

        async def work(session: WriteSession) -> MemberOutcome[MemberT]:
            now = await self._locked(session, change)
            successor = await self._successor(session, change, now, loses=self._is_default(now.row))
            await stored.remove(session, self.members, change.id)
            await self._promote(session, successor)
            return now

        return await once(unit_of_work, key, command, self.outcome, work)

    async def _locked(self, session: WriteSession, change: MemberChange) -> MemberOutcome[MemberT]:
        """Lock the member's customer, which guards the member and the default, and return the member. Raise Rejected."""
        customer_id = await stored.customer_of(session, self.members, change.id)
        row = None
        if customer_id is not None:
            await lock_customer(session, customer_id)
            # Another transaction may have deleted it while this one waited for the lock.
            row = await stored.of_customer(session, self.members, customer_id, change.id)
        if customer_id is None or row is None:
            raise Rejected([self._not_found("id", "company")])
        now = MemberOutcome(customer_id, row)
        if problem := version_problem(change.expected_version, row.version):
            raise Rejected([problem], current=replace(now, wrote=False))
        return now

    async def _successor(
        self, session: WriteSession, change: MemberChange, now: MemberOutcome[MemberT], *, loses: bool
    ) -> MemberT | None:
        """Return the member that becomes the default. Raise Rejected if a needed one isn't named, or an unneeded one is."""
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

    async def _promote(self, session: WriteSession, successor: MemberT | None) -> None:
        if successor is not None:
            await stored.change(session, self.members, successor.id, {self.kind.default: True})

    def _is_default(self, row: MemberT) -> bool:
        return getattr(row, self.kind.default)

    def _not_found(self, field: str, owner: str) -> Problem:
        return Problem(self.kind.not_found, (field,), f"must be the id of a {self.kind.noun} of the {owner}.")
