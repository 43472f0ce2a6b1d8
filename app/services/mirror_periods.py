"""Place the period that a message sends beside the stored subscription, as values of the domain."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from app.db.mirror_reads import StoredSubscription
from app.domain.billing import ACTIVE
from app.domain.errors import ErrorCode, Problem
from app.domain.late_messages import Moved
from app.domain.mirroring import (
    MirroredPeriod,
    MirroredSubscription,
    Placement,
    RecordedPeriod,
    in_period,
    placement,
)
from app.domain.period_rules import kept_period_problems, next_period_problem, unbegun_problem
from app.domain.subscription_fields import FIELDS, PERIOD_FIELDS
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

COLUMNS = tuple(name for name in FIELDS if name not in {"customer", "current_period"})
"""The fields that are columns of a subscription itself."""
_NOTHING = Decimal("0.00")


def placed(
    stored: StoredSubscription, now: MirroredSubscription, moved: Moved, values: Mapping[str, Any], today: date
) -> tuple[Placement, MirroredPeriod, list[Problem]]:
    """Return how the sent period relates to the stored one, the resulting current period, and its problems."""
    sent: Mapping[str, Any] | None = values.get("current_period")
    if sent is None:
        return Placement.SAME, now.current_period, []
    place = placement(now.status, _recorded(stored), sent["starts_on"], moved, values.get("expected_version"))
    if isinstance(place, Problem):
        return Placement.SAME, now.current_period, [place]
    if place is Placement.NEXT:
        is_open = stored.period.id is not None and stored.period.cut_on is None
        early = next_period_problem(now, is_open=is_open, starts_on=sent["starts_on"], today=today)
        period, problems = new_period(sent)
        return place, period or now.current_period, [*problems, *([] if early is None else [early])]
    kept = {name: sent.get(name, getattr(now.current_period, name)) for name in PERIOD_FIELDS}
    period = MirroredPeriod(**kept)
    return place, period, [*kept_period_problems(now.current_period, period)]


def new_period(sent: Mapping[str, Any]) -> tuple[MirroredPeriod | None, list[Problem]]:
    """Return a period that begins; a problem if it has no price."""
    if "net_amount" not in sent:
        path = ("current_period", "net_amount")
        return None, [Problem(ErrorCode.FIELD_REQUIRED, path, "must be given for a period that is new.")]
    nothing: dict[str, Any] = {"billed_amount": _NOTHING, "credited_amount": _NOTHING, "billed_on": None}
    return MirroredPeriod(**{**nothing, **sent}), []


def contradictions(
    stored: StoredSubscription, after: MirroredSubscription, changed: Collection[str], today: date, place: Placement
) -> Iterator[Problem]:
    """Yield the problems of a row after which the stored periods would contradict the subscription, or could.

    The database rejects them as well, at the latest when the next transition cuts the period.
    """
    starts_on, last = after.current_period.starts_on, stored.period
    is_next = place is Placement.NEXT
    back = unbegun_problem(mirrored(stored), after.status, today, begins=is_next)
    if back is not None and "status" in changed:
        yield back
    is_recorded = not {"current_period", "external_system_id"}.isdisjoint(changed)
    if last.id is None and last.previous_over_on is not None and last.previous_over_on > starts_on and is_recorded:
        message = (
            f"is {starts_on}, but a period until {last.previous_over_on} is recorded. An administrator must correct the"
            " rows of the subscription and its periods in the database first."
        )
        yield in_period("starts_on", message)
    runs = after.status in ACTIVE and (last.cut_on is None or after.ends_on is None or after.ends_on > last.cut_on)
    is_asked = not {"status", "ends_on", "external_system_id"}.isdisjoint(changed)
    if last.cut_on is not None and not is_next and runs and is_asked:
        message = (
            f"must be given, and start on {last.cut_on} or later, for a subscription that is {after.status}: a"
            " transition has ended the stored one on that day."
        )
        yield Problem(ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT, ("current_period",), message)


def mirrored(stored: StoredSubscription) -> MirroredSubscription:
    """Return a stored subscription as the domain knows it."""
    row = stored.row
    named: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS}
    named |= {"status": SubscriptionStatus(row.status), "billing_direction": BillingDirection(row.billing_direction)}
    period = MirroredPeriod(**{name: getattr(stored.period, name) for name in PERIOD_FIELDS})
    return MirroredSubscription(**named, current_period=period)


def _recorded(stored: StoredSubscription) -> RecordedPeriod:
    period = stored.period
    return RecordedPeriod(
        period.starts_on,
        period.cut_on or period.ends_on,
        period.cut_on is None,
        period.billed_amount,
        period.previous_over_on,
    )


def last_move(stored: StoredSubscription) -> Moved:
    """Return what the service last moved of a stored subscription."""
    return Moved(stored.row.version, *stored.move)
