"""What lists cost: every upsert sends as many statements for 500 rows as for two, whatever the rows refer to."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.customer_keys import CustomerKey
from app.domain.upserts import MOST_UPSERT_ROWS, ContactMatchKey, RowOutcome
from app.services.upsert_accounts import UpsertAccountsCommand, upsert_accounts
from app.services.upsert_contacts import UpsertContactsCommand, upsert_contacts
from app.services.upsert_departments import UpsertDepartmentsCommand, upsert_departments
from app.services.upsert_groups import UpsertCustomerGroupsCommand, upsert_customer_groups
from tests.support.mirror import mirror, new_subscription
from tests.support.new_customers import new_customer
from tests.support.records import Records
from tests.support.upserts import upsert as upsert_customers

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """What rows refer to: each row to another one."""

    unit_of_work: UnitOfWork
    group: UUID
    account: UUID
    customers: Sequence[UUID] = ()

    def customer(self, place: int) -> Row:
        """A key of a customer; in turns each of the keys."""
        keys = (
            {"id": str(self.customers[place])},
            {"customer_number": f"P{place}"},
            {"external_system_id": f"p{place}"},
        )
        return keys[place % 3]


@dataclass(frozen=True, slots=True)
class Upsert:
    """An upsert: how it is called, a new row of a place in the list, and what changes a stored one."""

    send: Callable[[UnitOfWork, Sequence[Row]], Awaitable[Any]]
    row: Callable[[World, int], Row]
    change: Row


async def send_customers(unit_of_work: UnitOfWork, rows: Sequence[Row]) -> Any:
    return (await upsert_customers(unit_of_work, *rows)).results


async def send_accounts(unit_of_work: UnitOfWork, rows: Sequence[Row]) -> Any:
    return (await upsert_accounts(unit_of_work, "tester", UpsertAccountsCommand(tuple(rows)), None))[0].results


async def send_groups(unit_of_work: UnitOfWork, rows: Sequence[Row]) -> Any:
    command = UpsertCustomerGroupsCommand(tuple(rows))
    return (await upsert_customer_groups(unit_of_work, "tester", command, None))[0].results


async def send_contacts(unit_of_work: UnitOfWork, rows: Sequence[Row]) -> Any:
    command = UpsertContactsCommand(tuple(rows), match_by=ContactMatchKey.NAME)
    return (await upsert_contacts(unit_of_work, "tester", command, None))[0].results


async def send_departments(unit_of_work: UnitOfWork, rows: Sequence[Row]) -> Any:
    command = UpsertDepartmentsCommand(tuple(rows))
    return (await upsert_departments(unit_of_work, "tester", command, None))[0].results


async def send_subscriptions(unit_of_work: UnitOfWork, rows: Sequence[Row]) -> Any:
    return (await mirror(unit_of_work, *rows)).results


UPSERTS = {
    "customers": Upsert(
        send_customers,
        lambda world, place: new_customer(world.group, f"c{place}") | {"parent_customer_id": world.customers[place]},
        {"name": "Changed", "metadata_set": {"a": 1}},
    ),
    "accounts": Upsert(send_accounts, lambda _, place: {"number": str(place), "name": "New"}, {"name": "Changed"}),
    "groups": Upsert(
        send_groups,
        lambda _, place: {"number": str(place), "name": "New", "account_number": f"A{place}"},
        {"name": "Changed", "metadata_set": {"a": 1}},
    ),
    "contacts": Upsert(
        send_contacts,
        lambda world, place: {"customer": world.customer(place), "name": "New", "is_default_for_customer": True},
        {"phone": "1"},
    ),
    "departments": Upsert(
        send_departments,
        lambda world, place: {"customer": world.customer(place), "name": "New", "is_default": True},
        {"city": "Changed"},
    ),
    "subscriptions": Upsert(
        send_subscriptions,
        lambda _, place: new_subscription(CustomerKey("customer_number", f"P{place}"), f"s{place}"),
        {"name": "Changed"},
    ),
}


async def a_world(database: Database, records: Records, size: int) -> World:
    """A company with as many accounts and customers as a list has rows."""
    unit_of_work, group = UnitOfWork(database, records.company_id), await records.group()
    await send_accounts(unit_of_work, [{"number": f"A{place}", "name": "Sales"} for place in range(size)])
    rows = [new_customer(group, f"p{place}") | {"customer_number": f"P{place}"} for place in range(size)]
    customers = [result.customer.id for result in await send_customers(unit_of_work, rows)]
    return World(UnitOfWork(database, records.company_id), group, await records.account(), customers)


@pytest.mark.parametrize("name", UPSERTS)
async def test_a_list_costs_the_same_statements_however_long_it_is(
    database: Database, records: Records, name: str
) -> None:
    upsert = UPSERTS[name]
    world = await a_world(database, records, MOST_UPSERT_ROWS)
    spent: list[int] = []
    for start, size in ((0, 2), (2, MOST_UPSERT_ROWS - 2)):
        old = [upsert.row(world, place) for place in range(start, start + size // 2)]
        fresh = [upsert.row(world, place) for place in range(start + size // 2, start + size)]
        await upsert.send(world.unit_of_work, old)
        before = world.unit_of_work.statements
        results = await upsert.send(world.unit_of_work, [*(row | upsert.change for row in old), *fresh])
        spent.append(world.unit_of_work.statements - before)
        expected = [RowOutcome.UPDATED] * len(old) + [RowOutcome.CREATED] * len(fresh)
        assert [result.outcome for result in results] == expected
    assert spent[0] == spent[1]
