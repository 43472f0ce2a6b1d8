"""What a row would make of a stored subscription, before it is judged."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from app.db.mirror_reads import StoredPeriod, StoredSubscription
from app.domain.billing import ACTIVE
from app.domain.consistency_rules import consistency_problems
from app.domain.errors import ErrorCode, Problem
from app.domain.late_messages import Moved, day_known, day_known_by_unchanged, is_age_unknown, may_undo
from app.domain.mirroring import PERIOD, MirroredPeriod, MirroredSubscription, Placement, in_period
from app.domain.partly_read import checked, object_of
from app.domain.period_rules import calendar_problems, unbegun_problem
from app.domain.subscription_fields import PERIOD_FIELDS, SentRow, of_period
from app.services.mirror_periods import COLUMNS, Placed, last_move, mirrored, placed

_RECORDED = frozenset({PERIOD, "external_system_id"})
_RUNNING = frozenset({"status", "ends_on", "external_system_id"})


@dataclass(frozen=True, slots=True)
class SentChange:
    """A row beside the stored subscription that it changes."""

    row: SentRow
    stored: StoredSubscription
    now: MirroredSubscription
    """What is stored."""
    after: MirroredSubscription
    """What the row makes of it; without the fields that can't be told."""
    moved: Moved
    """The last transition or new billing day."""
    placed: Placed
    changed: tuple[str, ...]
    """The attributes that change, of those that can be told."""
    changed_of_period: frozenset[str]
    """The same of the current period, by the names of `of_period`."""

    @property
    def expected_version(self) -> int | None:
        """The version that the row expects."""
        return self.row.values.get("expected_version")

    @property
    def begins_period(self) -> bool:
        """Whether the row begins a period, or sends the first one that is recorded."""
        return _begins_period(self.row, self.stored, self.placed)

    @property
    def is_age_unknown(self) -> bool:
        """Whether a malformed field hides if the row is older than the last move."""
        return is_age_unknown(self.moved, self.expected_version, self.row.malformed)

    @property
    def may_undo(self) -> bool:
        """Whether the row may be older than the last move, and undo it."""
        status = self.row.values.get("status", self.now.status)
        starts_on = self.row.values.get(PERIOD, {}).get("starts_on")
        return may_undo(self.moved, self.expected_version, self.changed, status, starts_on)

    def problems(self, today: date) -> list[Problem]:
        """Return what contradicts itself, the stored periods or today.

        What doesn't fit today is returned only of fields without another problem.
        """
        judged = self.changed_of_period.union(self.changed)
        found = consistency_problems(self.after, judged, is_new_period=self.placed.place is Placement.NEXT)
        if self.placed.place is not None:
            found += checked(
                self._unbegun(today), self._overlap(self.stored.period), self._ended_without_next(self.stored.period)
            )
        named = {problem.path for problem in (*self.placed.problems, *found)}
        late = calendar_problems(self.after, judged, today)
        return [*found, *(problem for problem in late if problem.path not in named)]

    # After what these rules reject, the stored periods would contradict the subscription, or could. The database
    # rejects it as well, at the latest when the next transition cuts the period.

    def _unbegun(self, today: date) -> Iterator[Problem]:
        begins = self.placed.place is Placement.NEXT
        problem = unbegun_problem(self.now, self.after.status, today, begins=begins)
        if problem is not None and "status" in self.changed:
            yield problem

    def _overlap(self, last: StoredPeriod) -> Iterator[Problem]:
        if last.id is not None or last.previous_over_on is None or _RECORDED.isdisjoint(self.changed):
            return
        starts_on = self.after.current_period.starts_on
        if last.previous_over_on > starts_on:
            message = (
                f"is {starts_on}, but a period until {last.previous_over_on} is recorded. An administrator must correct"
                " the rows of the subscription and its periods in the database first."
            )
            yield in_period("starts_on", message)

    def _ended_without_next(self, last: StoredPeriod) -> Iterator[Problem]:
        if last.ended_on is None or self.placed.place is Placement.NEXT or _RUNNING.isdisjoint(self.changed):
            return
        status = self.after.status
        if status in ACTIVE and (self.after.ends_on is None or self.after.ends_on > last.ended_on):
            message = (
                f"must be the next one, and start on {last.ended_on} or later, for a subscription that is {status}: a"
                " transition has ended the stored one on that day."
            )
            yield Problem(ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT, (PERIOD,), message)

    def day_known(self, today: date) -> date | None:
        """Return the day on which the billing system first showed that it knows of the last move.

        Of a row that changes nothing, only if it is the first to show that.
        """
        starts_on = self.now.current_period.starts_on
        if not self.changed:
            return day_known_by_unchanged(self.moved, self.expected_version, today, starts_on)
        return day_known(self.moved, today, starts_on, self.after.current_period.starts_on)


def sent_change(stored: StoredSubscription, row: SentRow, today: date) -> SentChange:
    """Return what a row makes of a stored subscription."""
    now, moved = mirrored(stored), last_move(stored)
    place = placed(stored, now, moved, row, today)
    named = {name: row.values.get(name, getattr(now, name)) for name in COLUMNS if name not in row.malformed}
    after = object_of(MirroredSubscription, named | {PERIOD: place.period})
    changed = tuple(name for name in named if getattr(now, name) != named[name])
    of_current = _changed_of_period(row, stored, now.current_period, place)
    changed += (PERIOD,) if of_current else ()
    return SentChange(row, stored, now, after, moved, place, changed, of_period(*of_current))


def _begins_period(row: SentRow, stored: StoredSubscription, place: Placed) -> bool:
    return place.place is Placement.NEXT or (PERIOD in row.values and stored.period.id is None)


def _changed_of_period(row: SentRow, stored: StoredSubscription, now: MirroredPeriod, place: Placed) -> Collection[str]:
    """Return the fields of the current period that change, of those that can be told; all of one that begins."""
    if place.place is None:
        return ()
    if _begins_period(row, stored, place):
        return PERIOD_FIELDS.keys()
    told = PERIOD_FIELDS.keys() - row.malformed_of_period
    return [name for name in told if getattr(now, name) != getattr(place.period, name)]
