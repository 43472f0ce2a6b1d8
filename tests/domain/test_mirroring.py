"""Mirrored subscriptions: where a sent period belongs, what contradicts itself, and what is older than a transition."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import ACTIVE, ENDED
from app.domain.consistency_rules import consistency_problems
from app.domain.customer_rules import Record
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.errors import CustomersProblem, ErrorCode, Problem, SubscriptionMovedProblem
from app.domain.late_messages import Moved
from app.domain.mirroring import (
    MirroredPeriod,
    MirroredSubscription,
    Placement,
    RecordedPeriod,
    currency_problem,
    placement,
)
from app.domain.subscription_fields import EVERY_FIELD
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

ONE, TWO = UUID(int=1), UUID(int=2)
JUNE, JULY, AUGUST = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)
NEVER = Moved(3, None, None, None)
MARKED = Moved(3, 3, ONE, None)
LATER = Moved(5, 3, ONE, date(2026, 6, 19))
RECORDED = RecordedPeriod(JUNE, JULY, is_open=True, billed_amount=Decimal(0), previous_over_on=None)
SAME, NEXT = Placement.SAME, Placement.NEXT
CONFLICT, MOVED = ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT, ErrorCode.SUBSCRIPTION_MOVED
DAY = timedelta(days=1)

PLACES: list[tuple[str, date, dict[str, Any], Moved, int | None, object]] = [
    ("ACTIVE", JUNE, {}, NEVER, None, SAME),
    ("ACTIVE", JULY, {}, NEVER, None, NEXT),
    ("ACTIVE", JULY - DAY, {}, NEVER, None, CONFLICT),
    ("ACTIVE", JULY + DAY, {}, NEVER, None, CONFLICT),
    ("ACTIVE", JUNE - DAY, {}, NEVER, 3, CONFLICT),
    ("TRIAL", JULY + DAY, {}, NEVER, None, CONFLICT),
    ("PENDING_CANCELLATION", JULY + DAY, {}, NEVER, None, CONFLICT),
    ("PAUSED", JULY + DAY, {}, NEVER, None, NEXT),
    ("PAUSED", JULY - DAY, {}, NEVER, None, CONFLICT),
    ("CANCELLED", JULY + DAY, {}, NEVER, None, NEXT),
    ("SCHEDULED", AUGUST, {}, NEVER, None, SAME),
    ("SCHEDULED", JUNE - DAY, {}, NEVER, None, SAME),
    ("AWAITING_PAYMENT", JUNE - DAY, {}, NEVER, None, SAME),
    ("AWAITING_PAYMENT", JUNE - DAY, {"previous_over_on": JUNE}, NEVER, None, CONFLICT),
    ("AWAITING_PAYMENT", JUNE - DAY, {"billed_amount": Decimal(1)}, NEVER, None, CONFLICT),
    # A transition has closed it: what has its first day is not the current one any more.
    ("PENDING_CANCELLATION", JUNE, {"is_open": False, "over_on": date(2026, 6, 10)}, MARKED, None, MOVED),
    ("PENDING_CANCELLATION", date(2026, 6, 10), {"is_open": False, "over_on": date(2026, 6, 10)}, MARKED, 3, NEXT),
    # A transition has ended the subscription with it, cut or not.
    ("PENDING_CANCELLATION", JULY + DAY, {"is_last": True}, MARKED, 3, NEXT),
    ("PENDING_CANCELLATION", JULY - DAY, {"is_last": True}, MARKED, 3, CONFLICT),
    ("PENDING_CANCELLATION", JUNE, {"is_last": True}, MARKED, 3, SAME),
    ("ACTIVE", JULY + DAY, {}, MARKED, None, MOVED),
    ("ACTIVE", JULY + DAY, {}, MARKED, 2, MOVED),
    ("ACTIVE", JULY + DAY, {}, MARKED, 3, CONFLICT),
    ("ACTIVE", date(2026, 6, 19), {"starts_on": JULY, "over_on": AUGUST}, LATER, None, MOVED),
    ("ACTIVE", date(2026, 6, 20), {"starts_on": JULY, "over_on": AUGUST}, LATER, None, CONFLICT),
    ("ACTIVE", date(2026, 6, 19), {"starts_on": JULY, "over_on": AUGUST}, LATER, 5, CONFLICT),
    # A version of the move, or a later one that is outdated, is not older than the move.
    ("ACTIVE", date(2026, 6, 19), {"starts_on": JULY, "over_on": AUGUST}, LATER, 3, CONFLICT),
    ("ACTIVE", date(2026, 6, 19), {"starts_on": JULY, "over_on": AUGUST}, LATER, 2, MOVED),
    ("ACTIVE", JULY + DAY, {}, replace(MARKED, version=4), 3, CONFLICT),
]


@pytest.mark.parametrize(("status", "starts_on", "stored", "moved", "expected", "answer"), PLACES)
def test_a_sent_period_is_the_stored_one_follows_it_or_is_rejected(
    status: str, starts_on: date, stored: dict[str, Any], moved: Moved, expected: int | None, answer: object
) -> None:
    found = placement(SubscriptionStatus(status), replace(RECORDED, **stored), starts_on, moved, expected)

    assert (found.code if isinstance(found, Problem) else found) == answer
    if answer is MOVED:
        assert isinstance(found, SubscriptionMovedProblem)
        assert (found.transition_id, found.version) == (ONE, moved.version)
    elif answer is CONFLICT:
        assert isinstance(found, Problem)
        assert found.path == ("current_period", "starts_on")


days = st.dates(date(2026, 1, 1), date(2026, 3, 1))
messages = st.lists(st.tuples(st.sampled_from(SubscriptionStatus), days, st.integers(1, 40)), max_size=30)


@given(messages)
def test_whatever_is_sent_the_periods_that_are_taken_never_overlap(
    sent: list[tuple[SubscriptionStatus, date, int]],
) -> None:
    status, periods = SubscriptionStatus.ACTIVE, [(date(2026, 1, 10), date(2026, 1, 20))]
    for following, starts_on, length in sent:
        start, end = periods[-1]
        previous = periods[-2][1] if len(periods) > 1 else None
        recorded = RecordedPeriod(start, end, is_open=True, billed_amount=Decimal(0), previous_over_on=previous)
        found = placement(status, recorded, starts_on, NEVER, None)
        if isinstance(found, Problem):
            continue
        assert found is NEXT or starts_on == start or status not in ACTIVE
        assert found is SAME or starts_on == end or status not in ACTIVE
        taken = (starts_on, starts_on + length * DAY)
        periods = [*periods, taken] if found is NEXT else [*periods[:-1], taken]
        status = following
    for (_, over_on), (starts_on, _) in pairwise(periods):
        assert over_on <= starts_on


PERIOD = MirroredPeriod(JUNE, JULY, Decimal(300), Decimal(300), Decimal(0), JUNE)
PLAIN = MirroredSubscription(
    external_system_id="s",
    name="Fibernet",
    status=SubscriptionStatus.ACTIVE,
    billing_direction=BillingDirection.ADVANCE,
    currency="DKK",
    net_amount=Decimal(300),
    interval_months=1,
    anchor_day=1,
    started_on=date(2026, 1, 1),
    ends_on=None,
    trial_ends_on=None,
    current_period=PERIOD,
    next_billing_date=JULY,
)


def paths(subscription: MirroredSubscription, *, is_new: bool = True) -> list[str]:
    found = consistency_problems(subscription, EVERY_FIELD, is_new_period=is_new)
    assert {problem.code for problem in found} <= {ErrorCode.SUBSCRIPTION_INCONSISTENT}
    return [".".join(map(str, problem.path)) for problem in found]


def test_an_end_before_a_period_that_is_stored_is_no_contradiction() -> None:
    early = replace(PLAIN, ends_on=date(2026, 5, 1))
    assert paths(early) == ["current_period.starts_on"]
    assert paths(early, is_new=False) == []


def test_a_trial_ends_with_its_subscription_if_that_comes_first() -> None:
    free = replace(PERIOD, net_amount=Decimal(0), billed_amount=Decimal(0), billed_on=None, ends_on=date(2026, 6, 20))
    trial = replace(PLAIN, status=SubscriptionStatus.TRIAL, trial_ends_on=JULY, current_period=free)
    assert paths(trial) == ["current_period.ends_on"]
    assert paths(replace(trial, ends_on=date(2026, 6, 20))) == []


some_day = st.dates(date(2026, 5, 25), date(2026, 7, 5))
amounts = st.decimals(0, 3, places=0)
subscriptions = st.builds(
    MirroredSubscription,
    external_system_id=st.just("s"),
    name=st.just("s"),
    status=st.sampled_from(SubscriptionStatus),
    billing_direction=st.sampled_from(BillingDirection),
    currency=st.just("DKK"),
    net_amount=amounts,
    interval_months=st.just(1),
    anchor_day=st.just(1),
    started_on=some_day,
    ends_on=st.none() | some_day,
    trial_ends_on=st.none() | some_day,
    current_period=st.builds(MirroredPeriod, some_day, some_day, amounts, amounts, amounts, st.none() | some_day),
    next_billing_date=st.none() | some_day,
)


@given(subscription=subscriptions, is_new=st.booleans())
def test_what_the_domain_takes_the_database_takes_too(subscription: MirroredSubscription, *, is_new: bool) -> None:
    if paths(subscription, is_new=is_new):
        return
    it, period = subscription, subscription.current_period
    assert period.starts_on < period.ends_on
    assert 0 <= period.credited_amount <= period.billed_amount
    assert it.started_on <= period.starts_on
    assert it.ends_on is None or it.ends_on >= it.started_on
    assert it.trial_ends_on is None or it.trial_ends_on >= it.started_on
    assert it.ends_on is not None or it.status not in {*ENDED, SubscriptionStatus.PENDING_CANCELLATION}
    assert it.trial_ends_on is not None or it.status is not SubscriptionStatus.TRIAL
    # And a cut takes it: a trial's period is free and ends when the trial does, one that is paid for begins after it.
    if it.status is SubscriptionStatus.TRIAL:
        assert period.billed_amount == 0
        assert it.trial_ends_on is not None
        assert period.ends_on == min(it.trial_ends_on, it.ends_on or date.max)
    elif it.status in ACTIVE and it.trial_ends_on is not None:
        assert it.trial_ends_on <= period.starts_on


def customer(**values: Any) -> Record:
    plain = Record(
        ONE,
        is_active=True,
        currency="DKK",
        parent_id=TWO,
        relationship=BillingRelationship.PARENT_PAYS,
        mode=None,
        billing_day=None,
        template_id=None,
    )
    return replace(plain, **values)


PARENT = customer(
    id=TWO, parent_id=None, relationship=BillingRelationship.SELF, mode=ConsolidationMode.SINGLE_INVOICE, billing_day=15
)
CURRENCIES: list[tuple[str, str, Record, Record | None, bool]] = [
    ("ACTIVE", "EUR", customer(), PARENT, True),
    ("SCHEDULED", "EUR", customer(), PARENT, True),
    ("ACTIVE", "DKK", customer(), PARENT, False),
    ("CANCELLED", "EUR", customer(), PARENT, False),
    ("EXPIRED", "EUR", customer(), PARENT, False),
    ("ACTIVE", "EUR", customer(relationship=BillingRelationship.SELF), PARENT, False),
    ("ACTIVE", "EUR", customer(), replace(PARENT, mode=ConsolidationMode.PER_CHILD_INVOICE), False),
    ("ACTIVE", "EUR", customer(), replace(PARENT, mode=None), False),
    ("ACTIVE", "EUR", PARENT, None, False),
]


@pytest.mark.parametrize(("status", "currency", "its", "parent", "rejected"), CURRENCIES)
def test_a_single_invoice_holds_one_currency(
    status: str, currency: str, its: Record, parent: Record | None, *, rejected: bool
) -> None:
    found = currency_problem(SubscriptionStatus(status), currency, its, parent)
    assert (found is not None) is rejected
    if found is not None:
        assert isinstance(found, CustomersProblem)
        assert (found.code, found.path, found.customer_ids) == (
            ErrorCode.PARENT_CURRENCY_MISMATCH,
            ("currency",),
            (TWO,),
        )
