"""A year of days: what each day costs whom, written from the rules on paper, and a biller that bills as it should when
it is there."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Terms:
    """Who pays for a customer, and the billing day if its parent gets a single invoice."""

    payer: str
    day: int | None
    mode: str


@dataclass
class Cycle:
    """Days at one price under one payer; those that have been served are counted."""

    start: date
    end: date
    rate: Fraction
    payer: str
    served: int = 0


@dataclass
class Course:
    """What a subscription costs, day by day."""

    price: Fraction
    months: int
    cycles: list[Cycle]
    anchor: int
    ends_on: date | None = None
    is_trial: bool = False
    is_paused: bool = False

    @property
    def cycle(self) -> Cycle:
        return self.cycles[-1]

    @property
    def owed(self) -> dict[str, Fraction]:
        """What each payer owes for the days that were served."""
        owed: dict[str, Fraction] = {}
        for cycle in self.cycles:
            owed[cycle.payer] = owed.get(cycle.payer, Fraction(0)) + cycle.rate * cycle.served
        return owed

    def dawn(self, today: date, terms: Terms) -> None:
        """Begin the next period where one is over."""
        if not self.is_over(today) and today >= self.cycle.end and not self.is_paused:
            self.is_trial = False
            self._begin(self.cycle.end, terms, carries_on=True)

    def dusk(self, today: date) -> None:
        """Count the day, unless the subscription has not begun, is over, or is paused beyond its period."""
        if not self.is_over(today) and self.cycle.start <= today < self.cycle.end:
            self.cycle.served += 1

    def is_over(self, today: date) -> bool:
        return self.ends_on is not None and today >= self.ends_on

    def cut(self, today: date, terms: Terms) -> None:
        """Let a new arrangement begin; a trial stays free to its end."""
        if self.is_over(today):
            return
        if self.is_trial and today < self.cycle.end:
            self.anchor = terms.day or self.cycle.end.day
            return
        self.is_trial = False
        self._begin(max(today, self.cycle.start), terms, carries_on=False)

    def move_along(self, before: Terms, after: Terms, *, was_billed: bool) -> None:
        """Move a paused subscription: all days of a period that was not billed are the new payer's."""
        if not was_billed:
            self.cycle.payer = after.payer
        if before.day or after.day:
            self.anchor = after.day or self.cycle.end.day

    def follow(self, today: date, recorded: date, terms: Terms) -> None:
        """Follow another billing day from the end of the recorded period on; later periods are not recorded yet."""
        self.anchor = terms.day or self.anchor
        if self.is_paused or self.cycle.start < recorded:
            return
        while self.cycle.start >= recorded:
            self.cycles.pop()
        day = recorded
        while day <= today:
            self.dawn(day, terms)
            if day < today:
                self.dusk(day)
            day += DAY

    def resume(self, today: date, terms: Terms) -> None:
        """Go on after a pause: within the period as if nothing had been, after it with a new one."""
        self.is_paused = False
        if today >= self.cycle.end and not self.is_over(today):
            self._begin(today, terms, carries_on=False)

    def run_on(self, today: date, recorded: tuple[date, date], terms: Terms) -> None:
        """Take the end back: the days since then were served, and the recorded period may have been shortened to it."""
        ended_on, self.ends_on = self.ends_on, None
        if self.cycle.start == recorded[0]:
            self.cycle.end = min(self.cycle.end, recorded[1])
        day = today if ended_on is None else ended_on
        while day <= today:
            self.dawn(day, terms)
            if day < today:
                self.dusk(day)
            day += DAY

    def begin_again(self, today: date, terms: Terms) -> None:
        """Begin with a new period after an end."""
        self.ends_on = None
        self._begin(today, terms, carries_on=False)

    def agree(self, price: Decimal, days: int) -> None:
        """Charge another price for the days of the current period."""
        self.cycle.rate = Fraction(price) / days

    def _begin(self, start: date, terms: Terms, *, carries_on: bool) -> None:
        if terms.day:
            self.anchor = terms.day
            is_whole = carries_on and start.day == terms.day
            end = months_on(start, self.months, terms.day) if is_whole else next_day(start, terms.day)
        else:
            if not carries_on or start != months_on(start, 0, self.anchor):
                self.anchor = start.day
            end = months_on(start, self.months, self.anchor)
        whole_days = (end - months_on(end, -self.months, self.anchor)).days
        self.cycles.append(Cycle(start, end, self.price / whole_days, terms.payer))


@dataclass
class Row:
    """A period as it is stored."""

    payer: str
    start: date
    end: date
    net: Decimal
    billed: Decimal = Decimal(0)
    credited: Decimal = Decimal(0)
    cut_on: date | None = None

    @property
    def left(self) -> Decimal:
        return self.billed - self.credited


def due(row: Row, at: date, *, in_advance: bool) -> Decimal:
    """What remains to be invoiced, or to be credited if negative, when a period ends on a day."""
    days, elapsed = (row.end - row.start).days, (at - row.start).days
    if in_advance and row.billed:
        return -to_cents(row.left * (days - elapsed) / days)
    return to_cents(row.net * elapsed / days - row.left)


def to_cents(amount: Decimal | Fraction) -> Decimal:
    exact = amount if isinstance(amount, Decimal) else Decimal(amount.numerator) / amount.denominator
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def months_on(day: date, months: int, anchor: int) -> date:
    month = day.year * 12 + day.month - 1 + months
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(anchor, calendar.monthrange(year, month)[1]))


def next_day(after: date, day: int) -> date:
    after += DAY
    while after.day != day:
        after += DAY
    return after
