"""Tell which messages of the billing system are from before a transition or a new billing day: none undoes it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.domain.errors import ErrorCode, Problem, SubscriptionMovedProblem
from app.domain.fields import schema_name
from app.domain.subscriptions import SubscriptionStatus

NOT_BEGUN = frozenset({SubscriptionStatus.SCHEDULED, SubscriptionStatus.AWAITING_PAYMENT})
"""Statuses whose period may still move, because nothing has been billed."""
_SET_BY_MOVES = frozenset({"status", "anchor_day", "ends_on", "next_billing_date", "current_period"})
"""The fields that a transition or a new billing day sets: an older message would set them back."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What the service itself has done to a subscription."""

    version: int
    """The version that is stored."""
    moved_version: int | None
    """The version that the last transition or new billing day gave it; None if there was none."""
    moved_by: UUID | None
    """The transition; None for a new billing day."""
    known_on: date | None
    """The day on which the billing system first showed with a version that it knows of this; None until then."""

    def is_known_by(self, expected_version: int | None) -> bool:
        """Return whether a version shows that its message is newer."""
        if self.moved_version is None:
            return True
        return expected_version is not None and expected_version >= self.moved_version

    def is_known_on(self, starts_on: date) -> bool:
        """Return whether the first day of a period shows that its message is newer.

        A period isn't sent before it begins, so a period that the billing system sent before it knew of the
        transition starts on the day of `known_on` or earlier.
        """
        return self.moved_version is None or (self.known_on is not None and starts_on > self.known_on)


def may_undo(
    moved: Moved,
    expected_version: int | None,
    changed: Collection[str],
    status: SubscriptionStatus,
    starts_on: date | None,
) -> bool:
    """Return whether a message could be from before a transition or a new billing day, and undo it.

    `status` is the status after it, `starts_on` the first day of the period that it names; None if it names none.
    A version shows how old a message is, and so does the first day of its period, if that has begun. Until the billing
    system has shown a version, every change needs one; then those that a transition or a billing day makes as well.
    """
    if moved.is_known_by(expected_version):
        return False
    if expected_version is not None or moved.known_on is None:
        return True
    is_dated = starts_on is not None and status not in NOT_BEGUN and moved.is_known_on(starts_on)
    return not is_dated and not _SET_BY_MOVES.isdisjoint(changed)


def is_age_unknown(moved: Moved, expected_version: int | None, malformed: Collection[str]) -> bool:
    """Return whether `may_undo` can't be answered, because it depends on a malformed field."""
    if moved.moved_version is None:
        return False
    if "expected_version" in malformed:
        return True
    is_told = expected_version is not None or moved.known_on is None
    return not is_told and not _SET_BY_MOVES.isdisjoint(malformed)


def day_known(moved: Moved, today: date, *starts: date) -> date | None:
    """Return the day on which the billing system first showed that it knows of the last move, once a row is taken.

    `starts` are the first days of the current period before and after the row: a period that has not begun is sent
    before its first day, so for it that day counts.
    """
    if moved.moved_version is None or moved.known_on is not None:
        return moved.known_on
    return max(today, *starts)


def day_known_by_unchanged(moved: Moved, expected_version: int | None, today: date, starts_on: date) -> date | None:
    """Return the same day for a row that changes nothing; None unless it is the first row to show this.

    `starts_on` is the first day of the current period.
    """
    if moved.moved_version is None or moved.known_on is not None or not moved.is_known_by(expected_version):
        return None
    return day_known(moved, today, starts_on)


def moved_problem(moved: Moved, expected_version: int | None) -> Problem:
    """Return the problem of a message that is, or may be, older than a transition or a new billing day."""
    version = schema_name("expected_version")
    since = (
        f"is older than version {moved.moved_version}, to which a transition or a new billing day moved the"
        " subscription."
        if expected_version is not None or moved.known_on is None
        else f"may be older than the last transition or new billing day of the subscription: neither {version} nor"
        f" a {schema_name('current_period')} that starts after {moved.known_on} shows that it is newer."
    )
    message = f"{since} Read the subscription, then send what is true now with {version} {moved.version}."
    return SubscriptionMovedProblem(ErrorCode.SUBSCRIPTION_MOVED, (), message, moved.moved_by, moved.version)
