"""Check subscriptions that the billing system sends: each for consistency, and against the stored one."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, auto

from app.domain.billing import ACTIVE, ENDED
from app.domain.customer_rules import Record
from app.domain.errors import CustomersProblem, ErrorCode, Path, Problem
from app.domain.late_messages import NOT_BEGUN, Moved, moved_problem
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

_PERIOD = "current_period"
_RUNS_TO_ITS_END = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING_CANCELLATION})
_NEEDS_END = ENDED | {SubscriptionStatus.PENDING_CANCELLATION}


@dataclass(frozen=True, slots=True)
class MirroredPeriod:
    """The current period of a subscription, with what was billed for it."""

    starts_on: date
    ends_on: date
    net_amount: Decimal
    billed_amount: Decimal
    credited_amount: Decimal
    billed_on: date | None


@dataclass(frozen=True, slots=True)
class MirroredSubscription:
    """A subscription as it would be after a row."""

    external_system_id: str | None
    name: str
    status: SubscriptionStatus
    billing_direction: BillingDirection
    currency: str
    net_amount: Decimal
    interval_months: int
    anchor_day: int
    started_on: date
    ends_on: date | None
    trial_ends_on: date | None
    current_period: MirroredPeriod
    next_billing_date: date | None


@dataclass(frozen=True, slots=True)
class RecordedPeriod:
    """The last period that is stored."""

    starts_on: date
    over_on: date
    """The day after its last: the day it was cut on, or its end."""
    is_open: bool
    """Whether it is the current one, not cut."""
    billed_amount: Decimal
    previous_over_on: date | None
    """The day after the last one of the period before it."""


class Placement(Enum):
    """How a sent period relates to the stored one."""

    SAME = auto()
    """It is the stored period."""
    NEXT = auto()
    """It follows the stored period."""


_Found = Iterator[tuple[set[str], Problem]]
"""Problems, each with the fields that it is about."""


def consistency_problems(
    subscription: MirroredSubscription, changed: Collection[str], *, is_new_period: bool
) -> list[Problem]:
    """Return the problems of a subscription whose dates, status, period and amounts contradict each other.

    Only problems of fields that change: others are stored, and may be older than these rules. A subscription that
    gets its key is asked all.
    """
    found = (
        *_date_problems(subscription),
        *_status_problems(subscription),
        *_period_problems(subscription, is_new=is_new_period),
    )
    return [problem for fields, problem in found if "external_system_id" in changed or not fields.isdisjoint(changed)]


def _date_problems(subscription: MirroredSubscription) -> _Found:
    started_on = subscription.started_on
    if subscription.ends_on is not None and subscription.ends_on < started_on:
        yield {"ends_on", "started_on"}, inconsistent("ends_on", f"must not be before startedOn, {started_on}.")
    if subscription.trial_ends_on is not None and subscription.trial_ends_on < started_on:
        message = f"must not be before startedOn, {started_on}."
        yield {"trial_ends_on", "started_on"}, inconsistent("trial_ends_on", message)
    starts_on = subscription.current_period.starts_on
    if starts_on < started_on and subscription.status is not SubscriptionStatus.SCHEDULED:
        message = f"must not be after {starts_on}, when the period starts."
        yield {"started_on", _PERIOD}, inconsistent("started_on", message)


def _status_problems(subscription: MirroredSubscription) -> _Found:
    status, starts_on = subscription.status, subscription.current_period.starts_on
    if status in _NEEDS_END and subscription.ends_on is None:
        message = f"must be given for a subscription that is {status}."
        yield {"status", "ends_on"}, inconsistent("ends_on", message)
    if status in ENDED and subscription.next_billing_date is not None:
        message = f"must be null for a subscription that is {status}."
        yield {"status", "next_billing_date"}, inconsistent("next_billing_date", message)
    if status is SubscriptionStatus.SCHEDULED and starts_on != subscription.started_on:
        message = f"must be {starts_on}, when the period of a SCHEDULED subscription starts."
        yield {"status", "started_on", _PERIOD}, inconsistent("started_on", message)
    if status is SubscriptionStatus.TRIAL:
        yield from _trial_problems(subscription)
        return
    trial = subscription.trial_ends_on
    if status in _RUNS_TO_ITS_END and trial is not None and starts_on < trial:
        message = f"must be TRIAL while the period starts before trialEndsOn, {trial}."
        yield {"status", "trial_ends_on", _PERIOD}, inconsistent("status", message)


def _trial_problems(subscription: MirroredSubscription) -> _Found:
    period, ends_on = subscription.current_period, subscription.trial_ends_on
    if ends_on is None:
        message = "must be given for a subscription that is TRIAL."
        yield {"status", "trial_ends_on"}, inconsistent("trial_ends_on", message)
        return
    if period.starts_on >= ends_on:
        message = f"must be ACTIVE, or another one than TRIAL: the trial is over when the period starts, on {ends_on}."
        yield {"status", "trial_ends_on", _PERIOD}, inconsistent("status", message)
        return
    if subscription.ends_on is not None:
        ends_on = min(ends_on, subscription.ends_on)
    if period.ends_on != ends_on:
        fields = {"status", "trial_ends_on", "ends_on", _PERIOD}
        yield fields, in_period("ends_on", f"must be {ends_on}, when the trial ends.")
    for name, value in {"net_amount": period.net_amount, "billed_amount": period.billed_amount}.items():
        if value:
            message = "must be 0: a trial is free. What has a price is ACTIVE, with trialEndsOn null or over."
            yield {"status", _PERIOD}, in_period(name, message)


def _period_problems(subscription: MirroredSubscription, *, is_new: bool) -> _Found:
    period = subscription.current_period
    if period.ends_on <= period.starts_on:
        yield {_PERIOD}, in_period("ends_on", f"must be after startsOn, {period.starts_on}.")
    if period.credited_amount > period.billed_amount:
        yield {_PERIOD}, in_period("credited_amount", f"must be at most billedAmount, {period.billed_amount}.")
    ends_on = subscription.ends_on
    if is_new and ends_on is not None and ends_on <= period.starts_on and subscription.status not in ENDED:
        message = f"must be before endsOn, {ends_on}: the subscription has ended by then."
        yield {_PERIOD}, in_period("starts_on", message)


def currency_problem(
    status: SubscriptionStatus, currency: str, customer: Record, parent: Record | None
) -> Problem | None:
    """Return the problem of a subscription that can't be on the single invoice of the parent that pays."""
    if status in ENDED or not customer.is_paid_for or parent is None or not parent.has_single_invoice:
        return None
    if currency == parent.currency:
        return None
    message = f"must be {parent.currency}, the currency of the parent that pays with a single invoice."
    return CustomersProblem(ErrorCode.PARENT_CURRENCY_MISMATCH, ("currency",), message, (parent.id,))


def placement(
    status: SubscriptionStatus, recorded: RecordedPeriod, starts_on: date, moved: Moved, expected_version: int | None
) -> Placement | Problem:
    """Return how a sent period relates to the last stored one; a problem if it overlaps or leaves days out.

    `status` is the stored one.
    """
    found = _place(status, recorded, starts_on)
    if isinstance(found, Placement):
        return found
    # A transition may have begun another period since.
    if not moved.is_known_by(expected_version) and not moved.is_known_on(starts_on):
        return moved_problem(moved, expected_version)
    message = (
        f"must be {recorded.starts_on}, the start of the current period, or {found}, the start of the next one:"
        " no day is left out or billed twice."
        if recorded.is_open
        else f"must be {found}, the start of the next period: no day is left out or billed twice."
    )
    return Problem(ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT, (_PERIOD, "starts_on"), message)


def _place(status: SubscriptionStatus, recorded: RecordedPeriod, starts_on: date) -> Placement | date:
    """Return how a period relates to the last one, or the day on which it could begin."""
    if recorded.is_open and starts_on == recorded.starts_on:
        return Placement.SAME
    if recorded.is_open and status in NOT_BEGUN and not recorded.billed_amount:
        earliest = recorded.previous_over_on
        return Placement.SAME if earliest is None or starts_on >= earliest else earliest
    if starts_on < recorded.over_on or (status in ACTIVE and starts_on > recorded.over_on):
        return recorded.over_on
    return Placement.NEXT


def fixed_problem(field: str) -> Problem:
    """Return the problem of a field that never changes."""
    message = (
        "can't be changed: amounts and payers of past periods refer to it. End this subscription and send another one."
    )
    return Problem(ErrorCode.SUBSCRIPTION_FIELD_FIXED, (field,), message)


def inconsistent(field: str, message: str) -> Problem:
    """Return the problem of a field that contradicts others."""
    return Problem(ErrorCode.SUBSCRIPTION_INCONSISTENT, (field,), message)


def in_period(field: str, message: str) -> Problem:
    """Return the problem of a field of the current period that contradicts others."""
    path: Path = (_PERIOD, field)
    return Problem(ErrorCode.SUBSCRIPTION_INCONSISTENT, path, message)
