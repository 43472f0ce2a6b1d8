"""Check a sent subscription by itself: its dates, status, period and amounts don't contradict each other."""

from collections.abc import Callable, Collection, Iterator
from datetime import date

from app.domain.billing import ENDED
from app.domain.errors import Problem
from app.domain.fields import schema_name
from app.domain.mirroring import PERIOD, MirroredSubscription, in_period, inconsistent
from app.domain.partly_read import checked
from app.domain.subscription_fields import of_period
from app.domain.subscriptions import SubscriptionStatus

_RUNS_TO_ITS_END = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING_CANCELLATION})
_NEEDS_END = ENDED | {SubscriptionStatus.PENDING_CANCELLATION}
_STARTS = of_period("starts_on")
_STARTED_ON = schema_name("started_on")
_FREE = f"must be 0: a trial is free. What has a price is ACTIVE, with {schema_name('trial_ends_on')} null or over."


def _end_before_start(subscription: MirroredSubscription) -> Iterator[Problem]:
    if subscription.ends_on is not None and subscription.ends_on < subscription.started_on:
        yield inconsistent("ends_on", f"must not be before {_STARTED_ON}, {subscription.started_on}.")


def _trial_before_start(subscription: MirroredSubscription) -> Iterator[Problem]:
    if subscription.trial_ends_on is not None and subscription.trial_ends_on < subscription.started_on:
        yield inconsistent("trial_ends_on", f"must not be before {_STARTED_ON}, {subscription.started_on}.")


def _start_after_period(subscription: MirroredSubscription) -> Iterator[Problem]:
    starts_on = subscription.current_period.starts_on
    if starts_on < subscription.started_on and subscription.status is not SubscriptionStatus.SCHEDULED:
        yield inconsistent("started_on", f"must not be after {starts_on}, when the period starts.")


def _missing_end(subscription: MirroredSubscription) -> Iterator[Problem]:
    if subscription.status in _NEEDS_END and subscription.ends_on is None:
        yield inconsistent("ends_on", f"must be given for a subscription that is {subscription.status}.")


def _billing_after_end(subscription: MirroredSubscription) -> Iterator[Problem]:
    if subscription.status in ENDED and subscription.next_billing_date is not None:
        yield inconsistent("next_billing_date", f"must be null for a subscription that is {subscription.status}.")


def _scheduled_start(subscription: MirroredSubscription) -> Iterator[Problem]:
    if subscription.status is not SubscriptionStatus.SCHEDULED:
        return
    starts_on = subscription.current_period.starts_on
    if starts_on != subscription.started_on:
        yield inconsistent("started_on", f"must be {starts_on}, when the period of a SCHEDULED subscription starts.")


def _missing_trial(subscription: MirroredSubscription) -> Iterator[Problem]:
    if subscription.status is SubscriptionStatus.TRIAL and subscription.trial_ends_on is None:
        yield inconsistent("trial_ends_on", "must be given for a subscription that is TRIAL.")


def _trial_over(subscription: MirroredSubscription) -> Iterator[Problem]:
    trial = subscription.trial_ends_on
    if subscription.status is not SubscriptionStatus.TRIAL or trial is None:
        return
    if subscription.current_period.starts_on >= trial:
        message = f"must be ACTIVE, or another one than TRIAL: the trial is over when the period starts, on {trial}."
        yield inconsistent("status", message)


def _lasting_trial(subscription: MirroredSubscription) -> date | None:
    """Return the end of a trial that is not over when the period starts; None if there is none."""
    trial = subscription.trial_ends_on if subscription.status is SubscriptionStatus.TRIAL else None
    return None if trial is None or subscription.current_period.starts_on >= trial else trial


def _trial_end(subscription: MirroredSubscription) -> Iterator[Problem]:
    ends_on = _lasting_trial(subscription)
    if ends_on is None:
        return
    if subscription.ends_on is not None:
        ends_on = min(ends_on, subscription.ends_on)
    if subscription.current_period.ends_on != ends_on:
        yield in_period("ends_on", f"must be {ends_on}, when the trial ends.")


def _price_of_trial(subscription: MirroredSubscription) -> Iterator[Problem]:
    if _lasting_trial(subscription) is not None and subscription.current_period.net_amount:
        yield in_period("net_amount", _FREE)


def _amount_of_trial(subscription: MirroredSubscription) -> Iterator[Problem]:
    if _lasting_trial(subscription) is not None and subscription.current_period.billed_amount:
        yield in_period("billed_amount", _FREE)


def _status_in_trial(subscription: MirroredSubscription) -> Iterator[Problem]:
    trial = subscription.trial_ends_on
    if subscription.status not in _RUNS_TO_ITS_END or trial is None:
        return
    if subscription.current_period.starts_on < trial:
        message = f"must be TRIAL while the period starts before {schema_name('trial_ends_on')}, {trial}."
        yield inconsistent("status", message)


def _empty_period(subscription: MirroredSubscription) -> Iterator[Problem]:
    period = subscription.current_period
    if period.ends_on <= period.starts_on:
        yield in_period("ends_on", f"must be after {schema_name('starts_on')}, {period.starts_on}.")


def _excess_credit(subscription: MirroredSubscription) -> Iterator[Problem]:
    period = subscription.current_period
    if period.credited_amount > period.billed_amount:
        message = f"must be at most {schema_name('billed_amount')}, {period.billed_amount}."
        yield in_period("credited_amount", message)


def _period_after_end(subscription: MirroredSubscription) -> Iterator[Problem]:
    ends_on = subscription.ends_on
    if ends_on is None or subscription.status in ENDED or ends_on > subscription.current_period.starts_on:
        return
    message = f"must be before {schema_name('ends_on')}, {ends_on}: the subscription has ended by then."
    yield in_period("starts_on", message)


_RULES: tuple[tuple[frozenset[str], Callable[[MirroredSubscription], Iterator[Problem]]], ...] = (
    (frozenset({"ends_on", "started_on"}), _end_before_start),
    (frozenset({"trial_ends_on", "started_on"}), _trial_before_start),
    (_STARTS | {"started_on"}, _start_after_period),
    (frozenset({"status", "ends_on"}), _missing_end),
    (frozenset({"status", "next_billing_date"}), _billing_after_end),
    (_STARTS | {"status", "started_on"}, _scheduled_start),
    (frozenset({"status", "trial_ends_on"}), _missing_trial),
    (_STARTS | {"status", "trial_ends_on"}, _trial_over),
    (of_period("starts_on", "ends_on") | {"status", "trial_ends_on", "ends_on"}, _trial_end),
    (of_period("starts_on", "net_amount") | {"status"}, _price_of_trial),
    (of_period("starts_on", "billed_amount") | {"status"}, _amount_of_trial),
    (_STARTS | {"status", "trial_ends_on"}, _status_in_trial),
    (of_period("starts_on", "ends_on"), _empty_period),
    (of_period("billed_amount", "credited_amount"), _excess_credit),
)
"""Rules, each with the fields that it is about, in the order in which problems are reported."""


def consistency_problems(
    subscription: MirroredSubscription, changed: Collection[str], *, is_new_period: bool
) -> list[Problem]:
    """Return the problems of a subscription whose dates, status, period and amounts contradict each other.

    Only problems of fields that change: others are stored, and may be older than these rules. A subscription that
    gets its key is asked all.
    """
    gets_key = "external_system_id" in changed
    rules = [rule for fields, rule in _RULES if gets_key or not fields.isdisjoint(changed)]
    if is_new_period and (gets_key or PERIOD in changed):
        rules.append(_period_after_end)
    return [*checked(*(rule(subscription) for rule in rules))]
