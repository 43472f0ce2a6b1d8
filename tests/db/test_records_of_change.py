"""What a write leaves behind it: history, events, billing documents and periods."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import history, outbox, tables
from app.db.database import Database
from app.db.history import Change
from app.db.outbox import Event
from app.db.tables import outbox_events
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.events import ChangeOperation, EventType
from tests.support.feed import stamp_all
from tests.support.records import Records


@pytest.fixture
def unit_of_work(database: Database, company: UUID) -> UnitOfWork:
    return UnitOfWork(database, company)


async def stored(engine: AsyncEngine, table: Table, company_id: UUID) -> list[Any]:
    """A company's rows of a table, as the owner sees them."""
    query = select(table).where(table.c.company_id == company_id).order_by(*table.primary_key.columns)
    async with engine.connect() as connection:
        return list((await connection.execute(query)).all())


async def test_a_change_is_recorded_with_values_as_json_holds_them(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine
) -> None:
    customer, parent = await records.customer(), uuid4()
    changes = {
        "creditLimit": (None, Decimal("1E+2")),
        "parentCustomerId": (parent, None),
        "metadata": ({"size": 1.5}, {"size": Decimal(2), "rate": Decimal("0.1"), "tall": True}),
        "isActive": (True, False),
        "since": (date(2026, 1, 31), datetime(2026, 1, 31, 12, tzinfo=UTC)),
    }

    async def work(session: WriteSession) -> None:
        change = Change(customer, 2, ChangeOperation.UPDATED, changes)
        await history.record_all(session, [change], actor="someone")

    await unit_of_work.run(work)

    (row,) = await stored(owner_engine, tables.history, unit_of_work.company_id)
    assert (row.subject_id, row.version, row.operation, row.actor) == (customer, 2, "UPDATED", "someone")
    assert row.changes == {
        "creditLimit": {"before": None, "after": "100"},
        "parentCustomerId": {"before": str(parent), "after": None},
        "metadata": {"before": {"size": 1.5}, "after": {"size": 2, "rate": 0.1, "tall": True}},
        "isActive": {"before": True, "after": False},
        "since": {"before": "2026-01-31", "after": "2026-01-31T12:00:00.000000Z"},
    }


async def test_changes_of_many_customers_take_one_statement_and_those_of_none_take_none(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine
) -> None:
    customers = [await records.customer() for _ in range(20)]
    changes = [Change(customer, 1, ChangeOperation.CREATED, {"name": (None, str(customer))}) for customer in customers]

    async def work(session: WriteSession) -> None:
        await history.record_all(session, changes, actor="someone")
        await history.record_all(session, [], actor="someone")
        await outbox.append_all(session, [], actor="someone")

    await unit_of_work.run(work)

    rows = await stored(owner_engine, tables.history, unit_of_work.company_id)
    assert {row.subject_id: row.changes["name"]["after"] for row in rows} == {
        customer: str(customer) for customer in customers
    }
    assert unit_of_work.statements == 1


async def test_an_event_is_complete_and_each_gets_a_higher_sequence_than_the_last(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine
) -> None:
    customer = await records.customer()

    async def work(session: WriteSession) -> None:
        for version in (1, 2):
            data = {"version": version, "creditLimit": Decimal("1.50")}
            await outbox.append_all(session, [Event(EventType.CUSTOMER_UPDATED, customer, data)], actor="someone")

    await unit_of_work.run(work)

    first, second = await stored(owner_engine, outbox_events, unit_of_work.company_id)
    assert (first.type, first.subject_id, first.actor) == ("customer.updated", customer, "someone")
    assert first.data == {"version": 1, "creditLimit": "1.50"}
    assert first.position is None
    assert first.id.version == second.id.version == 7
    assert first.sequence < second.sequence
    assert first.occurred_at < second.occurred_at


async def test_a_follower_reads_events_as_the_documentation_says(
    database: Database, unit_of_work: UnitOfWork, service_engine: AsyncEngine
) -> None:
    subject = uuid4()

    async def work(session: WriteSession) -> None:
        for version in (1, 2):
            data = {"version": version}
            await outbox.append_all(session, [Event(EventType.CUSTOMER_UPDATED, subject, data)], actor="someone")

    await unit_of_work.run(work)
    guide = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
    enter, find, take = re.findall(r"```sql\n(.*?)```", guide, re.DOTALL)
    company = {"company_id": str(unit_of_work.company_id)}

    async def follow(after: int) -> tuple[list[tuple[int, int]], list[dict[str, Any]]]:
        async with service_engine.begin() as connection:
            await connection.execute(text(enter), company)
            heads = [(row.position, row.expired_position) for row in await connection.execute(text(find), company)]
            taken = (await connection.execute(text(take), company | {"position": after})).all()
        assert [row.position for row in taken] == [row.envelope["position"] for row in taken]
        return heads, [row.envelope for row in taken]

    assert await follow(0) == ([], [])
    await stamp_all(database)
    heads, (first, second) = await follow(0)
    assert heads == [(2, 0)]
    assert await follow(1) == (heads, [second])
    assert await follow(2) == (heads, [])
    names = {"id", "position", "type", "companyId", "subjectId", "customerId", "occurredAt", "actor", "data"}
    assert set(first) == names
    assert (first["type"], first["companyId"], first["subjectId"], first["customerId"]) == (
        "customer.updated",
        str(unit_of_work.company_id),
        str(subject),
        str(subject),
    )
    assert [first["data"], second["data"]] == [{"version": 1}, {"version": 2}]
    assert [first["position"], second["position"]] == [1, 2]


async def test_the_documentation_names_every_type_of_event() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(\w+\.\w+)` \|", guide, re.MULTILINE)) == set(EventType)
