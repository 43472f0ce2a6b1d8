"""Decide what each row does to the subscription that its key finds. Reads nothing from the database."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from app.db.mirror_reads import StoredSubscription
from app.db.rows import SubscriptionRow
from app.domain.billing import arrangement
from app.domain.consistency_rules import consistency_problems
from app.domain.customer_keys import CustomerKey, key_not_found
from app.domain.customer_rules import Record
from app.domain.errors import ErrorCode, Problem, SubscriptionsProblem
from app.domain.late_messages import moved_problem
from app.domain.mirroring import MirroredSubscription, currency_problem, fixed_problem
from app.domain.partly_read import checked, object_of
from app.domain.period_rules import calendar_problems
from app.domain.subscription_fields import EVERY_FIELD, FIELDS, SentRow, SubscriptionKeys, read_row
from app.domain.upserts import USED_BY_EARLIER_ROW, RowOutcome
from app.services.lists.deciding import Match, is_unchanged, unexpected
from app.services.mirror_changes import SentChange, sent_change
from app.services.mirror_periods import COLUMNS, new_period

_ON_INVOICES = frozenset({"external_system_id", "status", "currency", "current_period"})
"""The fields that decide what comes onto an invoice, perhaps the single one of a parent."""


@dataclass(frozen=True, slots=True)
class SubscriptionDecision:
    """The decision about a row: what it writes, or why it is rejected."""

    before: SubscriptionRow | None
    """None for a new subscription."""
    outcome: RowOutcome
    subject_id: UUID | None = None
    """Id of the subscription; None if the row is rejected and matches none."""
    customer_id: UUID | None = None
    after: MirroredSubscription | None = None
    """The subscription that is written; None if nothing is."""
    stored: StoredSubscription | None = None
    """What was stored of a subscription that is updated."""
    begins_for: UUID | None = None
    """The payer of the period that begins; None if none begins."""
    known_on: date | None = None
    """The day on which the billing system first showed that it knows of the last transition or new billing day.

    Of a row that changes nothing, only if it is the first to show that.
    """
    changed: tuple[str, ...] = ()
    """The attributes that change."""
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class SubscriptionJudge:
    """Judges rows by what was read under locks, and by the keys that rows before them took."""

    stored: Sequence[StoredSubscription]
    customers: Mapping[UUID, Record]
    """The customers that rows or stored subscriptions name, and their parents."""
    customer_ids: Mapping[CustomerKey, UUID]
    today: date
    """In the company's time zone."""
    new_ids: Iterator[UUID]
    """Ids of new subscriptions, in the order of the rows."""
    _by_id: dict[UUID, StoredSubscription] = field(init=False)
    _by_key: dict[str, StoredSubscription] = field(init=False)
    _claimed: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self._by_id = {subscription.row.id: subscription for subscription in self.stored}
        self._by_key = {
            subscription.row.external_system_id: subscription
            for subscription in self.stored
            if subscription.row.external_system_id
        }

    def match(self, keys: SubscriptionKeys) -> Match:
        """Return what the keys of a row find."""
        stored = self._found(keys)
        meant = (keys.id or keys.external_system_id) if stored is None else stored.row.id
        attribute = "external_system_id" if keys.id is None else "id"
        return Match(attribute, () if meant is None else (meant,), stored)

    def reject(self, stored: StoredSubscription | None, problem: Problem) -> SubscriptionDecision:
        """Reject a row."""
        return _rejected(None if stored is None else stored.row, [problem])

    def decide(
        self, given: Mapping[str, object], keys: SubscriptionKeys, stored: StoredSubscription | None
    ) -> SubscriptionDecision:
        """Judge a row; `stored` is the subscription that its keys find."""
        # Without a readable key, it isn't known what is stored, so only fields are checked.
        is_new = stored is None and keys.id is None and keys.external_system_id is not None
        row = read_row(given, creating=is_new)
        problems = [*row.problems]
        if is_new:
            expected: int | None = row.values.get("expected_version")
            problems += unexpected(expected, None, ErrorCode.SUBSCRIPTION_NOT_FOUND, "subscription")
        elif stored is None and keys.id is not None:
            message = "must be the id of a subscription of the company."
            problems.append(Problem(ErrorCode.SUBSCRIPTION_NOT_FOUND, ("id",), message))
        if keys.customer is not None and keys.customer not in self.customer_ids:
            problems.append(key_not_found(keys.customer))
        if stored is None and not is_new:
            return _rejected(None, problems)
        if stored is None:
            return self._create(row, self._customer_id(keys), problems)
        return self._change(sent_change(stored, row, self.today), self._customer_id(keys), problems)

    def _create(self, row: SentRow, customer_id: UUID | None, problems: list[Problem]) -> SubscriptionDecision:
        period, missing = new_period(row)
        named = {name: row.values.get(name, FIELDS[name].default) for name in COLUMNS if name not in row.malformed}
        after = object_of(MirroredSubscription, named | {"current_period": period})
        problems += missing
        problems += self._key_problems(row, None)
        problems += consistency_problems(after, EVERY_FIELD, is_new_period=True)
        problems += calendar_problems(after, EVERY_FIELD, self.today)
        if customer_id is not None:
            problems += checked(self._currency_problems(customer_id, after, FIELDS))
        if problems or customer_id is None:
            return _rejected(None, problems)
        self._claim(after)
        return SubscriptionDecision(
            before=None,
            outcome=RowOutcome.CREATED,
            subject_id=next(self.new_ids),
            customer_id=customer_id,
            after=after,
            begins_for=self._payer(customer_id),
        )

    def _change(self, sent: SentChange, customer_id: UUID | None, problems: list[Problem]) -> SubscriptionDecision:
        """Judge a change; `customer_id` is the sent one, None if none is sent or it is unknown."""
        stored = sent.stored
        is_other = customer_id is not None and customer_id != stored.customer_id
        if not is_other and is_unchanged(stored, problems, sent.placed.problems, sent.changed):
            known = sent.day_known(self.today)
            return SubscriptionDecision(stored.row, RowOutcome.UNCHANGED, stored.row.id, known_on=known)
        if sent.is_age_unknown:
            return _rejected(stored.row, problems)
        if sent.may_undo:
            # Its other fields say what was true then.
            return _rejected(stored.row, [*problems, moved_problem(sent.moved, sent.expected_version)])
        problems += self._problems(sent, is_other=is_other)
        if problems:
            return _rejected(stored.row, problems)
        self._claim(sent.after)
        return SubscriptionDecision(
            before=stored.row,
            outcome=RowOutcome.UPDATED,
            subject_id=stored.row.id,
            customer_id=stored.customer_id,
            after=sent.after,
            stored=stored,
            begins_for=self._payer(stored.customer_id) if sent.begins_period else None,
            known_on=sent.day_known(self.today),
            changed=sent.changed,
        )

    def _problems(self, sent: SentChange, *, is_other: bool) -> Iterator[Problem]:
        """Yield the problems of a change that is not older than the last move."""
        stored = sent.stored
        yield from sent.placed.problems
        yield from unexpected(sent.expected_version, stored.row, ErrorCode.SUBSCRIPTION_NOT_FOUND, "subscription")
        if is_other:
            yield fixed_problem("customer")
        if "currency" in sent.changed:
            yield fixed_problem("currency")
        yield from self._key_problems(sent.row, stored)
        yield from sent.problems(self.today)
        yield from checked(self._currency_problems(stored.customer_id, sent.after, sent.changed))

    def _customer_id(self, keys: SubscriptionKeys) -> UUID | None:
        return None if keys.customer is None else self.customer_ids.get(keys.customer)

    def _found(self, keys: SubscriptionKeys) -> StoredSubscription | None:
        if keys.id is not None:
            return self._by_id.get(keys.id)
        return None if keys.external_system_id is None else self._by_key.get(keys.external_system_id)

    def _key_problems(self, row: SentRow, stored: StoredSubscription | None) -> list[Problem]:
        key: str | None = row.values.get("external_system_id")
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

    def _currency_problems(
        self, customer_id: UUID, after: MirroredSubscription, changed: Collection[str]
    ) -> Iterator[Problem]:
        if _ON_INVOICES.isdisjoint(changed):
            return
        customer = self.customers[customer_id]
        problem = currency_problem(after.status, after.currency, customer, self._parent(customer))
        if problem is not None:
            yield problem

    def _payer(self, customer_id: UUID) -> UUID:
        customer = self.customers[customer_id]
        parent = self._parent(customer)
        return arrangement(customer.party, None if parent is None else parent.party).payer_id

    def _parent(self, customer: Record) -> Record | None:
        return None if customer.parent_id is None else self.customers.get(customer.parent_id)


def _rejected(before: SubscriptionRow | None, problems: Sequence[Problem]) -> SubscriptionDecision:
    return SubscriptionDecision(before, RowOutcome.REFUSED, problems=tuple(problems))
