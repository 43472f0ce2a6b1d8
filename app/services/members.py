"""Create, update and delete contacts and departments.

Each locks the customer first, because that guards its default.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic
from uuid import UUID

from app.db import members as stored
from app.db.customer_reads import lock_customer
from app.db.members import Members, MemberT
from app.db.record_set import rows_by_id
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.customer_keys import customer_not_found
from app.domain.errors import Problem, Rejected
from app.domain.inputs import find_changes, reject_if_any
from app.domain.member_defaults import DefaultEffect, default_conflicts, effect_on_default
from app.domain.members import (
    NEW_DEFAULT,
    MemberChange,
    MemberKind,
    default_required,
    member_not_found,
    not_the_default,
    read_change,
    read_new,
    read_removal,
)
from app.services.commands import Command
from app.services.idempotency import key_problems, once
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
        customer_id, values, malformed = read_new(self.kind, command.given)

        async def work(session: WriteSession, customer_id: UUID) -> MemberOutcome[MemberT]:
            found = await lock_customer(session, customer_id)
            reject_if_any([*malformed, *([customer_not_found(("customer_id",))] if found is None else [])])
            replaced = await self._take_default(session, effect_on_default(self.kind, customer_id, None, values))
            row = await stored.add(session, self.members, customer_id, values)
            await record_all(session, self.recording, [*replaced, Write(None, row)], actor=actor)
            return MemberOutcome(customer_id, row)

        return await self._once(unit_of_work, key, command, malformed, work, customer_id)

    async def update(
        self, unit_of_work: UnitOfWork, actor: str, command: Command, key: str | None
    ) -> tuple[MemberOutcome[MemberT], bool]:
        """Update the fields that were sent. Write nothing if no value changes."""
        change, malformed = read_change(self.kind, command.given)

        async def work(session: WriteSession, member_id: UUID) -> MemberOutcome[MemberT]:
            now = await self._locked(session, member_id, malformed)
            values = find_changes(now.row, change.values)
            effect = effect_on_default(self.kind, now.customer_id, now.row, values)
            successor = await self._judged(session, change, now, effect, malformed)
            if not values:
                return replace(now, wrote=False)
            replaced = await self._take_default(session, effect)
            row = await stored.update_member(session, self.members, member_id, values)
            promoted = await self._promote(session, successor)
            writes = [*replaced, Write(now.row, row, values), *promoted]
            await record_all(session, self.recording, writes, actor=actor)
            return MemberOutcome(now.customer_id, row)

        return await self._once(unit_of_work, key, command, malformed, work, change.id)

    async def delete(
        self, unit_of_work: UnitOfWork, actor: str, command: Command, key: str | None
    ) -> tuple[MemberOutcome[MemberT], bool]:
        """Delete a member. The default can only be deleted if it is the last member or a new default is named."""
        change, malformed = read_removal(command.given)

        async def work(session: WriteSession, member_id: UUID) -> MemberOutcome[MemberT]:
            now = await self._locked(session, member_id, malformed)
            effect = effect_on_default(self.kind, now.customer_id, now.row, None)
            successor = await self._judged(session, change, now, effect, malformed)
            await stored.remove(session, self.members, member_id)
            promoted = await self._promote(session, successor)
            await record_all(session, self.recording, [Write(now.row, None), *promoted], actor=actor)
            return now

        return await self._once(unit_of_work, key, command, malformed, work, change.id)

    async def _once(
        self,
        unit_of_work: UnitOfWork,
        key: str | None,
        command: Command,
        malformed: Sequence[Problem],
        work: Callable[[WriteSession, UUID], Awaitable[MemberOutcome[MemberT]]],
        subject_id: UUID | None,
    ) -> tuple[MemberOutcome[MemberT], bool]:
        """Run the work as `once` does. Without a valid id, nothing that is stored can be compared with the input."""
        if subject_id is None:
            raise Rejected([*malformed, *key_problems(key)])

        async def on_subject(session: WriteSession) -> MemberOutcome[MemberT]:
            return await work(session, subject_id)

        return await once(unit_of_work, key, command, self.outcome, on_subject, malformed)

    async def _locked(
        self, session: WriteSession, member_id: UUID, malformed: Sequence[Problem]
    ) -> MemberOutcome[MemberT]:
        """Lock the member's customer, which guards the member and the default, and return the member.

        Raise Rejected.
        """
        customer_id = (await stored.customers_of(session, self.members, [member_id])).get(member_id)
        row = None
        if customer_id is not None:
            await lock_customer(session, customer_id)
            # Another transaction may have deleted it while this one waited for the lock.
            row = (await rows_by_id(session, self.members.entity, [member_id])).get(member_id)
        if customer_id is None or row is None:
            raise Rejected([*malformed, member_not_found(self.kind)])
        return MemberOutcome(customer_id, row)

    async def _judged(
        self,
        session: WriteSession,
        change: MemberChange,
        now: MemberOutcome[MemberT],
        effect: DefaultEffect,
        malformed: Sequence[Problem],
    ) -> MemberT | None:
        """Return the member that becomes the default instead of a locked one. Raise Rejected with all problems."""
        outdated = await find_version_problem(session, now.row, change.expected_version)
        problems = [*malformed, *([] if outdated is None else [outdated])]
        successor = None
        if all(problem.path not in (NEW_DEFAULT, (self.kind.default,)) for problem in malformed):
            successor, found = await self._successor(session, change.new_default_id, effect)
            problems += found
        if problems:
            raise Rejected(problems, current=None if outdated is None else replace(now, wrote=False))
        return successor

    async def _successor(
        self, session: WriteSession, named: UUID | None, effect: DefaultEffect
    ) -> tuple[MemberT | None, list[Problem]]:
        """Return the member that is named as the new default, and problems of the default that is lost."""
        customer_id, effects, counts, successor = effect.customer_id, [effect], dict[UUID, int](), None
        if named is not None:
            successor = (await rows_by_id(session, self.members.entity, [named])).get(named)
            if successor is None or successor.customer_id != customer_id:
                return None, [member_not_found(self.kind, NEW_DEFAULT, "customer")]
            if not effect.loses:
                return None, [not_the_default(self.kind.noun)]
            effects.append(effect_on_default(self.kind, customer_id, successor, {self.kind.default: True}))
        elif effect.loses:
            counts = await stored.counts(session, self.members, [customer_id])
        conflict, *_ = default_conflicts(effects, counts)
        return successor, [] if conflict is None else [default_required(self.kind.noun)]

    async def _take_default(self, session: WriteSession, effect: DefaultEffect) -> Sequence[Write]:
        taken = [effect.customer_id] if effect.takes else []
        replaced = await stored.unmake_defaults(session, self.members, taken)
        return writes_of_replaced(self.kind, replaced.values())

    async def _promote(self, session: WriteSession, successor: MemberT | None) -> Sequence[Write]:
        if successor is None:
            return ()
        after = await stored.update_member(session, self.members, successor.id, {self.kind.default: True})
        return (Write(successor, after, (self.kind.default,)),)


def writes_of_replaced(kind: MemberKind, rows: Iterable[MemberT]) -> list[Write]:
    """Return the writes that took the default away from members, which are given as they are now."""
    return [Write(row._replace(**{kind.default: True}), row, (kind.default,)) for row in rows]
