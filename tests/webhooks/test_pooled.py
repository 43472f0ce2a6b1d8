"""Senders behind a pooler by transaction, which has one connection to the server."""

from collections.abc import AsyncGenerator
from uuid import UUID

import pytest_asyncio

from app.db.database import Database
from app.db.pooling import Pooling
from tests.support.feed import event, stamp_all, write
from tests.support.pooler import pooler
from tests.support.receiver import Receiver, answering
from tests.support.webhook_endpoints import Endpoints, NewSender, settle


@pytest_asyncio.fixture(loop_scope="session")
async def pooled(service_dsn: str) -> AsyncGenerator[Database]:
    """The database behind the pooler."""
    with pooler(service_dsn, mode="transaction", size=1) as (url,):
        database = Database(
            url, pool_size=5, pool_timeout_seconds=30, statement_timeout_seconds=30, pooling=Pooling.TRANSACTION
        )
        yield database
        await database.dispose()


async def test_events_are_delivered_behind_a_pooler_that_works_by_transaction(
    pooled: Database,
    database: Database,
    company: UUID,
    new_sender: NewSender,
    endpoints: Endpoints,
    receiver: Receiver,
    other_receiver: Receiver,
) -> None:
    for number in range(1, 6):
        await write(database, company, event(version=number))
    await stamp_all(database)
    other_receiver.behavior = answering("500 No")
    good = await endpoints.add(f"http://127.0.0.1:{receiver.port}/")
    failing = await endpoints.add(f"http://127.0.0.1:{other_receiver.port}/")

    await settle(new_sender(pooled), new_sender(pooled))

    assert [request.json()["version"] for request in receiver.requests] == [1, 2, 3, 4, 5]
    assert len(await endpoints.deliveries(good)) == 5
    assert await endpoints.outcomes(failing) == [(1, 1, "HTTP_STATUS", 500)]
