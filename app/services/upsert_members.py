"""Upsert a list of contacts or departments: each row is created, updated, unchanged or rejected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, cast
from uuid import UUID

from app.db import customer_reads
from app.db import members as stored
from app.db.identifiers import new_id
from app.db.members import MemberT
from app.db.record_set import store_rows
from app.db.rows import CustomerRow
from app.db.unit_of_work import WriteSession
from app.domain.customer_keys import key_not_found, values_by_attribute
from app.domain.errors import ErrorCode, Problem
from app.domain.inputs import find_changes
from app.domain.member_defaults import DefaultConflict, DefaultEffect, default_conflicts, effect_on_default
from app.domain.member_rows import MemberKeys, MemberMatchKey, key_form, read_member_keys, read_member_row
from app.domain.members import MemberKind, default_stays, member_not_found, several_defaults
from app.domain.upserts import WRITES, ContactMatchKey
from app.scheduling.pauses import paced
from app.services.customer_references import ids_by_key
from app.services.lists.commands import Fields, ListCommand
from app.services.lists.deciding import Match, RowDecision, decide_rows, is_unchanged, unexpected
from app.services.lists.writing import RowWrites
from app.services.members import MemberService, writes_of_replaced
from app.services.recording import record_all


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertMembersCommand(ListCommand[Fields]):
    """A list of contacts or departments to upsert."""

    match_by: MemberMatchKey


@dataclass(frozen=True, slots=True)
class MemberDecision(RowDecision):
    """The decision about a row."""

    effect: DefaultEffect | None = None
    """None if the row's customer or member is unknown."""

    def rejected(self, problem: Problem) -> "MemberDecision":
        """Return the decision to reject the row for this problem, too."""
        return replace(self, problems=(*self.problems, problem))


@dataclass(frozen=True, slots=True)
class MemberRows(Generic[MemberT]):
    """Decides and writes rows of contacts or of departments."""

    service: MemberService[MemberT]
    defaults: Mapping[str, object]
    """Values of a new member's fields that were not sent."""

    async def decide(self, session: WriteSession, command: UpsertMembersCommand) -> Sequence[MemberDecision]:
        """Decide every row under the locks of the customers."""
        members, kind, rows, match_by = self.service.members, self.service.kind, command.rows, command.match_by
        keys = [read_member_keys(kind, row, match_by) async for row in paced(rows)]
        ids = {row_keys.id for row_keys in keys if row_keys.id is not None}
        named = values_by_attribute(row_keys.customer for row_keys in keys)
        named["id"] |= {*(await stored.customers_of(session, members, ids)).values()}
        customers = await customer_reads.lock_named(session, named)
        values = {row_keys.key for row_keys in keys if row_keys.key is not None}
        column = "email_form" if match_by is ContactMatchKey.EMAIL else match_by.attribute
        found = await stored.of_customers(session, members, customers.keys(), ids, **{column: values})
        judge = _Judge(kind, self.defaults, match_by, customers, found)
        decisions = await decide_rows(judge, rows, keys)
        return _with_defaults(kind, decisions, await stored.counts(session, members, customers.keys()))

    async def write(
        self, session: WriteSession, decisions: Sequence[MemberDecision], actor: str
    ) -> dict[UUID, MemberT]:
        """Write and record accepted decisions; return the written members by id."""
        members, kind = self.service.members, self.service.kind
        written = [decision for decision in decisions if decision.outcome in WRITES]
        takers = [decision for decision in written if decision.values.get(kind.default)]
        customer_ids = {decision.effect.customer_id for decision in takers if decision.effect is not None}
        replaced = await stored.unmake_defaults(session, members, customer_ids)
        writes = RowWrites.of([_after_replacing(decision, replaced) for decision in written])
        now = replaced | await writes.stored_by(session, partial(store_rows, entity=members.entity))
        recorded = [*writes_of_replaced(kind, replaced.values()), *writes.updates(now), *writes.creations(now)]
        await record_all(session, self.service.recording, recorded, actor=actor)
        return now


class _Judge(Generic[MemberT]):
    """Judges rows by what was read under locks."""

    def __init__(
        self,
        kind: MemberKind,
        defaults: Mapping[str, object],
        match_by: MemberMatchKey,
        customers: Mapping[UUID, CustomerRow],
        found: Sequence[MemberT],
    ) -> None:
        self._kind, self._defaults, self._match_by = kind, defaults, match_by
        self._customer_ids = ids_by_key(customers.values())
        self._by_id: dict[UUID, MemberT] = {row.id: row for row in found}
        self._by_key: dict[object, list[MemberT]] = {}
        for row in found:
            value: str | None = getattr(row, match_by.attribute)
            form = None if value is None else key_form(match_by, value)
            self._by_key.setdefault((row.customer_id, form), []).append(row)

    def match(self, keys: MemberKeys) -> Match:
        attribute = self._match_by.attribute if keys.id is None else "id"
        customer_id, found = self._customer_id(keys), self._found(keys)
        if len(found) == 1:
            return Match(attribute, (found[0].id,), found[0])
        return Match(attribute, () if customer_id is None or keys.key is None else ((customer_id, keys.key),))

    def decide(self, given: Fields, keys: MemberKeys, before: MemberT | None) -> MemberDecision:
        customer_id, found = self._customer_id(keys), self._found(keys)
        creating = keys.key is not None and customer_id is not None and not found
        values, problems = read_member_row(self._kind, given, self._match_by, creating=creating)
        problems += self._problems(keys, customer_id, found)
        expected = cast("int | None", values.pop("expected_version", None))
        changes = {} if before is None else find_changes(before, values)
        if (creating or before is not None) and not is_unchanged(before, changes, problems):
            problems += unexpected(expected, before, self._kind.not_found, self._kind.noun)
        if before is None:
            changes = {"id": new_id(), "customer_id": customer_id, **self._defaults, **values}
        else:
            customer_id = before.customer_id
        decision = MemberDecision(before, changes, tuple(problems))
        if customer_id is None or not (creating or before is not None):
            return decision
        effect = effect_on_default(self._kind, customer_id, before, values)
        return replace(decision, effect=replace(effect, is_rejected=bool(problems)))

    def reject(self, before: MemberT | None, problem: Problem) -> MemberDecision:
        return MemberDecision(before, problems=(problem,))

    def _customer_id(self, keys: MemberKeys) -> UUID | None:
        return None if keys.customer is None else self._customer_ids.get(keys.customer)

    def _found(self, keys: MemberKeys) -> Sequence[MemberT]:
        """Return the members with the keys: several, if a natural key isn't unique."""
        if keys.id is not None:
            return [self._by_id[keys.id]] if keys.id in self._by_id else []
        return [] if keys.key is None else self._by_key.get((self._customer_id(keys), keys.key), [])

    def _problems(self, keys: MemberKeys, customer_id: UUID | None, matches: Sequence[MemberT]) -> list[Problem]:
        problems: list[Problem] = []
        noun, key = self._kind.noun, self._match_by.attribute
        if keys.id is not None and not matches:
            problems.append(member_not_found(self._kind))
        if keys.customer is not None and customer_id is None:
            problems.append(key_not_found(keys.customer))
        elif keys.id is not None and customer_id is not None and matches and matches[0].customer_id != customer_id:
            message = f"must be the customer of the {noun}, which never changes; leave it out."
            problems.append(Problem(ErrorCode.FIELD_CONFLICT, ("customer",), message))
        if len(matches) > 1:
            message = f"is shared by {len(matches)} {noun}s of the customer: send the id instead."
            problems.append(Problem(ErrorCode.FIELD_CONFLICT, (key,), message))
        return problems


def _with_defaults(
    kind: MemberKind, decisions: Sequence[MemberDecision], counts: Mapping[UUID, int]
) -> Sequence[MemberDecision]:
    """Return the decisions with rows rejected that would leave a customer with two defaults, or with none."""
    conflicts = default_conflicts([decision.effect for decision in decisions], counts)
    problem_of = {
        DefaultConflict.SEVERAL: several_defaults(kind.default, kind.noun),
        DefaultConflict.LOST: default_stays(kind.default, kind.noun),
    }
    return [
        decision if conflict is None else decision.rejected(problem_of[conflict])
        for decision, conflict in zip(decisions, conflicts, strict=True)
    ]


def _after_replacing(decision: MemberDecision, replaced: Mapping[UUID, Any]) -> MemberDecision:
    """Return what a decision still changes once another row has taken the default from its member."""
    if decision.before is None or decision.before.id not in replaced:
        return decision
    before = replaced[decision.before.id]
    return replace(decision, before=before, values=find_changes(before, decision.values))
