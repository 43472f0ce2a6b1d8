"""A billing system, whose messages may come late or twice; what it has billed is only what was accepted."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode
from app.domain.subscriptions import BillingDirection
from app.domain.upserts import RejectionPolicy
from app.services.upsert_subscriptions import UpsertSubscriptionsCommand, upsert_subscriptions
from tests.support.billing_year import Terms, months_on, next_day, to_cents
from tests.support.mirror import REFUSED, UPDATED

STALE = {ErrorCode.SUBSCRIPTION_MOVED, ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT, ErrorCode.VERSION_CONFLICT}
_PERIODS, _SUBSCRIPTIONS = tables.subscription_periods, tables.subscriptions


@dataclass(frozen=True)
class Message:
    """A row, with what it bills more than the one before it."""

    row: dict[str, Any]
    bills: Decimal
    payer: str
    """Who got the invoice: who paid when the message was made."""
    made_for: int
    """The version of which the billing system knew."""
    is_careless: bool = False
    """Whether it may contradict itself."""


@dataclass
class MirroredBook:
    """A subscription as the billing system believes it to be."""

    key: str
    price: Decimal
    months: int
    direction: BillingDirection
    always_expects: bool
    """Whether each message names the version that it was made for; otherwise only after one was refused."""
    start: date
    end: date
    net: Decimal
    anchor: int
    ends_on: date | None = None
    billed: Decimal = Decimal(0)
    version: int = 1
    knows_version: bool = False
    moved_version: int | None = None
    """The version that the last transition or new billing day gave it."""
    accepted: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    """What was billed to whom."""
    messages: list[Message] = field(default_factory=list[Message])
    """Everything that was ever sent."""

    def next_message(self, today: date, terms: Terms) -> Message | None:
        """Make the next message that is due; None if there is none."""
        is_stub = terms.day is not None and self.start != months_on(self.end, -self.months, terms.day)
        in_advance = self.direction is BillingDirection.ADVANCE and not is_stub
        if self.billed == 0 and self.net and (self.end <= today or (in_advance and self.start <= today)):
            return self._bill(today, terms)
        if self.end > today or (self.ends_on is not None and self.end >= self.ends_on):
            return None
        return self._next(terms)

    def careless(self, mistake: str, today: date, terms: Terms) -> Message | None:
        """Make a message that is sent without looking whether it is due; None if the mistake can't be made now."""
        message = self._careless(mistake, today, terms) or self._restarted(mistake, today, terms)
        if message is not None:
            message = self.messages[-1] = replace(message, is_careless=True)
        return message

    def _careless(self, mistake: str, today: date, terms: Terms) -> Message | None:
        match mistake:
            case "next at once":
                # Too early, or without having billed the period before it.
                return self._next(terms)
            case "bill at once" if self.billed == 0 and self.net and self.start <= today:
                return self._bill(today, terms)
            case "bill twice" if self.billed:
                return self._message(self._days() | {"billed_amount": self.billed * 2}, self.billed, terms)
            case "shorten" if self.billed and (self.end - self.start).days > 1:
                days = {"starts_on": self.start, "ends_on": self.start + timedelta(1)}
                return self._message(days, Decimal(0), terms)
            case "lengthen" if self.billed:
                return self._message({"starts_on": self.start, "ends_on": date(2099, 1, 1)}, Decimal(0), terms)
            case _:
                return None

    def _restarted(self, mistake: str, today: date, terms: Terms) -> Message | None:
        row: dict[str, Any] = {"external_system_id": self.key}
        match mistake:
            case "take back":
                # As if it had not begun, so that its period could move.
                return self._made(row | {"status": "AWAITING_PAYMENT"}, Decimal(0), terms)
            case "begin today" if not self.billed and self.start < today < self.end:
                rest = to_cents(self.net * (self.end - today).days / (self.end - self.start).days)
                days = {"starts_on": today, "ends_on": self.end, "net_amount": rest}
                return self._made(row | {"status": "ACTIVE", "current_period": days}, Decimal(0), terms)
            case _:
                return None

    def _days(self) -> dict[str, Any]:
        return {"starts_on": self.start, "ends_on": self.end}

    def _bill(self, today: date, terms: Terms) -> Message:
        return self._message(self._days() | {"billed_amount": self.net, "billed_on": today}, self.net, terms)

    def _next(self, terms: Terms) -> Message:
        start, end, net = self._next_period(terms)
        return self._message({"starts_on": start, "ends_on": end, "net_amount": net}, Decimal(0), terms)

    def misdated(self, days: int, terms: Terms) -> Message | None:
        """Make the next period some days early or late, by mistake; None if it would be the current one."""
        start = self.end + timedelta(days)
        if start <= self.start:
            return None
        period = {"starts_on": start, "ends_on": start + timedelta(30), "net_amount": self.price}
        row = {"external_system_id": self.key, "current_period": period, "expected_version": self.version}
        return Message(row, Decimal(0), terms.payer, self.version)

    def undated(self, terms: Terms) -> Message:
        """Make a message that says when it bills, without the period."""
        row: dict[str, Any] = {"external_system_id": self.key, "anchor_day": self.anchor, "next_billing_date": self.end}
        return self._made(row, Decimal(0), terms)

    def with_interval(self, months: int, terms: Terms) -> Message:
        """Make a message with another interval, which applies from the next period on."""
        return self._of_today({"interval_months": months}, terms)

    def canceled(self, ends_on: date, terms: Terms) -> Message:
        """Make a message that ends the subscription on a day to come."""
        return self._of_today({"status": "PENDING_CANCELLATION", "ends_on": ends_on}, terms)

    def resumed(self, terms: Terms, **values: Any) -> Message:
        """Make a message that takes the cancellation back."""
        return self._of_today({"status": "ACTIVE", "ends_on": None} | values, terms)

    def begun(self, today: date, terms: Terms) -> Message:
        """Make the same message with a period that begins today."""
        anchor = terms.day or today.day
        end = next_day(today, terms.day) if terms.day else months_on(today, self.months, anchor)
        whole = (end - months_on(end, -self.months, anchor)).days
        net = to_cents(self.price * (end - today).days / whole)
        period = {"starts_on": today, "ends_on": end, "net_amount": net}
        return self.resumed(terms, current_period=period, anchor_day=anchor, next_billing_date=end)

    def _of_today(self, values: dict[str, Any], terms: Terms) -> Message:
        """Make a message that is never sent again, because it would undo a later one."""
        row = {"external_system_id": self.key, "expected_version": self.version} | values
        return Message(row, Decimal(0), terms.payer, self.version)

    def _message(self, period: dict[str, Any], bills: Decimal, terms: Terms) -> Message:
        row: dict[str, Any] = {"external_system_id": self.key, "current_period": period}
        row["next_billing_date"] = period["ends_on"]
        return self._made(row, bills, terms)

    def _made(self, row: dict[str, Any], bills: Decimal, terms: Terms) -> Message:
        if self.always_expects or self.knows_version:
            row["expected_version"] = self.version
        message = Message(row, bills, terms.payer, self.version)
        self.messages.append(message)
        return message

    def _next_period(self, terms: Terms) -> tuple[date, date, Decimal]:
        start, anchor = self.end, terms.day or self.anchor
        if start == months_on(start, 0, anchor):
            end = months_on(start, self.months, anchor)
        elif terms.day:
            end = next_day(start, terms.day)
        else:
            anchor = start.day
            end = months_on(start, self.months, anchor)
        self.anchor = anchor
        whole = (end - months_on(end, -self.months, anchor)).days
        if self.ends_on is not None and start < self.ends_on:
            end = min(end, self.ends_on)
        return start, end, to_cents(self.price * (end - start).days / whole)

    async def send(self, unit_of_work: UnitOfWork, engine: AsyncEngine, message: Message) -> bool:
        """Send a message, and learn from the answer: return whether it was accepted."""
        command = UpsertSubscriptionsCommand((message.row,), RejectionPolicy.ROW_BY_ROW)
        outcome, _ = await upsert_subscriptions(unit_of_work, "biller", command, None)
        (result,) = outcome.results
        if result.outcome is REFUSED:
            await self.read(engine, unit_of_work.company_id)
            may_contradict = message.is_careless or self.ends_on is not None or self._has_passed(message)
            may = STALE | {ErrorCode.SUBSCRIPTION_INCONSISTENT} if may_contradict else STALE
            assert {problem.code for problem in result.errors} <= may, result.errors
            self.knows_version = True
            return False
        assert result.subscription is not None
        if result.outcome is UPDATED:
            was, was_billed = self.start, self.billed
            await self.read(engine, unit_of_work.company_id)
            is_moved_since = self.moved_version is not None and self.moved_version > result.subscription.version
            assert is_moved_since or message.made_for >= (self.moved_version or 0), message
            # A second bill of the same amount replaces the first one: only its day changes.
            if (self.start, self.billed) != (was, was_billed):
                self.accepted[message.payer] = self.accepted.get(message.payer, Decimal(0)) + message.bills
            # Of the next period, a row needs no version any more, unless it begins on the day of the first version.
            self.knows_version = self.knows_version and self.start == was
        return True

    def _has_passed(self, message: Message) -> bool:
        """Return whether a message without a period bills on a day before the period that is stored."""
        return "current_period" not in message.row and message.row.get("next_billing_date", self.start) < self.start

    async def recorded_until(self, engine: AsyncEngine, company: UUID) -> date:
        """Return the day after the last one that is recorded, whatever is believed here."""
        return (await self._stored(engine, company)).ends_on

    async def read(self, engine: AsyncEngine, company: UUID) -> None:
        """Believe what is stored."""
        row = await self._stored(engine, company)
        self.start, self.end, self.net, self.billed = row.starts_on, row.ends_on, row.net_amount, row.billed_amount
        self.version, self.moved_version, self.anchor = row.version, row.moved_version, row.anchor_day

    async def _stored(self, engine: AsyncEngine, company: UUID) -> Row[Any]:
        query = (
            select(_PERIODS, _SUBSCRIPTIONS.c.version, _SUBSCRIPTIONS.c.moved_version, _SUBSCRIPTIONS.c.anchor_day)
            .join(_SUBSCRIPTIONS, _SUBSCRIPTIONS.c.id == _PERIODS.c.subscription_id)
            .where(_SUBSCRIPTIONS.c.company_id == company, _SUBSCRIPTIONS.c.external_system_id == self.key)
            .order_by(_PERIODS.c.sequence.desc())
            .limit(1)
        )
        async with engine.connect() as connection:
            return (await connection.execute(query)).one()
