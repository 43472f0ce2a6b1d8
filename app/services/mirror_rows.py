"""Decide what each row does to the subscription that its key finds. Reads nothing from the database."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast
from uuid import UUID

from app.db.identifiers import new_id
from app.db.mirror_reads import StoredSubscription
from app.db.rows import SubscriptionRow
from app.domain.billing import arrangement
from app.domain.customer_keys import CustomerKey, key_not_found
from app.domain.customer_rules import Record
from app.domain.errors import MOST_LISTED_OF_ROW, ErrorCode, Problem, SubscriptionsProblem, listed
from app.domain.late_messages import known_by, known_on, may_undo, moved_problem
from app.domain.mirroring import (
    MirroredSubscription,
    Placement,
    consistency_problems,
    currency_problem,
    fixed_problem,
)
from app.domain.period_rules import calendar_problems
from app.domain.subscription_fields import FIELDS, SubscriptionKeys, read_subscription
from app.domain.upserts import USED_BY_EARLIER_ROW, RowOutcome
from app.services.mirror_periods import COLUMNS, contradictions, last_move, mirrored, new_period, placed
from app.services.upsert_lists import repeated, unexpected

_ON_INVOICES = frozenset({"external_system_id", "status", "currency", "current_period"})
"""What a subscription changes that comes onto an invoice, perhaps the single one of a parent."""


@dataclass(frozen=True, slots=True)
class SubscriptionDecision:
    """What a row does, or every reason against it."""

    before: SubscriptionRow | None
    """None for a new subscription."""
    outcome: RowOutcome
    subject_id: UUID | None = None
    """None where there is none."""
    customer_id: UUID | None = None
    after: MirroredSubscription | None = None
    """The subscription as it would be; None where it can't be told."""
    stored: StoredSubscription | None = None
    """What was stored, of a subscription that changes."""
    begins_for: UUID | None = None
    """The payer of the period that begins; None where none does."""
    known_on: date | None = None
    """The day on which the billing system showed that it knows of the last move; None where there is none.

    Of a row that changes nothing, only if it is the first to show that."""
    changed: tuple[str, ...] = ()
    """The attributes that change."""
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class RowJudge:
    """Judges rows by what was read under locks, and by the keys that rows before them took."""

    stored: Sequence[StoredSubscription]
    customers: Mapping[UUID, Record]
    """The customers that rows or stored subscriptions name, and their parents."""
    customer_ids: Mapping[CustomerKey, UUID]
    today: date
    """In the company's time zone."""
    _by_id: dict[UUID, StoredSubscription] = field(init=False)
    _by_key: dict[str, StoredSubscription] = field(init=False)
    _new_ids: Iterator[UUID] = field(init=False)
    _times: Counter[UUID | str] = field(default_factory=Counter[UUID | str])
    _claimed: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self._by_id = {subscription.row.id: subscription for subscription in self.stored}
        self._by_key = {
            subscription.row.external_system_id: subscription
            for subscription in self.stored
            if subscription.row.external_system_id
        }

    def prepare(self, keys: Sequence[SubscriptionKeys]) -> None:
        """Count how often each subscription is meant, because no list says two things of one; make ids for new ones."""
        # In the order of the rows: ids of one moment sort at random.
        self._new_ids = iter(sorted(new_id() for _ in keys))
        self._times.update(meant for key in keys if (meant := self._meant(key)) is not None)

    def decide(self, given: Mapping[str, object], keys: SubscriptionKeys) -> SubscriptionDecision:
        """Judge a row."""
        stored = self._found(keys)
        before = None if stored is None else stored.row
        values, malformed = read_subscription(given, creating=stored is None and keys.id is None)
        problems = [*malformed]
        meant = self._meant(keys)
        if meant is not None and self._times[meant] > 1:
            attribute = "external_system_id" if keys.id is None else "id"
            return _rejected(before, [repeated(attribute, self._times[meant])])
        if stored is None and keys.id is not None:
            problems.append(
                _at("id", ErrorCode.SUBSCRIPTION_NOT_FOUND, "must be the id of a subscription of the company.")
            )
        elif stored is None:
            expected = cast("int | None", values.get("expected_version"))
            problems += unexpected(expected, None, ErrorCode.SUBSCRIPTION_NOT_FOUND, "subscription")
        if keys.customer is not None and keys.customer not in self.customer_ids:
            problems.append(key_not_found(keys.customer))
        if problems:
            return _rejected(before, problems)
        return self._create(values, keys) if stored is None else self._change(stored, values, keys)

    def _create(self, values: Mapping[str, Any], keys: SubscriptionKeys) -> SubscriptionDecision:
        customer_id = self.customer_ids[cast("CustomerKey", keys.customer)]
        period, missing = new_period(values["current_period"])
        problems = [*missing, *self._key_problems(values, None)]
        if period is None:
            return _rejected(None, problems)
        named = {name: values.get(name, FIELDS[name].default) for name in COLUMNS}
        after = MirroredSubscription(**named, current_period=period)
        problems += consistency_problems(after, FIELDS, is_new_period=True)
        problems += calendar_problems(after, FIELDS, self.today)
        problems += self._currency_problems(customer_id, after, FIELDS)
        if problems:
            return _rejected(None, problems)
        self._claim(after)
        return SubscriptionDecision(
            None,
            RowOutcome.CREATED,
            next(self._new_ids),
            customer_id,
            after,
            begins_for=self._payer(customer_id),
        )

    def _change(
        self, stored: StoredSubscription, values: Mapping[str, Any], keys: SubscriptionKeys
    ) -> SubscriptionDecision:
        now, moved = mirrored(stored), last_move(stored)
        expected: int | None = values.get("expected_version")
        place, period, problems = placed(stored, now, moved, values, self.today)
        named = {name: values.get(name, getattr(now, name)) for name in COLUMNS}
        after = MirroredSubscription(**named, current_period=period)
        begins = place is Placement.NEXT or ("current_period" in values and stored.period.id is None)
        changed = [name for name in (*COLUMNS, "current_period") if getattr(now, name) != getattr(after, name)]
        if begins and "current_period" not in changed:
            changed.append("current_period")
        dated = [] if problems and period is now.current_period else changed
        is_other = keys.customer is not None and self.customer_ids[keys.customer] != stored.customer_id
        if not (problems or changed or is_other):
            # Whatever version it expects: what a list has done once must be nothing the second time.
            return _unchanged(stored, known_by(moved, expected, self.today, now.current_period.starts_on))
        if may_undo(moved, expected, changed, after.status, period.starts_on if "current_period" in values else None):
            return _rejected(stored.row, [moved_problem(moved, expected)])
        problems += unexpected(expected, stored.row, ErrorCode.SUBSCRIPTION_NOT_FOUND, "subscription")
        problems += _fixed_problems(changed, is_other=is_other)
        problems += self._key_problems(values, stored)
        problems += consistency_problems(after, changed, is_new_period=place is Placement.NEXT)
        problems += contradictions(stored, after, dated, self.today, place)
        problems += self._calendar_problems(after, dated, problems)
        problems += self._currency_problems(stored.customer_id, after, changed)
        if problems:
            return _rejected(stored.row, problems)
        self._claim(after)
        return SubscriptionDecision(
            stored.row,
            RowOutcome.UPDATED,
            stored.row.id,
            stored.customer_id,
            after,
            stored,
            self._payer(stored.customer_id) if begins else None,
            known_on(moved, self.today, now.current_period.starts_on, period.starts_on),
            tuple(changed),
        )

    def _found(self, keys: SubscriptionKeys) -> StoredSubscription | None:
        if keys.id is not None:
            return self._by_id.get(keys.id)
        return None if keys.external_system_id is None else self._by_key.get(keys.external_system_id)

    def _meant(self, keys: SubscriptionKeys) -> UUID | str | None:
        stored = self._found(keys)
        if stored is not None:
            return stored.row.id
        return keys.id or keys.external_system_id

    def _key_problems(self, values: Mapping[str, Any], stored: StoredSubscription | None) -> list[Problem]:
        key: str | None = values.get("external_system_id")
        holder = None if key is None else self._by_key.get(key)
        path = ("external_system_id",)
        if holder is not None and holder is not stored:
            message = "is already used by another subscription."
            return [SubscriptionsProblem(ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS, path, message, (holder.row.id,))]
        if key in self._claimed:
            code = ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS
            return [SubscriptionsProblem(code, path, USED_BY_EARLIER_ROW, ())]
        return []

    def _claim(self, after: MirroredSubscription) -> None:
        if after.external_system_id is not None:
            self._claimed.add(after.external_system_id)

    def _calendar_problems(
        self, after: MirroredSubscription, changed: Sequence[str], known: Sequence[Problem]
    ) -> list[Problem]:
        """Return what doesn't fit today, except of fields whose problem is known."""
        named = {problem.path for problem in known}
        return [problem for problem in calendar_problems(after, changed, self.today) if problem.path not in named]

    def _currency_problems(
        self, customer_id: UUID, after: MirroredSubscription, changed: Collection[str]
    ) -> list[Problem]:
        if _ON_INVOICES.isdisjoint(changed):
            return []
        customer = self.customers[customer_id]
        problem = currency_problem(after.status, after.currency, customer, self._parent(customer))
        return [] if problem is None else [problem]

    def _payer(self, customer_id: UUID) -> UUID:
        customer = self.customers[customer_id]
        parent = self._parent(customer)
        return arrangement(customer.party, None if parent is None else parent.party).payer_id

    def _parent(self, customer: Record) -> Record | None:
        return None if customer.parent_id is None else self.customers.get(customer.parent_id)


def _rejected(before: SubscriptionRow | None, problems: Sequence[Problem]) -> SubscriptionDecision:
    return SubscriptionDecision(before, RowOutcome.REFUSED, problems=listed(problems, MOST_LISTED_OF_ROW))


def _unchanged(stored: StoredSubscription, known: date | None) -> SubscriptionDecision:
    return SubscriptionDecision(stored.row, RowOutcome.UNCHANGED, stored.row.id, known_on=known)


def _fixed_problems(changed: Collection[str], *, is_other: bool) -> list[Problem]:
    fixed = {"customer": is_other, "currency": "currency" in changed}
    return [fixed_problem(name) for name, is_changed in fixed.items() if is_changed]


def _at(field: str, code: ErrorCode, message: str) -> Problem:
    return Problem(code, (field,), message)
