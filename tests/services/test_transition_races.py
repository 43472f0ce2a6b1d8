"""Transitions among rivals: whatever meets whatever, the payers agree, the family has one level, and a key counts
once."""

import asyncio
from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import case, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Rejected
from app.services.update_customer import UpdateCustomerCommand, UpdateCustomerOutcome, update_customer
from tests.services import updates
from tests.services.rivals import meeting
from tests.services.updates import PARENT, billed, previewed, rows_of
from tests.support.lock_waits import lock_waits
from tests.support.records import Records

pytestmark = pytest.mark.usefixtures("clock")
customers, subscriptions, periods = tables.customers.c, tables.subscriptions.c, tables.subscription_periods.c
ACTIVE = ("TRIAL", "ACTIVE", "PENDING_CANCELLATION")
JUNE = {"starts_on": date(2026, 6, 1), "ends_on": date(2026, 7, 1)}
PAYER = case((customers.billing_relationship == "PARENT_PAYS", customers.parent_customer_id), else_=customers.id)


async def start(engine: AsyncEngine, company: UUID, customer: UUID) -> UUID:
    """Start a subscription as another service would: the row first, then its period under whoever pays by then."""
    key = {"company_id": company, "id": uuid4()}
    row = key | {
        "customer_id": customer,
        "name": "Late",
        "status": "ACTIVE",
        "currency": "DKK",
        "net_amount": 300,
        "anchor_day": 1,
        "started_on": JUNE["starts_on"],
        "current_period_start": JUNE["starts_on"],
        "current_period_end": JUNE["ends_on"],
    }
    payer = select(PAYER).where(customers.company_id == company, customers.id == customer).scalar_subquery()
    period: dict[str, Any] = {
        "company_id": company,
        "id": uuid4(),
        "subscription_id": key["id"],
        "sequence": 1,
        "payer_customer_id": payer,
        "net_amount": 300,
        "billed_amount": 300,
        "credited_amount": 0,
    } | JUNE
    async with engine.begin() as connection:
        await connection.execute(insert(tables.subscriptions).values(row))
        await connection.execute(insert(tables.subscription_periods).values(period))
    return key["id"]


async def cancel(engine: AsyncEngine, subscription: UUID) -> None:
    async with engine.begin() as connection:
        await connection.execute(cancellation(subscription))


def cancellation(subscription: UUID) -> Any:
    return update(tables.subscriptions).where(subscriptions.id == subscription).values(status="CANCELLED")


async def wrong_payers(engine: AsyncEngine, company: UUID) -> Sequence[Any]:
    """The active subscriptions whose current period is under another payer than their customer's."""
    query = (
        select(subscriptions.id)
        .join(tables.customers, (customers.company_id == company) & (customers.id == subscriptions.customer_id))
        .join(
            tables.subscription_periods,
            (periods.company_id == company)
            & (periods.subscription_id == subscriptions.id)
            & periods.cut_on.is_(None)
            & (periods.starts_on == subscriptions.current_period_start),
            isouter=True,
        )
        .where(subscriptions.company_id == company, subscriptions.status.in_(ACTIVE))
        .where(periods.payer_customer_id.is_distinct_from(PAYER))
    )
    async with engine.connect() as connection:
        return (await connection.execute(query)).all()


def codes(result: Any) -> set[ErrorCode]:
    """Why it was rejected; an outcome has no codes, and a problem fails the test."""
    if isinstance(result, Rejected):
        return {problem.code for problem in result.problems}
    assert not isinstance(result, BaseException), result
    return set()


async def test_a_subscription_that_starts_meanwhile_fails_an_update_that_omits_it(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent, customer = await records.customer(**PARENT), await records.customer()
    known = await billed(records, customer)
    row = {
        "company_id": company,
        "id": uuid4(),
        "customer_id": customer,
        "name": "New",
        "status": "TRIAL",
        "currency": "DKK",
        "net_amount": 300,
        "anchor_day": 1,
        "started_on": JUNE["starts_on"],
        "current_period_start": JUNE["starts_on"],
        "current_period_end": JUNE["ends_on"],
    }
    move = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}

    (result,) = await meeting(
        owner_engine,
        insert(tables.subscriptions).values(row),
        updates.update(unit_of_work, customer, move, known),
    )

    assert codes(result) == {ErrorCode.SUBSCRIPTION_TRANSITIONS_INCOMPLETE}
    assert await rows_of(owner_engine, tables.billing_transitions, company) == []


async def test_a_subscription_that_is_cancelled_meanwhile_fails_an_update_that_names_it(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent, customer = await records.customer(**PARENT), await records.customer()
    stays, goes = await billed(records, customer), await billed(records, customer)
    move = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}

    (result,) = await meeting(
        owner_engine, cancellation(goes), updates.update(unit_of_work, customer, move, stays, goes)
    )

    assert codes(result) == {ErrorCode.SUBSCRIPTION_TRANSITIONS_NOT_ACTIVE}
    assert await rows_of(owner_engine, tables.billing_transitions, company) == []


async def test_a_subscription_that_comes_during_an_update_waits_and_gets_the_new_payer(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent, customer = await records.customer(**PARENT), await records.customer()
    known = await billed(records, customer)

    async def start_behind() -> UUID:
        # The update waits for the subscription that the owner holds; by then it has locked the customer.
        await lock_waits(owner_engine)
        return await start(owner_engine, company, customer)

    move = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
    outcome, late = await meeting(
        owner_engine,
        select(subscriptions.id).where(subscriptions.id == known).with_for_update(),
        updates.update(unit_of_work, customer, move, known),
        start_behind(),
    )

    assert isinstance(outcome, UpdateCustomerOutcome)
    by_subscription = {
        row["subscription_id"]: row
        for row in await rows_of(owner_engine, tables.subscription_periods, company, periods.sequence)
    }
    assert by_subscription[late]["payer_customer_id"] == parent
    assert await wrong_payers(owner_engine, company) == []


async def test_subscriptions_that_come_and_go_are_in_the_set_or_fail_the_update(
    database: Database, records: Records, owner_engine: AsyncEngine, company: UUID, chance: Random
) -> None:
    seen: set[ErrorCode] = set()
    moved = 0

    async def later(work: Any) -> Any:
        await asyncio.sleep(chance.uniform(0, 0.03))
        return await work

    for _ in range(20):
        parent, customer = await records.customer(**PARENT), await records.customer()
        stays, goes = await billed(records, customer), await billed(records, customer)
        move = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
        digest = (await previewed(database, company, customer, move)).digest
        rival = start(owner_engine, company, customer) if chance.random() < 0.5 else cancel(owner_engine, goes)
        attempt = updates.update(UnitOfWork(database, company), customer, move, stays, goes, digest=digest)

        result, other = await asyncio.gather(later(attempt), later(rival), return_exceptions=True)

        assert not isinstance(other, BaseException), other
        found = codes(result)
        assert found == set() or ErrorCode.TRANSITION_CHANGED in found
        seen |= found
        moved += not found
        assert await wrong_payers(owner_engine, company) == []
    assert seen <= {
        ErrorCode.TRANSITION_CHANGED,
        ErrorCode.SUBSCRIPTION_TRANSITIONS_INCOMPLETE,
        ErrorCode.SUBSCRIPTION_TRANSITIONS_NOT_ACTIVE,
    }
    assert 0 < moved < 20
    assert len(await rows_of(owner_engine, tables.billing_transitions, company)) == moved


async def test_no_storm_of_changes_makes_a_ring_a_second_level_or_a_child_with_settings(
    database: Database, records: Records, owner_engine: AsyncEngine, company: UUID, chance: Random
) -> None:
    family = [await records.customer() for _ in range(6)]
    its = {customer: await billed(records, customer) for customer in family}

    def change() -> dict[str, Any]:
        link = {"parent_customer_id": chance.choice(family)}
        return chance.choice(
            [
                link,
                link | {"billing_relationship": "PARENT_PAYS"},
                link | {"billing_relationship": "PARENT_PAYS"},
                {"parent_customer_id": None},
                {"consolidation_mode": "SINGLE_INVOICE", "billing_day": chance.randint(1, 28)},
                {"consolidation_mode": None, "billing_day": None},
            ]
        )

    async def attempt() -> bool:
        customer, fields = chance.choice(family), change()
        try:
            await updates.update(UnitOfWork(database, company), customer, fields, its[customer])
        except Rejected as rejected:
            unneeded = ErrorCode.SUBSCRIPTION_TRANSITIONS_NOT_ALLOWED
            return any(problem.code is not unneeded for problem in rejected.problems)
        return False

    rejected = await asyncio.gather(*(attempt() for _ in range(120)))

    assert any(rejected)
    assert not all(rejected)
    parent_of = {row["id"]: row for row in await rows_of(owner_engine, tables.customers, company)}
    children = [row for row in parent_of.values() if row["parent_customer_id"] is not None]
    for child in children:
        assert parent_of[child["parent_customer_id"]]["parent_customer_id"] is None
        assert (child["consolidation_mode"], child["billing_day"], child["parent_invoice_template_id"]) == (None,) * 3
    for row in parent_of.values():
        assert row["billing_relationship"] == "SELF" or row["parent_customer_id"] is not None
    assert await wrong_payers(owner_engine, company) == []
    settled = (periods.credited_amount > periods.billed_amount) & (periods.company_id == company)
    async with owner_engine.connect() as connection:
        assert (await connection.execute(select(periods.id).where(settled))).all() == []


async def test_twenty_updates_with_one_key_at_once_write_once_and_answer_the_same(
    database: Database, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent, customer = await records.customer(**PARENT), await records.customer()
    subscription = await billed(records, customer)
    fields = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
    command = UpdateCustomerCommand(customer, fields, (subscription,))

    answers = await asyncio.gather(
        *(update_customer(UnitOfWork(database, company), "tester", command, "one key") for _ in range(20))
    )

    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 19
    first = answers[0][0]
    assert all(outcome == first for outcome, _ in answers)
    assert (first.customer.version, first.customer.parent_customer_id) == (2, parent)
    # The history tells of the customer and of its subscription.
    for table, count in ((tables.history, 2), (tables.billing_transitions, 1), (tables.billing_documents, 1)):
        assert len(await rows_of(owner_engine, table, company)) == count
