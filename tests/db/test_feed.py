"""Positions in the feed, and what followers read by them."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import feed, history, outbox
from app.db.database import Database
from app.db.dsn import parse
from app.db.feed import EventsRead, Head, read_events, read_head
from app.db.history import Change
from app.db.pooling import Pooling
from app.db.read_session import ReadSession
from app.db.tables import outbox_events
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.events import ChangeOperation, EventType
from tests.db.plans import plans
from tests.support.databases import execute, same_database
from tests.support.feed import event, open_write, read_all, stamp_all, write
from tests.support.records import new_company

LONG = 20_000
"""Number of events of a long feed."""


async def read(
    database: Database,
    company_id: UUID,
    after: int = 0,
    until: int | None = None,
    types: Collection[EventType] | None = None,
    customer_ids: Collection[UUID] | None = None,
    limit: int = 100,
) -> EventsRead:
    async with database.read(company_id) as session:
        found = await read_events(session, after, until=until, types=types, customer_ids=customer_ids, limit=limit)
        assert session.statements == 1
    return found


async def head_of(database: Database, company_id: UUID) -> Head:
    async with database.read(company_id) as session:
        return await read_head(session)


async def age(engine: AsyncEngine, company_id: UUID, *positions: int) -> None:
    """Make events 40 days older."""
    query = text(
        "UPDATE outbox_events SET occurred_at = occurred_at - interval '40 days'"
        " WHERE company_id = :company_id AND position = ANY(:positions)"
    )
    async with engine.begin() as connection:
        await connection.execute(query, {"company_id": company_id, "positions": [*positions]})


async def positions_of(engine: AsyncEngine, company_id: UUID) -> list[int | None]:
    """The positions of a company's events, in the order in which they were written."""
    query = select(outbox_events.c.position).where(outbox_events.c.company_id == company_id)
    async with engine.connect() as connection:
        return list((await connection.execute(query.order_by(outbox_events.c.sequence))).scalars())


async def test_events_get_dense_positions_in_their_own_company(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    other = await new_company(owner_engine)
    await stamp_all(database)
    for company_id in (company, other, company):
        await write(database, company_id, event(), event())

    assert await database.feed.stamp() == {company: 4, other: 2}
    await write(database, company, event())
    assert await database.feed.stamp() == {company: 5}

    assert await positions_of(owner_engine, company) == [1, 2, 3, 4, 5]
    assert await positions_of(owner_engine, other) == [1, 2]
    assert await database.feed.stamp() == {}


async def test_an_event_that_is_committed_late_comes_after_what_was_read(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    early, late = uuid4(), uuid4()
    async with open_write(database, company, event(early)):
        await write(database, company, event(late))
        await stamp_all(database)
        assert [row.subject_id for row in await read_all(database, company)] == [late]
    await stamp_all(database)

    assert [row.subject_id for row in await read_all(database, company)] == [late, early]
    assert await positions_of(owner_engine, company) == [2, 1]


async def test_one_sequencer_works_at_a_time_and_others_do_not_wait(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    await write(database, company, event())
    async with owner_engine.connect() as connection:
        assert (await connection.execute(text("SELECT * FROM stamp_events(1000)"))).all()
        await write(database, company, event())
        assert await database.feed.stamp() == {}
        await connection.rollback()

    assert (await database.feed.stamp())[company] == 2


async def test_a_process_that_hangs_after_its_statement_holds_no_lock(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    stamp = text("SELECT position FROM stamp_events(1000) WHERE company_id = :company_id")
    await write(database, company, event())
    async with database.feed.engine.connect() as hanging, owner_engine.connect() as another:
        assert (await hanging.execute(stamp, {"company_id": company})).scalar_one() == 1
        await write(database, company, event())
        assert (await another.execute(stamp, {"company_id": company})).scalar_one() == 2
        await another.commit()


async def test_a_batch_has_at_most_as_many_events_as_asked_for(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    await stamp_all(database)
    await write(database, company, *(event() for _ in range(5)))

    assert [await database.feed.stamp(2) for _ in range(4)] == [{company: 2}, {company: 4}, {company: 5}, {}]
    assert await positions_of(owner_engine, company) == [1, 2, 3, 4, 5]


async def test_heads_of_many_companies_take_one_statement(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    other, silent = await new_company(owner_engine), await new_company(owner_engine)
    await write(database, company, event(), event())
    await write(database, other, event())
    await stamp_all(database)

    before = database.feed.statements
    assert await database.feed.positions([company, other, silent, uuid4()]) == {company: 2, other: 1}
    assert database.feed.statements == before + 1
    assert await head_of(database, company) == Head(2, 0)
    assert await head_of(database, silent) == Head(0, 0)


async def test_events_without_a_position_are_counted_with_the_age_of_the_oldest(
    database: Database, company: UUID
) -> None:
    await stamp_all(database)
    assert await database.feed.unstamped() == (0, 0)
    await write(database, company, event(), event())

    events, oldest_seconds = await database.feed.unstamped()
    assert events == 2
    assert 0 < oldest_seconds < 60


async def test_old_events_are_deleted_in_the_order_of_positions(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    await write(database, company, *(event() for _ in range(6)))
    await stamp_all(database)
    # The fourth stays for now, although it is old: the third is not.
    await age(owner_engine, company, 1, 2, 4)
    month_ago = datetime.now(UTC) - timedelta(days=30)

    assert await database.feed.expire(month_ago) == 2
    assert await database.feed.expire(month_ago) == 0

    assert [row.position for row in await read_all(database, company)] == [3, 4, 5, 6]
    assert await head_of(database, company) == Head(6, 2)
    assert (await read(database, company)).head == Head(6, 2)


async def test_a_clean_up_deletes_at_most_as_many_events_as_asked_for(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    await write(database, company, *(event() for _ in range(5)))
    await stamp_all(database)
    await age(owner_engine, company, 1, 2, 3, 4, 5)
    month_ago = datetime.now(UTC) - timedelta(days=30)

    assert [await database.feed.expire(month_ago, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert await head_of(database, company) == Head(5, 5)
    # Positions go on where the feed stood.
    await write(database, company, event())
    assert (await database.feed.stamp())[company] == 6


async def test_an_event_without_a_position_is_never_deleted(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    await write(database, company, event())
    async with owner_engine.begin() as connection:
        query = "UPDATE outbox_events SET occurred_at = '2020-01-01' WHERE company_id = :company_id"
        await connection.execute(text(query), {"company_id": company})

    await database.feed.expire(datetime.now(UTC) - timedelta(days=30))
    await stamp_all(database)

    assert [row.position for row in await read_all(database, company)] == [1]


async def test_events_are_read_in_pages_up_to_a_position_or_the_head(database: Database, company: UUID) -> None:
    await write(database, company, *(event() for _ in range(5)))
    await stamp_all(database)
    await write(database, company, event())

    for after, until, limit, found, position in (
        (0, None, 3, [1, 2, 3], 3),
        (3, None, 3, [4, 5], 5),
        (0, 2, 100, [1, 2], 2),
        # An event without a position is not passed over, whatever position is named.
        (3, 900, 100, [4, 5], 5),
        (5, None, 100, [], 5),
        (900, None, 100, [], 900),
        (2, None, 0, [], 2),
    ):
        events = await read(database, company, after, until, limit=limit)
        assert ([row.position for row in events.rows], events.position) == (found, position)


async def test_a_company_without_events_has_a_feed_without_any(database: Database, company: UUID) -> None:
    assert await read(database, company) == EventsRead((), 0, Head(0, 0))


async def test_filters_leave_out_events_and_pass_over_them(database: Database, company: UUID) -> None:
    customer, contact, group = uuid4(), uuid4(), uuid4()
    await write(
        database,
        company,
        event(customer, EventType.CUSTOMER_CREATED),
        event(contact, EventType.CONTACT_CREATED, customerId=customer),
        event(group, EventType.CUSTOMER_GROUP_CREATED),
        event(uuid4(), EventType.CUSTOMER_CREATED),
    )
    await stamp_all(database)

    async def subjects(**filters: Any) -> list[UUID]:
        events = await read(database, company, **filters)
        assert events.position == 4
        return [row.subject_id for row in events.rows]

    assert await subjects(types=[EventType.CONTACT_CREATED, EventType.CUSTOMER_GROUP_CREATED]) == [contact, group]
    assert await subjects(customer_ids=[customer]) == [customer, contact]
    assert await subjects(customer_ids=[customer], types=[EventType.CONTACT_CREATED]) == [contact]
    assert await subjects(types=[]) == await subjects(customer_ids=[]) == []
    assert [row.customer_id for row in await read_all(database, company)][:3] == [customer, customer, None]


async def test_a_call_looks_at_a_limited_number_of_positions(
    database: Database, company: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "WINDOW", 3)
    last = uuid4()
    await write(database, company, *(event() for _ in range(7)), event(last))
    await stamp_all(database)

    found: list[tuple[int, int]] = []
    position = 0
    while position < 8:
        events = await read(database, company, position, customer_ids=[last])
        position = events.position
        found.append((len(events.rows), position))
    assert found == [(0, 3), (0, 6), (1, 8)]


async def test_an_event_has_what_followers_need(database: Database, company: UUID) -> None:
    customer = uuid4()

    async def work(session: WriteSession) -> None:
        changes = {"name": ("Fjord", "Fjell"), "creditLimit": (None, "1.50")}
        await history.record_all(session, [Change(customer, 3, ChangeOperation.UPDATED, changes)], actor="freja")
        data = {"version": 3, "changedFields": ("creditLimit", "name")}
        await outbox.append_all(session, [outbox.Event(EventType.CUSTOMER_UPDATED, customer, data)], actor="freja")

    await UnitOfWork(database, company).run(work)
    await stamp_all(database)

    (row,) = await read_all(database, company)
    assert (row.position, row.type, row.subject_id, row.customer_id) == (1, "customer.updated", customer, customer)
    assert (row.actor, row.version) == ("freja", 3)
    assert row.data == {"version": 3, "changedFields": ["creditLimit", "name"]}
    assert row.changes == [["creditLimit", "null", '"1.50"'], ["name", '"Fjord"', '"Fjell"']]
    assert row.id.version == 7
    assert datetime.now(UTC) - row.occurred_at < timedelta(minutes=1)


async def test_changes_are_those_of_the_event_that_made_the_version(database: Database, company: UUID) -> None:
    subscription, account = uuid4(), uuid4()
    moved = EventType.SUBSCRIPTION_TRANSITIONED

    async def work(session: WriteSession) -> None:
        change = Change(subscription, 2, ChangeOperation.UPDATED, {"netAmount": ("1", "2")})
        await history.record_all(session, [change], actor="someone")
        events = [
            event(subscription, EventType.SUBSCRIPTION_UPDATED, version=2, changedFields=("netAmount",)),
            event(subscription, moved, version=2, changedFields=()),
            event(account, EventType.LEDGER_ACCOUNT_UPDATED, version=2, changedFields=("name",)),
            outbox.Event(EventType.CUSTOMER_CREATED, subscription, {}),
        ]
        await outbox.append_all(session, events, actor="someone")

    await UnitOfWork(database, company).run(work)
    await stamp_all(database)

    rows = await read_all(database, company)
    assert [row.changes for row in rows] == [[["netAmount", '"1"', '"2"']], [], [], []]
    assert [row.version for row in rows] == [2, 2, 2, None]


async def test_events_of_other_companies_are_not_read(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    other = await new_company(owner_engine)
    await write(database, other, event(), event())
    await write(database, company, event())
    await stamp_all(database)

    assert [row.position for row in (await read(database, company)).rows] == [1]
    assert (await read(database, company, until=2)).position == 1


async def test_a_page_late_in_a_long_feed_is_read_by_indexes(migrated_dsn: str, service_dsn: str) -> None:
    company, subject = UUID(int=7), UUID(int=8)
    await execute(  # The values are the test's own words.
        migrated_dsn,
        f"INSERT INTO companies (id, name, base_currency) VALUES ('{company}', 'Fjord', 'DKK')",  # noqa: S608
        "INSERT INTO history (company_id, subject_id, version, operation, actor, changes)"  # noqa: S608
        f" SELECT '{company}', '{subject}', n, 'UPDATED', 'tester', '{{}}' FROM generate_series(1, {LONG}) AS n",
        "INSERT INTO outbox_events (company_id, id, type, subject_id, actor, data)"  # noqa: S608
        f" SELECT '{company}', gen_random_uuid(), 'customer.updated', '{subject}', 'tester',"
        f" jsonb_build_object('version', n) FROM generate_series(1, {LONG}) AS n",
        f"SELECT stamp_events({LONG})",
        "VACUUM (ANALYZE) outbox_events, history, feed_heads",
    )
    database = Database(
        same_database(service_dsn, migrated_dsn), pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=60
    )

    async def page(session: ReadSession) -> EventsRead:
        return await read_events(session, LONG - 200, until=None, types=None, customer_ids=None, limit=20)

    for plan in await plans(database, company, page):
        assert plan.scanned <= {"feed_heads"}
        assert {"outbox_events_by_position", "history_pkey"} <= plan.indexes
        assert plan.pages < 150
    await database.dispose()


@pytest.mark.parametrize("pooling", Pooling)
async def test_each_part_of_a_stamp_has_a_new_snapshot_whatever_the_role_s_default(
    service_dsn: str, owner_dsn: str, pooling: Pooling
) -> None:
    role = parse(service_dsn).user
    await execute(owner_dsn, f"ALTER ROLE {role} SET default_transaction_isolation = 'repeatable read'")
    database = Database(
        service_dsn, pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=10, pooling=pooling
    )
    try:
        for engine, level in ((database.engine, "repeatable read"), (database.feed.engine, "read committed")):
            async with engine.connect() as connection:
                assert (await connection.execute(text("SHOW transaction_isolation"))).scalar_one() == level
        await stamp_all(database)
    finally:
        await database.dispose()
        await execute(owner_dsn, f"ALTER ROLE {role} RESET default_transaction_isolation")
