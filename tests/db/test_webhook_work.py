"""What senders and clean-up do across companies: lease endpoints that are due, and remove old deliveries."""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db import tables
from tests.support.records import Records, delete_endpoints, new_company

HEAD = 5
MANY = 1_000
CLAIM = text("SELECT company_id, id FROM claim_webhook_endpoints(:holder, :free, 60, :busy)")
EXPIRE = text("SELECT expire_webhook_deliveries(:before, :most)")
NOW = datetime.now(UTC)
SOON, BEFORE = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
PAUSED: dict[str, Any] = {"status": "PAUSED", "paused_reason": "REQUESTED", "paused_at": NOW}
LEASED = {"leased_by": uuid4()}
_earlier: list[UUID] = []
"""Companies of tests that have ended."""


@pytest_asyncio.fixture(loop_scope="session")
async def companies(owner_engine: AsyncEngine) -> AsyncGenerator[list[UUID]]:
    """Two companies without rows, whose endpoints are deleted at the end."""
    made = [await new_company(owner_engine) for _ in range(2)]
    yield made
    for company_id in made:
        await delete_endpoints(owner_engine, company_id)


async def with_head(engine: AsyncEngine, company_id: UUID) -> None:
    """Give a company's feed a head."""
    async with engine.begin() as connection:
        await connection.execute(insert(tables.feed_heads).values(company_id=company_id, position=HEAD))


@asynccontextmanager
async def sender(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """The connection of a sender; its leases end with it, because endpoints of other tests get some, too."""
    async with engine.connect() as connection:
        yield connection
        await connection.rollback()


async def claimed(
    connection: AsyncConnection, company_id: UUID, *, free: int = MANY, busy: Sequence[UUID] = ()
) -> list[UUID]:
    """Claim due endpoints of all companies; return those of one."""
    rows = await connection.execute(CLAIM, {"holder": uuid4(), "free": free, "busy": [*busy]})
    return [row.id for row in rows if row.company_id == company_id]


async def speak_for(connection: AsyncConnection, company_id: UUID) -> None:
    """Set the company whose rows are seen."""
    query = text("SELECT set_config('app.company_id', :company_id, true)")
    await connection.execute(query, {"company_id": str(company_id)})


async def deliveries_of(connection: AsyncConnection, company_id: UUID) -> int:
    """The number of a company's deliveries."""
    await speak_for(connection, company_id)
    return (await connection.execute(select(func.count()).select_from(tables.webhook_deliveries))).scalar_one()


@pytest.mark.parametrize(
    ("values", "is_due"),
    [
        pytest.param({"position": 4}, True, id="behind the head"),
        pytest.param({"position": HEAD}, False, id="at the head"),
        pytest.param(PAUSED, False, id="paused"),
        pytest.param({"next_attempt_at": SOON}, False, id="the next attempt is later"),
        pytest.param({"next_attempt_at": BEFORE}, True, id="the next attempt is due"),
        pytest.param({**LEASED, "leased_until": SOON}, False, id="leased"),
        pytest.param({**LEASED, "leased_until": BEFORE}, True, id="the lease has ended"),
        pytest.param({"leased_until": SOON}, True, id="the lease was taken away"),
        pytest.param({"test_requested_at": NOW, "position": HEAD}, True, id="a test"),
        pytest.param({"test_requested_at": NOW, **PAUSED}, True, id="a test of a paused one"),
        pytest.param({"test_requested_at": NOW, **LEASED, "leased_until": SOON}, False, id="a test of a leased one"),
    ],
)
async def test_an_endpoint_is_leased_if_it_has_something_to_send(
    owner_engine: AsyncEngine, service_engine: AsyncEngine, records: Records, values: dict[str, Any], *, is_due: bool
) -> None:
    await with_head(owner_engine, records.company_id)
    endpoint = await records.webhook_endpoint(**values)
    async with sender(service_engine) as connection:
        assert await claimed(connection, records.company_id) == ([endpoint] if is_due else [])
        # Either way, it isn't leased twice.
        assert await claimed(connection, records.company_id) == []


async def test_an_endpoint_of_a_company_without_events_is_not_leased(
    service_engine: AsyncEngine, records: Records
) -> None:
    await records.webhook_endpoint()
    async with sender(service_engine) as connection:
        assert await claimed(connection, records.company_id) == []


@pytest.mark.parametrize("time", ["first", "second"])
async def test_endpoints_of_a_test_are_not_due_after_it(
    owner_engine: AsyncEngine, service_engine: AsyncEngine, records: Records, time: str
) -> None:
    del time
    await with_head(owner_engine, records.company_id)
    await records.webhook_endpoint()
    async with sender(service_engine) as connection:
        due = {row.company_id for row in await connection.execute(CLAIM, {"holder": uuid4(), "free": MANY, "busy": []})}
    assert records.company_id in due
    assert not due & {*_earlier}
    _earlier.append(records.company_id)


async def test_a_lease_names_its_holder_and_its_end(
    owner_engine: AsyncEngine, service_engine: AsyncEngine, records: Records
) -> None:
    await with_head(owner_engine, records.company_id)
    endpoint, holder = await records.webhook_endpoint(), uuid4()
    its = tables.webhook_endpoints.c
    left = func.extract("epoch", its.leased_until - func.clock_timestamp())
    async with sender(service_engine) as connection:
        await connection.execute(CLAIM, {"holder": holder, "free": MANY, "busy": []})
        await speak_for(connection, records.company_id)
        row = (await connection.execute(select(its.leased_by, left).where(its.id == endpoint))).one()
    assert row[0] == holder
    assert 0 < row[1] <= 60


async def test_two_senders_at_once_lease_different_endpoints(
    owner_engine: AsyncEngine, service_engine: AsyncEngine, records: Records
) -> None:
    await with_head(owner_engine, records.company_id)
    endpoints = {await records.webhook_endpoint() for _ in range(3)}
    async with sender(service_engine) as first, sender(service_engine) as second:
        of_first = await claimed(first, records.company_id)
        # Doesn't wait for the first one.
        of_second = await claimed(second, records.company_id)
    assert {*of_first} == endpoints
    assert of_second == []


async def test_those_whose_last_lease_ended_longest_ago_come_first(
    owner_engine: AsyncEngine, service_engine: AsyncEngine, records: Records
) -> None:
    await with_head(owner_engine, records.company_id)
    ends = [NOW - timedelta(days=10_000 + days) for days in range(3)]
    ids = [await records.webhook_endpoint(leased_until=end) for end in ends]
    found: list[UUID] = []
    async with sender(service_engine) as connection:
        # Endpoints of other tests may come in between.
        while len(found) < len(ids):
            found += await claimed(connection, records.company_id, free=1)
    assert found == ids[::-1]


@pytest.mark.parametrize(
    ("free", "busy", "shares"),
    [
        pytest.param(9, (0, 0), (2, 2), id="all that are due"),
        pytest.param(4, (0, 0), (2, 1), id="a second one while two places are free"),
        pytest.param(3, (0, 0), (1, 1), id="no second one with the last place"),
        pytest.param(1, (0, 0), (1, 0), id="the one that waits longest"),
        pytest.param(1, (1, 0), (0, 1), id="the one that has none"),
        pytest.param(1, (1, 1), (0, 0), id="the last place stays free for others"),
        pytest.param(5, (3, 0), (0, 2), id="no fourth one while three places are free"),
        pytest.param(6, (3, 0), (1, 2), id="a fourth one while four places are free"),
        pytest.param(0, (0, 0), (0, 0), id="none"),
    ],
)
async def test_companies_share_the_places_of_a_sender(
    owner_engine: AsyncEngine, companies: list[UUID], free: int, busy: tuple[int, int], shares: tuple[int, int]
) -> None:
    for hours, company in enumerate(companies):
        await with_head(owner_engine, company)
        for days in (1, 2):
            await Records(owner_engine, company).webhook_endpoint(leased_until=NOW - timedelta(days, hours=-hours))
    held = [company for company, count in zip(companies, busy, strict=True) for _ in range(count)]
    its = tables.webhook_endpoints.c
    async with sender(owner_engine) as connection:
        # Nobody claims those of other tests meanwhile.
        await connection.execute(
            update(tables.webhook_endpoints)
            .where(its.company_id.not_in(companies))
            .values(leased_by=uuid4(), leased_until=SOON)
        )
        rows = await connection.execute(CLAIM, {"holder": uuid4(), "free": free, "busy": held})
        found = Counter(row.company_id for row in rows)
    assert tuple(found[company] for company in companies) == shares


async def test_old_deliveries_of_all_companies_are_removed_the_oldest_first(
    owner_engine: AsyncEngine, service_engine: AsyncEngine, companies: list[UUID]
) -> None:
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    for days, company in enumerate(companies):
        records = Records(owner_engine, company)
        endpoint = await records.webhook_endpoint()
        await records.webhook_delivery(endpoint, attempted_at=long_ago + timedelta(days=days))
        await records.webhook_delivery(endpoint)
    before = long_ago + timedelta(days=30)
    async with sender(service_engine) as connection:
        for most, removed, kept in ((1, 1, [1, 2]), (10, 1, [1, 1]), (10, 0, [1, 1])):
            assert (await connection.execute(EXPIRE, {"before": before, "most": most})).scalar_one() == removed
            assert [await deliveries_of(connection, company) for company in companies] == kept


async def test_deliveries_are_removed_with_their_endpoint(service_engine: AsyncEngine, records: Records) -> None:
    endpoint = await records.webhook_endpoint()
    await records.webhook_delivery(endpoint)
    async with sender(service_engine) as connection:
        assert await deliveries_of(connection, records.company_id) == 1
        await connection.execute(text("DELETE FROM webhook_endpoints"))
        assert await deliveries_of(connection, records.company_id) == 0
