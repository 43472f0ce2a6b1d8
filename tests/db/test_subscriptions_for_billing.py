"""What billing reads of subscriptions, under locks."""

import asyncio
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import booking
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.billing import Arrangement
from app.domain.calendar import Period
from app.domain.customers import ConsolidationMode
from app.domain.cutting import cuts
from app.domain.transition import Transition
from tests.db.books import CUT, Books
from tests.support.records import Records, new_company


@pytest.fixture
def books(database: Database, owner_engine: AsyncEngine, company: UUID) -> Books:
    return Books(UnitOfWork(database, company), owner_engine)


async def test_a_subscription_is_read_with_its_current_period(books: Books, records: Records) -> None:
    customer = await records.customer()
    subscription = await records.subscription(customer, net_amount=300)
    earlier = {"starts_on": date(2026, 5, 1), "ends_on": date(2026, 6, 1)}
    await records.period(subscription, customer, sequence=1, **earlier)
    await records.period(subscription, customer, sequence=2, net_amount=150, billed_amount=120, credited_amount=20)

    (found,) = await books.subscriptions(customer)

    assert (found.id, found.customer_id, found.net_amount) == (subscription, customer, 300)
    assert found.period == Period(date(2026, 6, 1), date(2026, 7, 1))
    assert (found.period_net, found.billed, found.credited) == (150, 120, 20)


async def test_nothing_was_billed_for_a_period_without_a_row(books: Books, records: Records) -> None:
    customer = await records.customer()
    subscription = await records.subscription(customer, net_amount=300)
    earlier = {"starts_on": date(2026, 5, 1), "ends_on": date(2026, 6, 1)}
    await records.period(subscription, customer, **earlier)

    (found,) = await books.subscriptions(customer)

    assert found.period == Period(date(2026, 6, 1), date(2026, 7, 1))
    assert (found.period_net, found.billed, found.credited) == (300, 0, 0)


async def test_subscriptions_of_other_customers_and_companies_are_not_read(
    books: Books, records: Records, owner_engine: AsyncEngine
) -> None:
    customer = await records.customer()
    await records.subscription(await records.customer())
    other_company = Records(owner_engine, await new_company(owner_engine))
    foreign = await other_company.customer()
    await other_company.subscription(foreign)

    assert await books.subscriptions(customer, foreign) == []


async def test_a_locked_subscription_waits_for_the_cut_and_then_shows_the_new_period(
    books: Books, records: Records
) -> None:
    customer, payer = await records.customer(), await records.customer()
    subscription = await records.subscription(customer)
    await records.period(subscription, customer, billed_amount=300)
    read, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session: WriteSession) -> None:
        found = await booking.subscriptions_for_billing(session, [customer], lock=True)
        read.set()
        await go_on.wait()
        old = Arrangement(customer, ConsolidationMode.PER_CHILD_INVOICE, None)
        new = Arrangement(payer, ConsolidationMode.PER_CHILD_INVOICE, None)
        made = tuple(cuts(found, old, new, CUT))
        transition = Transition(customer, CUT, old, new, made, {customer: new}, (), ())
        await booking.book_all(session, [transition], "someone")

    first = asyncio.create_task(books.unit_of_work.run(slow))
    await read.wait()
    second = asyncio.create_task(books.subscriptions(customer))
    # Long enough for the second to reach the lock; it can't end before the first is let go on.
    done, _ = await asyncio.wait([second], timeout=0.2)
    assert not done
    go_on.set()
    await first

    (found,) = await second
    assert found.period == Period(CUT, date(2026, 7, 19))
