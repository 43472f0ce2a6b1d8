"""Place the period that a message sends beside the stored subscription, as values of the domain."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from app.db.mirror_reads import StoredSubscription
from app.domain.errors import ErrorCode, Problem
from app.domain.late_messages import Moved
from app.domain.mirroring import (
    MirroredPeriod,
    MirroredSubscription,
    Placement,
    RecordedPeriod,
    placement,
)
from app.domain.period_rules import kept_period_problems, next_period_problem
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
