"""The real company beside the model: the services driven from another thread, the owner's hand, and what is stored."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import Table, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import Rejected
from app.services.create_customer import CreateCustomerCommand, create_customer
from app.services.preview_transition import TransitionPreview, preview_transition
from app.services.update_customer import UpdateCustomerCommand, UpdateCustomerOutcome, update_customer
from tests.stateful.billing_model import Period, Subscription
from tests.support.clock import DatabaseClock
from tests.support.records import Records, new_company

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Bench:
    """What all examples share. The tests' event loop waits while a machine runs in a thread, and works for it."""

    database: Database
    owner: AsyncEngine
    clock: DatabaseClock
    loop: asyncio.AbstractEventLoop

    def wait(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)


class Company:
    """One example's company."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.id = bench.wait(new_company(bench.owner))
        self.group = bench.wait(Records(bench.owner, self.id).group())

    @property
    def _unit_of_work(self) -> UnitOfWork:
        return UnitOfWork(self._bench.database, self.id)

    def create(self, fields: dict[str, Any]) -> Any:
        """The new customer's row, or the codes of the rejection."""
        given = {"vat_zone": "DOMESTIC", "customer_group_id": self.group, "country_code": "DK"} | fields
        try:
            work = create_customer(self._unit_of_work, "tester", CreateCustomerCommand(given), None)
            return self._bench.wait(work)[0].customer
        except Rejected as rejected:
            return {str(problem.code) for problem in rejected.problems}

    def update(self, command: UpdateCustomerCommand, key: str) -> tuple[UpdateCustomerOutcome | set[str], bool]:
        """The outcome or the codes of the rejection, and whether it was replayed."""
        try:
            return self._bench.wait(update_customer(self._unit_of_work, "tester", command, key))
        except Rejected as rejected:
            return {str(problem.code) for problem in rejected.problems}, False

    def preview(self, command: UpdateCustomerCommand) -> TransitionPreview | set[str]:
        """The preview, or the codes of what left nothing to preview."""

        async def read() -> TransitionPreview:
            async with self._bench.database.read(self.id) as session:
                return await preview_transition(session, command)

        try:
            return self._bench.wait(read())
        except Rejected as rejected:
            return {str(problem.code) for problem in rejected.problems}

    def start(self, subscription: Subscription) -> None:
        """Write a subscription and its first period, as the owner."""
        row = {
            "id": subscription.id,
            "customer_id": subscription.customer,
            "name": "Subscription",
            "status": subscription.status,
            "billing_direction": subscription.direction,
            "currency": subscription.currency,
            "net_amount": subscription.net,
            "interval_months": subscription.months,
            "anchor_day": subscription.anchor,
            "started_on": subscription.current.start,
            "ends_on": subscription.ends_on,
            "current_period_start": subscription.current.start,
            "current_period_end": subscription.current.end,
            "next_billing_date": subscription.next_billing,
        }
        self._write(insert(tables.subscriptions).values(row | {"company_id": self.id}))
        self._write(self._period(subscription))

    def bill_on(self, subscription: Subscription) -> None:
        """Write the period that a subscription has just moved on to, as billing does."""
        current, of = subscription.current, tables.subscriptions.c
        values = {"current_period_start": current.start, "current_period_end": current.end}
        self._write(update(tables.subscriptions).where(of.id == subscription.id).values(values))
        self._write(self._period(subscription))

    def set_status(self, subscription: Subscription) -> None:
        where = tables.subscriptions.c.id == subscription.id
        self._write(update(tables.subscriptions).where(where).values(status=subscription.status))

    def stored(self, *tables_and_orders: tuple[Table, str]) -> list[Sequence[Any]]:
        """All rows of the company in these tables, of one moment, each in an order."""

        async def read() -> list[Sequence[Any]]:
            async with self._bench.owner.connect() as connection:
                return [
                    (
                        await connection.execute(
                            select(table).where(table.c.company_id == self.id).order_by(text(order))
                        )
                    ).all()
                    for table, order in tables_and_orders
                ]

        return self._bench.wait(read())

    def _period(self, subscription: Subscription) -> Any:
        current: Period = subscription.current
        row = {
            "company_id": self.id,
            "id": uuid4(),
            "subscription_id": subscription.id,
            "sequence": len(subscription.periods),
            "payer_customer_id": current.payer,
            "starts_on": current.start,
            "ends_on": current.end,
            "net_amount": current.net,
            "billed_amount": current.billed,
            "credited_amount": current.credited,
        }
        return insert(tables.subscription_periods).values(row)

    def _write(self, statement: Any) -> None:
        async def work() -> None:
            async with self._bench.owner.begin() as connection:
                await connection.execute(statement)

        self._bench.wait(work())
