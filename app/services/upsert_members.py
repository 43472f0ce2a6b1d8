"""Upsert a list of contacts or departments: each row is created, updated, unchanged or rejected."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from app.db import customer_reads
from app.db import members as stored
from app.db.identifiers import new_id
from app.db.members import MemberT
from app.db.record_set import of_the_same_columns
from app.db.rows import CustomerRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.customer_keys import key_not_found, values_by_attribute
from app.domain.errors import MOST_LISTED_OF_ROW, ErrorCode, Problem, listed
from app.domain.member_defaults import DefaultConflict, DefaultEffect, default_conflicts, effect_on_default
from app.domain.member_rows import MemberKeys, MemberMatchKey, key_form, read_member_keys, read_member_row
from app.domain.members import MemberKind, changed_values, default_stays, member_not_found, several_defaults
from app.domain.upserts import ContactMatchKey, RejectionPolicy, RowOutcome
from app.scheduling.pauses import paced
from app.services.customer_references import ids_by_key
from app.services.members import MemberService, writes_of_replaced
from app.services.recording import Write, record_all
from app.services.upsert_lists import ListCommand, RowDecision, Steps, carry_out, repeated, unexpected

OutcomeT = TypeVar("OutcomeT")


@dataclass(frozen=True)
class UpsertMembersCommand(ListCommand[Mapping[str, object]]):
    """A list of contacts or departments to upsert."""

    rows: tuple[Mapping[str, object], ...]
    """For each row, the fields that were sent, by attribute; None is null."""
    match_by: MemberMatchKey
    on_refusal: RejectionPolicy = RejectionPolicy.ALL_OR_NOTHING
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class MemberDecision(RowDecision):
    """The decision about a row."""

    effect: DefaultEffect | None = None
    """None if the row's customer or member is unknown."""

    def rejected(self, *problems: Problem) -> "MemberDecision":
        """Return the decision to reject the row for these problems and those that it has."""
        return replace(self, outcome=RowOutcome.REFUSED, problems=(*self.problems, *problems))


@dataclass(frozen=True, slots=True)
class Upserts(Generic[MemberT, OutcomeT]):
    """The upsert of contacts or of departments."""

    service: MemberService[MemberT]
    outcome: type[OutcomeT]
    result: Callable[..., Any]
    """Makes a row's result.

    Arguments: index, outcome, changed fields, problems, whether nothing was written, and the stored row.
    """
    defaults: Mapping[str, object]
    """Values of a new member's fields that were not sent."""

    async def upsert(
        self, unit_of_work: UnitOfWork, actor: str, command: UpsertMembersCommand, idempotency_key: str | None
    ) -> tuple[OutcomeT, bool]:
        """Upsert the list as `carry_out` does; return the outcome, and whether it was replayed."""
        steps = Steps(self.outcome, self.result, self._decide, self._write)
        return await carry_out(unit_of_work, actor, command, steps, idempotency_key)

    async def _decide(self, session: WriteSession, command: UpsertMembersCommand) -> Sequence[MemberDecision]:
        members, kind, rows, match_by = self.service.members, self.service.kind, command.rows, command.match_by
        keys = [read_member_keys(kind, row, match_by) async for row in paced(rows)]
        ids = {row_keys.id for row_keys in keys if row_keys.id is not None}
        named = values_by_attribute(row_keys.customer for row_keys in keys)
        named["id"] |= await stored.customers_of(session, members, ids)
        customers = await customer_reads.lock_named(session, named)
        values = {row_keys.key for row_keys in keys if row_keys.key is not None}
        column = "email_form" if match_by is ContactMatchKey.EMAIL else match_by.attribute
        found = await stored.of_customers(session, members, customers.keys(), ids, **{column: values})
        judge = _Judge(kind, self.defaults, match_by, customers, found)
        judge.prepare(keys)
        decisions = [judge.decide(*pair) async for pair in paced(list(zip(rows, keys, strict=True)))]
        judged = _with_defaults(kind, decisions, await stored.counts(session, members, customers.keys()))
        return [replace(decision, problems=listed(decision.problems, MOST_LISTED_OF_ROW)) for decision in judged]

    async def _write(
        self, session: WriteSession, decisions: Sequence[MemberDecision], actor: str
    ) -> dict[UUID, MemberT]:
        """Write and record the decisions; return the written members by id."""
        members, default = self.service.members, self.service.kind.default
        created = [decision for decision in decisions if decision.outcome is RowOutcome.CREATED]
        updated = [decision for decision in decisions if decision.outcome is RowOutcome.UPDATED]
        written = [decision for decision in (*created, *updated) if decision.values.get(default)]
        moves = {decision.effect.customer_id for decision in written if decision.effect is not None}
        replaced = await stored.unmake_defaults(session, members, moves)
        changes = [_after_replacing(decision, replaced) for decision in updated]
        changes = [(before, values) for before, values in changes if values]
        await stored.change_all(session, members, of_the_same_columns(changes))
        await stored.add_all(session, members, [decision.values for decision in created])
        ids = [decision.subject_id for decision in (*created, *updated)]
        now = await stored.by_id(session, members, [id_ for id_ in ids if id_ is not None])
        writes = writes_of_replaced(self.service.kind, replaced.values())
        writes += [Write(before, now[before.id], tuple(values)) for before, values in changes]
        writes += [Write(None, now[decision.values["id"]]) for decision in created]
        await record_all(session, self.service.recording, writes, actor=actor)
        return replaced | now


class _Judge(Generic[MemberT]):
    """Decides rows by what was read under locks."""

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
        self._times: Counter[object] = Counter()

    def prepare(self, keys: Sequence[MemberKeys]) -> None:
        """Count the rows of each member, because a list may hold only one."""
        self._times.update(self._meant(row_keys) for row_keys in keys)

    def decide(self, given: Mapping[str, object], keys: MemberKeys) -> MemberDecision:
        """Decide a row."""
        customer_id = None if keys.customer is None else self._customer_ids.get(keys.customer)
        matches = self._matches(keys, customer_id)
        before = matches[0] if len(matches) == 1 else None
        decision = MemberDecision(RowOutcome.REFUSED, before)
        if (times := self._times[self._meant(keys)]) > 1 and self._meant(keys) is not None:
            return decision.rejected(repeated("id" if keys.id is not None else self._match_by.attribute, times))
        creating = keys.key is not None and customer_id is not None and not matches
        values, problems = read_member_row(self._kind, given, self._match_by, creating=creating)
        problems += self._problems(keys, customer_id, matches)
        expected = cast("int | None", values.pop("expected_version", None))
        changes = {} if before is None else changed_values(before, values)
        if creating or (before is not None and (changes or problems)):
            # An unchanged row may expect any version: a list that was written is unchanged when it comes again.
            problems += unexpected(expected, before, self._kind.not_found, self._kind.noun)
        customer_id = customer_id if before is None else before.customer_id
        if customer_id is not None and (creating or before is not None):
            effect = effect_on_default(self._kind, customer_id, before, values)
            decision = replace(decision, effect=replace(effect, is_rejected=bool(problems)))
        if problems:
            return decision.rejected(*problems)
        if before is None:
            new = {"id": new_id(), "customer_id": customer_id, **self._defaults, **values}
            return replace(decision, outcome=RowOutcome.CREATED, values=new)
        return replace(decision, outcome=RowOutcome.UPDATED if changes else RowOutcome.UNCHANGED, values=changes)

    def _matches(self, keys: MemberKeys, customer_id: UUID | None) -> Sequence[MemberT]:
        if keys.id is not None:
            return [self._by_id[keys.id]] if keys.id in self._by_id else []
        return self._by_key.get((customer_id, keys.key), []) if customer_id is not None and keys.key is not None else []

    def _meant(self, keys: MemberKeys) -> object:
        customer_id = None if keys.customer is None else self._customer_ids.get(keys.customer)
        matches = self._matches(keys, customer_id)
        if len(matches) == 1:
            return matches[0].id
        return None if customer_id is None or keys.key is None else (customer_id, keys.key)

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


def _after_replacing(decision: MemberDecision, replaced: Mapping[UUID, Any]) -> tuple[Any, dict[str, Any]]:
    """Return a member as it is once it has lost the default to another row, and what its row still changes."""
    before = replaced.get(decision.before.id, decision.before)
    return before, {name: value for name, value in decision.values.items() if getattr(before, name) != value}
