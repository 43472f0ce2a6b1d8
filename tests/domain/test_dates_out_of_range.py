"""Dates at the bounds of the calendar: a change is computed, or rejected for the subscriptions that it can't be
computed for."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.billing import Subscription
from app.domain.calendar import (
    DateOutOfRange,
    Period,
    billing_day_from,
    cycle_end,
    months_later,
    next_billing_day,
)
from app.domain.customer_rules import Record
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.errors import ErrorCode, Rejected, SubscriptionsProblem
from app.domain.transition import Transition, compute_transition
from tests.domain.billing_strategies import subscriptions

CUSTOMER, PARENT = UUID(int=1), UUID(int=2)
LATE = st.dates(date(9988, 1, 1), date.max)
EARLY = st.dates(date.min, date(12, 12, 31))
NOW = st.dates(date(2026, 1, 1), date(2026, 12, 31))
ANY_DAY = LATE | EARLY | NOW


@st.composite
def at_the_bounds(draw: st.DrawFn) -> Subscription:
    """A subscription of the customer with a period that begins or ends near a bound."""
    start, end = sorted(draw(st.lists(ANY_DAY, min_size=2, max_size=2, unique=True)))
    return replace(
        draw(subscriptions()),
        customer_id=CUSTOMER,
        period=Period(start, end),
        ends_on=draw(st.none() | ANY_DAY),
        next_billing_date=draw(st.none() | ANY_DAY),
    )


def record(
    id_: UUID,
    parent_id: UUID | None,
    relationship: BillingRelationship,
    mode: ConsolidationMode | None,
    billing_day: int | None,
) -> Record:
    return Record(
        id=id_,
        is_active=True,
        currency="DKK",
        parent_id=parent_id,
        relationship=relationship,
        mode=mode,
        billing_day=billing_day,
        template_id=None,
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    """The customer, alone or under the parent, with or without a single invoice."""
    is_child = draw(st.booleans())
    mode = None if is_child else draw(st.none() | st.sampled_from(ConsolidationMode))
    day = draw(st.integers(1, 28)) if mode is ConsolidationMode.SINGLE_INVOICE else None
    relationship = BillingRelationship.PARENT_PAYS if is_child else BillingRelationship.SELF
    return record(CUSTOMER, PARENT if is_child else None, relationship, mode, day)


SINGLE = record(PARENT, None, BillingRelationship.SELF, ConsolidationMode.SINGLE_INVOICE, 28)


def planned(
    before: Record, after: Record, its: Iterable[Subscription], today: date
) -> Transition | tuple[UUID, ...] | None:
    """The transition, or the subscriptions that it is rejected for."""
    try:
        return compute_transition(before, after, {PARENT: SINGLE}, (), its, today)
    except Rejected as rejected:
        (problem,) = rejected.problems
        assert isinstance(problem, SubscriptionsProblem)
        assert problem.code is ErrorCode.SUBSCRIPTION_DATES_OUT_OF_RANGE
        return problem.subscription_ids


@settings(deadline=None)
@given(records(), records(), st.lists(at_the_bounds(), max_size=3), NOW | LATE)
def test_a_change_is_computed_or_names_every_subscription_that_prevents_it(
    before: Record, after: Record, its: list[Subscription], today: date
) -> None:
    alone = [(subscription, planned(before, after, [subscription], today)) for subscription in its]

    together = planned(before, after, its, today)

    named = [found for _, found in alone if isinstance(found, tuple)]
    assert (together if isinstance(together, tuple) else ()) == tuple(sorted(id_ for ids in named for id_ in ids))


@given(ANY_DAY, st.integers(-130, 130), st.integers(1, 31))
def test_the_calendar_knows_no_other_failure_than_a_date_out_of_range(day: date, months: int, anchor_day: int) -> None:
    for compute in (
        lambda: months_later(day, months, anchor_day),
        lambda: cycle_end(day, abs(months) or 1, anchor_day),
        lambda: next_billing_day(day, anchor_day),
        lambda: billing_day_from(day, anchor_day),
    ):
        try:
            assert isinstance(compute(), date)
        except DateOutOfRange:
            assert day.year < 13 or day.year > 9987


@pytest.mark.parametrize(("day", "billing_day"), [(date.min, 1), (date.max, 31), (date(9999, 12, 30), 31)])
def test_a_day_that_can_not_be_stored_is_no_billing_day(day: date, billing_day: int) -> None:
    with pytest.raises(DateOutOfRange):
        billing_day_from(day, billing_day)
    with pytest.raises(DateOutOfRange):
        next_billing_day(date.max, billing_day)


@pytest.mark.parametrize("day", [date(1, 1, 2), date(9999, 12, 30)])
def test_the_days_beside_them_may_be_billing_days(day: date) -> None:
    assert billing_day_from(day, day.day) == day
