"""Subscriptions that the billing system sends, and how each relates to the stored one and to its customer."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, auto

from app.domain.billing import ACTIVE, ENDED
from app.domain.customer_rules import Record
from app.domain.errors import CustomersProblem, ErrorCode, Path, Problem
from app.domain.late_messages import NOT_BEGUN, Moved, moved_problem
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

PERIOD = "current_period"


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
    is_last: bool = False
    """Whether a transition has ended the subscription with it, so that no period runs after it."""


class Placement(Enum):
    """How a sent period relates to the stored one."""

    SAME = auto()
    """It is the stored period."""
    NEXT = auto()
    """It follows the stored period."""


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
    current = f"{recorded.starts_on}, the start of the current period, or " if recorded.is_open else ""
    if recorded.is_last:
        message = f"must be {current}{found} or later: a transition has ended the subscription on {found}."
    else:
        one = "one" if recorded.is_open else "period"
        message = f"must be {current}{found}, the start of the next {one}: no day is left out or billed twice."
    return Problem(ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT, (PERIOD, "starts_on"), message)


def _place(status: SubscriptionStatus, recorded: RecordedPeriod, starts_on: date) -> Placement | date:
    """Return how a period relates to the last one, or the day on which it could begin."""
    if recorded.is_open and starts_on == recorded.starts_on:
        return Placement.SAME
    if recorded.is_open and status in NOT_BEGUN and not recorded.billed_amount:
        earliest = recorded.previous_over_on
        return Placement.SAME if earliest is None or starts_on >= earliest else earliest
    runs_on = status in ACTIVE and not recorded.is_last
    if starts_on < recorded.over_on or (runs_on and starts_on > recorded.over_on):
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
    path: Path = (PERIOD, field)
    return Problem(ErrorCode.SUBSCRIPTION_INCONSISTENT, path, message)
