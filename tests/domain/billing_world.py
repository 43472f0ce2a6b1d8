"""A small company for a year: the service's transitions on one side, the days and the biller on the other."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from app.domain.billing import Subscription
from app.domain.calendar import Period
from app.domain.customer_rules import Record
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.cutting import Cut
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from app.domain.transition import Transition, compute_transition
from tests.support.billing_year import DAY, Course, Cycle, Row, Terms, due, months_on, next_day, to_cents

START = date(2026, 1, 10)
RUNNING = {SubscriptionStatus.TRIAL, SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING_CANCELLATION}
NAMES = ("kid", "one", "two", "last")
IDS = {name: UUID(int=place) for place, name in enumerate(NAMES, start=1)}
NAME_OF = {id_: name for name, id_ in IDS.items()}


@dataclass
class Account:
    """A subscription as the service sees it, as it is stored, and as its days go."""

    subscription: Subscription
    rows: list[Row]
    course: Course
    billed: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    lines: int = 0

    @property
    def row(self) -> Row:
        return self.rows[-1]

    def book(self, payer: str, amount: Decimal) -> None:
        self.billed[payer] = self.billed.get(payer, Decimal(0)) + amount
        self.lines += 1

    def synchronize(self) -> None:
        """Show the service what is stored of the current period."""
        row, is_open = self.row, self.row.cut_on is None
        self.subscription = replace(
            self.subscription,
            period=Period(row.start, row.end),
            period_net=row.net,
            billed=row.billed,
            credited=row.credited,
            period_id=UUID(int=9) if is_open else None,
            period_payer_id=IDS[row.payer] if is_open else None,
        )


class World:
    """The family, its subscriptions, and today."""

    def __init__(self) -> None:
        self.today = START
        self.has_biller = True
        self.records = {name: _record(name) for name in NAMES}
        self.accounts: list[Account] = []

    def terms(self, name: str) -> Terms:
        customer = self.records[name]
        payer = self.records[NAME_OF[customer.parent_id]] if customer.parent_id and customer.is_paid_for else customer
        mode = payer.mode or ConsolidationMode.PER_CHILD_INVOICE
        return Terms(NAME_OF[payer.id], payer.billing_day if payer.has_single_invoice else None, mode)

    def terms_of(self, account: Account) -> Terms:
        return self.terms(NAME_OF[account.subscription.customer_id])

    def start(self, customer: str, direction: BillingDirection, months: int, begins: int, trial: int) -> None:
        """Start a subscription in some days, with a trial of some days before it costs anything."""
        begin, terms = self.today + timedelta(days=begins), self.terms(customer)
        price = Decimal("300.00") if months == 1 else Decimal("999.99")
        end = next_day(begin, terms.day) if terms.day else months_on(begin, months, begin.day)
        anchor = terms.day or begin.day
        whole = (end - months_on(end, -months, anchor)).days
        rate, net = Fraction(price) / whole, to_cents(price * (end - begin).days / whole)
        if trial:
            end, rate, net = begin + timedelta(days=trial), Fraction(0), Decimal(0)
            anchor = terms.day or end.day
        subscription = Subscription(
            id=UUID(int=len(self.accounts) + 10),
            customer_id=IDS[customer],
            name="s",
            status=SubscriptionStatus.TRIAL if trial else SubscriptionStatus.ACTIVE,
            direction=direction,
            currency="DKK",
            net_amount=price,
            interval_months=months,
            anchor_day=anchor,
            ends_on=None,
            period=Period(begin, end),
            period_net=net,
            billed=Decimal(0),
            credited=Decimal(0),
            next_billing_date=begin,
            period_id=UUID(int=9),
            period_payer_id=IDS[terms.payer],
        )
        course = Course(Fraction(price), months, [Cycle(begin, end, rate, terms.payer)], anchor, is_trial=bool(trial))
        self.accounts.append(Account(subscription, [Row(terms.payer, begin, end, net)], course))

    def live(self, days: int) -> None:
        """Let days pass; the biller works in the morning."""
        for _ in range(days):
            for account in self.accounts:
                account.course.dusk(self.today)
            self.today += DAY
            for account in self.accounts:
                account.course.dawn(self.today, self.terms_of(account))
                if self.has_biller:
                    self.bill(account)

    def bill(self, account: Account) -> None:
        """Bill what is due, and move on to the period that holds today."""
        while account.subscription.status in RUNNING and account.row.cut_on is None:
            row, ends_on = account.row, account.subscription.ends_on
            at = row.end if ends_on is None else max(min(row.end, ends_on), row.start)
            if at > self.today:
                self._bill_in_advance(account)
                return
            self._settle(account, at)
            if ends_on is not None and ends_on <= row.end:
                account.subscription = replace(account.subscription, status=SubscriptionStatus.EXPIRED)
                return
            if account.subscription.status is SubscriptionStatus.TRIAL:
                account.subscription = replace(account.subscription, status=SubscriptionStatus.ACTIVE)
            self._record(account, row.end, self._regular_end(account, row.end))

    def pause(self, account: Account) -> None:
        self.bill(account)
        if account.subscription.status is SubscriptionStatus.ACTIVE and account.row.start <= self.today:
            account.subscription = replace(account.subscription, status=SubscriptionStatus.PAUSED)
            account.course.is_paused = True

    def resume(self, account: Account) -> None:
        if account.subscription.status is not SubscriptionStatus.PAUSED:
            return
        account.subscription = replace(account.subscription, status=SubscriptionStatus.ACTIVE)
        ends_on, row, terms = account.subscription.ends_on, account.row, self.terms_of(account)
        account.course.resume(self.today, terms)
        if row.end > self.today or (ends_on is not None and ends_on <= self.today):
            self.bill(account)
            return
        self._settle(account, row.end)
        anchor = terms.day or self.today.day
        account.subscription = replace(account.subscription, anchor_day=anchor)
        end = next_day(self.today, terms.day) if terms.day else months_on(self.today, account.course.months, anchor)
        self._record(account, self.today, end)

    def end(self, account: Account, days: int) -> None:
        """Cancel a subscription: in some days it runs no more."""
        if account.subscription.status in RUNNING and account.subscription.ends_on is None:
            account.subscription = replace(account.subscription, ends_on=self.today + timedelta(days=days))
            account.course.ends_on = account.subscription.ends_on
            if account.subscription.status is SubscriptionStatus.ACTIVE:
                account.subscription = replace(account.subscription, status=SubscriptionStatus.PENDING_CANCELLATION)

    def bill_partly(self, account: Account, percent: int) -> None:
        """Invoice a part: in arrears on account, in advance as the price agreed for the period."""
        row = account.row
        is_current = row.cut_on is None and row.start <= self.today < row.end
        amount, days = to_cents(row.net * percent / 100), (row.end - row.start).days
        if not is_current or not amount or account.subscription.status not in {*RUNNING} - {SubscriptionStatus.TRIAL}:
            return
        if account.subscription.direction is BillingDirection.ARREARS:
            row.billed += amount
            account.book(row.payer, amount)
        elif row.billed == 0:
            row.billed = amount
            account.book(row.payer, amount)
            account.course.agree(amount, days)
        elif amount <= row.left:
            row.credited += amount
            account.book(row.payer, -amount)
            account.course.agree(row.left, days)
        account.synchronize()

    def change(self, name: str, after: Record) -> None:
        """Change a customer: the service plans what that does, and the days take their course."""
        before = self.records[name]
        children = [self.records["kid"]] if self.records["kid"].parent_id == before.id else []
        found = [account.subscription for account in self.accounts]
        transition = compute_transition(
            before, after, {record.id: record for record in self.records.values()}, children, found, self.today
        )
        was = {account.subscription.id: self.terms_of(account) for account in self.accounts}
        self.records[name] = after
        triggered = (before.parent_id, before.relationship, before.mode) != (
            after.parent_id,
            after.relationship,
            after.mode,
        )
        for account in self.accounts:
            old, new = was[account.subscription.id], self.terms_of(account)
            if old != new:
                self._take_course(account, old, new, triggered=triggered)
        if transition is not None:
            self._apply(transition)

    def _take_course(self, account: Account, old: Terms, new: Terms, *, triggered: bool) -> None:
        status = account.subscription.status
        if status is SubscriptionStatus.EXPIRED:
            return
        if not triggered:
            account.course.follow(self.today, account.row.end, new)
        elif status in RUNNING:
            account.course.cut(self.today, new)
        else:
            account.course.move_along(old, new, was_billed=account.row.billed > 0)

    def _apply(self, transition: Transition) -> None:
        account_of = {account.subscription.id: account for account in self.accounts}
        for cut in transition.cuts:
            _apply_cut(account_of[cut.subscription.id], cut, transition)
        for move in transition.moves:
            account = account_of[move.subscription.id]
            if move.payer_id is not None:
                account.row.payer = NAME_OF[move.payer_id]
            account.subscription = replace(
                account.subscription, anchor_day=move.anchor_day, next_billing_date=move.next_billing_date
            )
            account.synchronize()

    def _bill_in_advance(self, account: Account) -> None:
        row, terms = account.row, self.terms_of(account)
        is_stub = terms.day is not None and row.start != months_on(row.end, -account.course.months, terms.day)
        in_advance = account.subscription.direction is BillingDirection.ADVANCE
        is_due = in_advance and not is_stub and row.billed == 0 and row.start <= self.today
        if is_due and account.subscription.status is not SubscriptionStatus.TRIAL and row.net:
            row.billed = row.net
            account.book(row.payer, row.net)
            account.synchronize()

    def _settle(self, account: Account, at: date) -> None:
        row = account.row
        if account.subscription.status is SubscriptionStatus.TRIAL:
            return
        amount = due(row, at, in_advance=account.subscription.direction is BillingDirection.ADVANCE)
        if amount:
            account.book(row.payer, amount)
        row.billed += max(amount, Decimal(0))
        row.credited += max(-amount, Decimal(0))

    def _regular_end(self, account: Account, start: date) -> date:
        terms, months = self.terms_of(account), account.course.months
        anchor = terms.day or account.subscription.anchor_day
        if start != months_on(start, 0, anchor):
            if terms.day:
                return next_day(start, terms.day)
            anchor = start.day
        account.subscription = replace(account.subscription, anchor_day=anchor)
        return months_on(start, months, anchor)

    def _record(self, account: Account, start: date, end: date) -> None:
        terms, months = self.terms_of(account), account.course.months
        anchor = terms.day or account.subscription.anchor_day
        whole = (end - months_on(end, -months, anchor)).days
        net = to_cents(account.subscription.net_amount * (end - start).days / whole)
        account.rows.append(Row(terms.payer, start, end, net))
        account.synchronize()
        self._bill_in_advance(account)


def _apply_cut(account: Account, cut: Cut, transition: Transition) -> None:
    row = account.row
    if row.cut_on is None:
        row.cut_on = cut.closed_on
    for line in cut.lines:
        is_credit = line.kind == "CREDIT_NOTE"
        account.book(NAME_OF[line.payer_id], -line.amount if is_credit else line.amount)
        if line is cut.settlement:
            row.billed += 0 if is_credit else line.amount
            row.credited += line.amount if is_credit else 0
    for period in cut.rolled:
        rolled = Row(NAME_OF[period.payer_id], period.period.start, period.period.end, period.net, period.billed)
        rolled.cut_on = period.cut_on
        account.rows.append(rolled)
    if cut.following.days:
        payer = transition.arrangements_after[cut.subscription.customer_id].payer_id
        account.rows.append(Row(NAME_OF[payer], cut.following.start, cut.following.end, cut.following_net))
    account.subscription = replace(
        account.subscription,
        status=cut.status,
        anchor_day=cut.anchor_day,
        next_billing_date=cut.next_billing_date,
    )
    account.synchronize()


def _record(name: str) -> Record:
    return Record(
        id=IDS[name],
        is_active=True,
        currency="DKK",
        parent_id=None,
        relationship=BillingRelationship.SELF,
        mode=None,
        billing_day=None,
        template_id=None,
    )
