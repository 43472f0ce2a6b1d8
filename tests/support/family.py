"""A customer with mirrored subscriptions that its parents pay for by turns, and what each day should cost whom."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Rejected
from app.domain.subscriptions import BillingDirection
from app.services.update_customer import UpdateCustomerCommand, update_customer
from tests.support.biller import Message, MirroredBook
from tests.support.billing_year import DAY, Course, Cycle, Terms, months_on, next_day
from tests.support.clock import DatabaseClock
from tests.support.mirror import mirror, new_subscription

START = date(2026, 6, 1)
SHORTEST_MONTH = 28
SINGLE, PER_CHILD = "SINGLE_INVOICE", "PER_CHILD_INVOICE"


@dataclass
class Family:
    """A customer that its parents pay for by turns, its subscriptions, and what each day costs whom."""

    unit_of_work: UnitOfWork
    engine: AsyncEngine
    clock: DatabaseClock
    ids: dict[str, UUID]
    today: date = START
    payer: str = "kid"
    modes: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    books: list[MirroredBook] = field(default_factory=list[MirroredBook])
    courses: list[Course] = field(default_factory=list[Course])
    closed: set[str] = field(default_factory=set[str])
    """Keys of subscriptions whose end a transition has settled: no period runs."""
    settled_again: set[str] = field(default_factory=set[str])
    """Keys of subscriptions that another transition has found settled: it gives them a version, and changes nothing."""
    begun_again: set[date] = field(default_factory=set[date])
    delayed: list[tuple[MirroredBook, Message]] = field(default_factory=list[tuple[MirroredBook, Message]])

    @property
    def terms(self) -> Terms:
        mode, day = self.modes.get(self.payer, (PER_CHILD, 1))
        return Terms(self.payer, day if mode == SINGLE else None, mode)

    async def start(self, direction: BillingDirection, months: int, *, always_expects: bool) -> None:
        """Agree on a subscription that begins today."""
        key, price, terms = f"s{len(self.books)}", Decimal("300.00"), self.terms
        anchor = terms.day or self.today.day
        end = next_day(self.today, terms.day) if terms.day else months_on(self.today, months, anchor)
        whole = (end - months_on(end, -months, anchor)).days
        net = (price * (end - self.today).days / whole).quantize(Decimal("0.01"))
        book = MirroredBook(key, price, months, direction, always_expects, self.today, end, net, anchor, version=1)
        period = {"starts_on": self.today, "ends_on": end, "net_amount": net}
        terms_sent = {
            "billing_direction": direction,
            "interval_months": months,
            "anchor_day": anchor,
            "next_billing_date": end,
        }
        row = new_subscription(self.ids["kid"], key, started_on=self.today, current_period=period, **terms_sent)
        await mirror(self.unit_of_work, row)
        self.books.append(book)
        cycle = Cycle(self.today, end, Fraction(price) / whole, terms.payer)
        self.courses.append(Course(Fraction(price), months, [cycle], anchor))

    def live(self, days: int) -> None:
        for _ in range(days):
            for course in self.courses:
                course.dusk(self.today)
            self.today += DAY
            for course in self.courses:
                course.dawn(self.today, self.terms)
        self.clock.now = datetime(self.today.year, self.today.month, self.today.day, 10, tzinfo=UTC)

    async def bill(self) -> None:
        """Let the billing system do all that is due."""
        for book in self.books:
            for _ in range(12):
                message = book.next_message(self.today, self.terms)
                if message is None:
                    break
                await self.send(book, message)

    async def send(self, book: MirroredBook, message: Message) -> bool:
        return await book.send(self.unit_of_work, self.engine, message)

    async def change_interval(self, months: int) -> None:
        """Let periods have another length from the next one on, where all that is due was billed."""
        await self.bill()
        for book, course in zip(self.books, self.courses, strict=True):
            is_due = book.next_message(self.today, self.terms) is not None
            if not is_due and await self.send(book, book.with_interval(months, self.terms)):
                book.months = course.months = months

    async def cancel(self) -> None:
        """End in nine days what runs, where all that is due was billed."""
        await self.bill()
        ends_on = self.today + 9 * DAY
        ends_on = ends_on if ends_on.day <= SHORTEST_MONTH else next_day(ends_on, 1)
        for book, course in zip(self.books, self.courses, strict=True):
            is_due = book.next_message(self.today, self.terms) is not None
            if course.ends_on is None and not is_due and await self.send(book, book.canceled(ends_on, self.terms)):
                book.ends_on = course.ends_on = ends_on

    async def resume(self) -> None:
        """Take cancellations back: with a period that begins today where none runs, otherwise without one."""
        for book, course in zip(self.books, self.courses, strict=True):
            if course.ends_on is None:
                continue
            await book.read(self.engine, self.unit_of_work.company_id)
            accepted = await self.send(book, book.resumed(self.terms))
            assert accepted == (book.key not in self.closed)
            if accepted:
                course.run_on(self.today, (book.start, book.end), self.terms)
            else:
                assert await self.send(book, book.begun(self.today, self.terms))
                course.begin_again(self.today, self.terms)
                self.begun_again.add(self.today)
            book.ends_on = None
            self.closed.discard(book.key)

    async def change(
        self, customer: str, fields: dict[str, Any], payer: str | None = None, mode: tuple[str, int] | None = None
    ) -> None:
        """Change who pays, or how; the days take their course."""
        before = self.terms
        ids = await self._subscriptions(self.ids[customer]) if customer == "kid" else None
        command = UpdateCustomerCommand(self.ids[customer], fields, tuple(ids) if ids else None)
        try:
            await update_customer(self.unit_of_work, "tester", command, None)
        except Rejected as rejected:
            if {problem.code for problem in rejected.problems} != {ErrorCode.SUBSCRIPTION_TRANSITIONS_NOT_ALLOWED}:
                raise
            # Nothing was to change.
            return
        self.payer = payer or self.payer
        if mode is not None:
            self.modes[customer] = mode
        if self.terms != before:
            for book, course in zip(self.books, self.courses, strict=True):
                course.cut(self.today, self.terms)
                if book.key in self.closed:
                    self.settled_again.add(book.key)
                if course.is_over(self.today):
                    self.closed.add(book.key)

    async def move_billing_day(self, parent: str, day: int) -> None:
        """Give a single invoice another day; periods follow it when they are over."""
        command = UpdateCustomerCommand(self.ids[parent], {"billing_day": day}, None)
        await update_customer(self.unit_of_work, "tester", command, None)
        self.modes[parent] = (SINGLE, day)
        if self.payer == parent:
            for book, course in zip(self.books, self.courses, strict=True):
                course.follow(
                    self.today, await book.recorded_until(self.engine, self.unit_of_work.company_id), self.terms
                )

    async def link(self, parent: str) -> None:
        fields: dict[str, Any] = {"parent_customer_id": self.ids[parent], "billing_relationship": "PARENT_PAYS"}
        await self.change("kid", fields, payer=parent)

    async def _subscriptions(self, customer: UUID) -> list[UUID]:
        query = select(tables.subscriptions.c.id).where(tables.subscriptions.c.customer_id == customer)
        async with self.engine.connect() as connection:
            return [row[0] for row in await connection.execute(query)]
