"""Statements without a session: they return the same rows, also after another company's statement."""

from collections.abc import Collection
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.direct_reads import DirectReads
from app.db.feed import Head, read_events, read_head
from app.db.stored_json import StoredJson
from app.db.unit_of_work import Session
from app.domain.events import EventType
from tests.db.watched import watched
from tests.support.feed import event, stamp_all, write
from tests.support.records import Records, new_company


async def test_a_company_without_events_has_an_empty_feed(database: Database, company: UUID) -> None:
    assert await read_head(DirectReads(database, company)) == Head(0, 0)


@pytest.mark.parametrize("types", [None, [EventType.CUSTOMER_UPDATED, EventType.CONTACT_CREATED], []])
@pytest.mark.parametrize("is_of_one", [False, True])
async def test_the_same_events_are_read_as_in_a_session(
    database: Database, records: Records, types: Collection[EventType] | None, *, is_of_one: bool
) -> None:
    company, customer = records.company_id, await records.customer()
    await write(
        database,
        company,
        event(customer, changedFields=[], amount=12345678901234567890.5),
        event(uuid4(), EventType.CONTACT_CREATED, customerId=str(customer)),
        event(uuid4(), EventType.CUSTOMER_CREATED),
    )
    await stamp_all(database)

    async def read(session: Session) -> object:
        customers = [customer] if is_of_one else None
        found = await read_events(session, 0, until=None, types=types, customer_ids=customers, limit=100)
        said = [row.data.text for row in found.rows if isinstance(row.data, StoredJson)]
        assert len(said) == len(found.rows)
        return found, said

    async with database.read(company) as session:
        expected = await read(session)
    assert await read(DirectReads(database, company)) == expected


async def test_a_connection_that_was_set_to_another_company_hides_nothing(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    other = await new_company(owner_engine)
    async with watched(service_dsn) as connections:
        reads = DirectReads(connections.database, company)
        await write(connections.database, company, event())
        await stamp_all(connections.database)
        assert (await read_head(reads)).position == 1
        # As behind a transaction pooler that the settings don't mention.
        await connections.drivers[0].fetch("SELECT set_config('app.company_id', $1, false)", str(other))
        assert (await read_head(reads)).position == 1
        await connections.settings()
        assert (await read_head(reads)).position == 1
        assert await connections.settings() == 1
