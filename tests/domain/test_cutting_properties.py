"""The clean cut, by what holds for every subscription, arrangement and day."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.billing import ACTIVE, Arrangement, BillingDocumentKind, Subscription
from app.domain.cutting import cuts
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from tests.domain.billing_strategies import MINOR_DIGITS, arrangements, moments_of, subscriptions
from tests.support.billing_examples import JUNE, OWN, PAYER, cut, single


@given(st.lists(subscriptions(), max_size=6), arrangements(), st.data())
def test_the_same_arrangement_cuts_nothing(
    found: list[Subscription], arranged: Arrangement, data: st.DataObject
) -> None:
    today = data.draw(moments_of(JUNE))

    assert cuts(found, arranged, replace(arranged), today) == []


@given(st.lists(subscriptions(), max_size=6), arrangements(), st.data())
def test_exactly_the_active_subscriptions_are_cut_whatever_order_they_come_in(
    found: list[Subscription], after: Arrangement, data: st.DataObject
) -> None:
    today = data.draw(moments_of(JUNE))
    made = cuts(found, OWN, after, today)

    assert [result.subscription for result in made] == sorted(
        (subscription for subscription in found if subscription.status in ACTIVE),
        key=lambda subscription: subscription.id,
    )
    assert cuts(data.draw(st.permutations(found)), OWN, after, today) == made


@given(subscriptions(), arrangements(), st.data())
def test_a_credit_is_exact_for_the_days_that_remain_and_never_more_than_was_billed(
    found: Subscription, after: Arrangement, data: st.DataObject
) -> None:
    subscription = replace(found, status=SubscriptionStatus.ACTIVE, direction=BillingDirection.ADVANCE, ends_on=None)
    assume(subscription.billed > 0)
    today = data.draw(moments_of(subscription))
    line = cut(subscription, today, after).settlement
    left = subscription.billed - subscription.credited
    period = subscription.period
    remaining = min(max((period.end - today).days, 0), period.days)
    exact = Fraction(left) * remaining / period.days

    credited = line.amount if line else Decimal(0)
    assert 0 <= credited <= left
    assert abs(Fraction(credited) - exact) <= Fraction(1, 2 * 10 ** MINOR_DIGITS[subscription.currency])
    if line:
        assert (line.kind, line.payer_id, line.period.days) == (BillingDocumentKind.CREDIT_NOTE, PAYER, remaining)


@given(subscriptions(), st.data())
def test_the_days_invoiced_and_the_days_credited_are_all_days_of_the_period(
    found: Subscription, data: st.DataObject
) -> None:
    price = found.period_net + 1_000_000  # so that no share of a day rounds to nothing
    active = replace(
        found, status=SubscriptionStatus.ACTIVE, period_net=price, billed=price, credited=Decimal(0), ends_on=None
    )
    today = data.draw(moments_of(active))
    credited = cut(replace(active, direction=BillingDirection.ADVANCE), today).settlement
    unbilled = [
        cut(replace(active, direction=direction, billed=Decimal(0)), today).settlement for direction in BillingDirection
    ]
    assert unbilled[0] == unbilled[1]
    spans = [line.period for line in (credited, unbilled[0]) if line]
    unit = Decimal(1).scaleb(-MINOR_DIGITS[active.currency])

    assert sum(span.days for span in spans) == active.period.days
    assert all(active.period.start <= span.start < span.end <= active.period.end for span in spans)
    assert abs(sum(line.amount for line in (credited, unbilled[0]) if line) - price) <= unit


@given(subscriptions(), arrangements(), st.data())
def test_lines_are_of_days_that_follow_each_other_and_never_of_one_day_twice(
    found: Subscription, after: Arrangement, data: st.DataObject
) -> None:
    active = replace(found, status=data.draw(st.sampled_from(sorted(ACTIVE))))
    today = data.draw(moments_of(active))

    made = cut(active, today, after)

    begun = [*(rolled.period for rolled in made.rolled), *([made.following] if made.following.days else [])]
    for earlier, later in pairwise(made.lines):
        assert earlier.period.end <= later.period.start
    for rolled, following in pairwise(begun):
        assert min(rolled.end, today) == following.start
    if begun:
        assert made.closed_on <= begun[0].start
        assert made.closed_on == begun[0].start or active.period.end <= today
    for line in made.lines:
        assert line.amount > 0
        assert line.period.days <= line.period_days


@given(subscriptions(), arrangements(), st.data())
def test_what_follows_begins_with_the_cut_and_costs_no_more_than_a_full_period(
    found: Subscription, after: Arrangement, data: st.DataObject
) -> None:
    active = replace(found, status=data.draw(st.sampled_from(sorted(ACTIVE))))
    today = data.draw(moments_of(active))
    start = max(today, active.period.start)

    made = cut(active, today, after)

    assert 0 <= made.following_net <= active.net_amount
    if active.ends_on is not None and active.ends_on <= start:
        assert (made.following.days, made.next_billing_date) == (0, None)
        return
    assert made.following.start == start < made.following.end
    assert active.ends_on is None or made.following.end <= active.ends_on
    if made.next_billing_date is not None and made.status is not SubscriptionStatus.TRIAL:
        assert made.next_billing_date >= start


@given(subscriptions(), arrangements(), arrangements(), st.data())
def test_a_second_cut_on_the_same_day_makes_no_document_for_what_was_not_billed(
    found: Subscription, first: Arrangement, second: Arrangement, data: st.DataObject
) -> None:
    active = replace(found, status=SubscriptionStatus.ACTIVE)
    today = data.draw(moments_of(active))
    made = cut(active, today, first)
    assume(made.following.days)
    moved = replace(
        active, period=made.following, period_net=made.following_net, billed=Decimal(0), credited=Decimal(0)
    )

    assert [result.lines for result in cuts([moved], first, second, today)] == [()]


@given(subscriptions(), st.integers(1, 28), st.data())
def test_the_stub_before_a_billing_day_is_never_longer_than_a_month(
    found: Subscription, billing_day: int, data: st.DataObject
) -> None:
    active = replace(found, status=SubscriptionStatus.ACTIVE, ends_on=None)

    made = cut(active, data.draw(moments_of(active)), single(billing_day))

    assert made.following.end.day == billing_day
    assert made.following.end - made.following.start <= timedelta(days=31)
