"""Place the period that a message sends beside the stored subscription, as values of the domain."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

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
from app.domain.money import NOTHING
from app.domain.partly_read import object_of
from app.domain.period_rules import kept_period_problems, next_period_problem
from app.domain.subscription_fields import FIELDS, PERIOD_FIELDS, SentRow
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

COLUMNS = tuple(name for name in FIELDS if name not in {"customer", "current_period"})
"""The fields that are columns of a subscription itself."""


class Placed(NamedTuple):
    """The period that a row sends, beside the stored one."""

    place: Placement | None
    """None where it can't be told, because its first day is malformed or conflicts with the stored period."""
    period: MirroredPeriod
    """The current period after the row; without the fields that can't be told."""
    problems: Sequence[Problem] = ()


def placed(stored: StoredSubscription, now: MirroredSubscription, moved: Moved, row: SentRow, today: date) -> Placed:
    """Return how the sent period relates to the stored one, the resulting current period, and its problems."""
    sent: Mapping[str, Any] | None = row.values.get("current_period")
    if sent is None:
        return Placed(Placement.SAME, now.current_period)
    malformed = row.malformed_of_period
    if "starts_on" in malformed:
        return Placed(None, object_of(MirroredPeriod, sent))
    starts_on: date = sent["starts_on"]
    place = placement(now.status, _recorded(stored), starts_on, moved, row.values.get("expected_version"))
    if isinstance(place, Problem):
        others = {name: value for name, value in sent.items() if name != "starts_on"}
        return Placed(None, object_of(MirroredPeriod, others), [place])
    if place is Placement.NEXT:
        is_open = stored.period.id is not None and stored.period.ended_on is None
        early = next_period_problem(now, is_open=is_open, starts_on=starts_on, today=today)
        period, problems = new_period(row)
        return Placed(place, period, [*problems, *([] if early is None else [early])])
    kept = {name: sent.get(name, getattr(now.current_period, name)) for name in PERIOD_FIELDS if name not in malformed}
    period = object_of(MirroredPeriod, kept)
    return Placed(place, period, [*kept_period_problems(now.current_period, period)])


def new_period(row: SentRow) -> tuple[MirroredPeriod, list[Problem]]:
    """Return the period that begins with a row; a problem if it has no price."""
    malformed = row.malformed_of_period
    nothing: dict[str, Any] = {"billed_amount": NOTHING, "credited_amount": NOTHING, "billed_on": None}
    sent = nothing | row.values.get("current_period", {})
    values = {name: value for name, value in sent.items() if name not in malformed}
    if "net_amount" in malformed or "net_amount" in values:
        return object_of(MirroredPeriod, values), []
    path = ("current_period", "net_amount")
    required = Problem(ErrorCode.FIELD_REQUIRED, path, "must be given for a period that is new.")
    return object_of(MirroredPeriod, values), [required]


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
        is_last=period.ended_on is not None,
    )


def last_move(stored: StoredSubscription) -> Moved:
    """Return what the service last moved of a stored subscription."""
    return Moved(stored.row.version, *stored.move)
