"""One operation sees one moment of the database, and can't change it."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.tables import customer_groups, outbox_events
from tests.support.asking import Caller
from tests.support.feed import stamp_all
from tests.support.following import followed
from tests.support.records import Records

OPERATION = "{ customers(where: {isActive: true}) { nodes { name group { name } contacts { name } } totalCount } }"


@contextmanager
def after_the_first_read(engine: AsyncEngine, act: Callable[[], Awaitable[None]]) -> Generator[list[str]]:
    """Let something happen once between the first statement that reads data and the next."""
    happened: list[str] = []

    async def other(_driver: Any) -> None:
        await act()

    def interrupt(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "set_config" not in statement and not happened:
            happened.append(statement)
            connection.connection.dbapi_connection.run_async(other)

    event.listen(engine.sync_engine, "after_cursor_execute", interrupt)
    try:
        yield happened
    finally:
        event.remove(engine.sync_engine, "after_cursor_execute", interrupt)


async def test_what_is_committed_during_an_operation_is_not_seen_by_it(
    caller: Caller, records: Records, owner_engine: AsyncEngine
) -> None:
    group = await records.group(name="Before")
    customer = await records.customer(name="Before", customer_group_id=group)
    await records.contact(customer, name="Before")

    async def write() -> None:
        async with owner_engine.begin() as connection:
            for table in ("customers", "customer_groups", "contacts"):
                statement = text(f"UPDATE {table} SET name = 'After' WHERE company_id = :company")  # noqa: S608 - three names from above
                await connection.execute(statement, {"company": records.company_id})
        await records.customer(name="After", customer_group_id=group)
        await records.contact(customer, name="After too")

    with after_the_first_read(caller.database.engine, write) as happened:
        during = (await caller.data(OPERATION))["customers"]
    assert happened
    assert caller.statements == 4

    before = {"name": "Before", "group": {"name": "Before"}, "contacts": [{"name": "Before"}]}
    assert during == {"nodes": [before], "totalCount": 1}
    afterwards = (await caller.data(OPERATION))["customers"]
    assert afterwards["totalCount"] == 2
    assert {node["name"] for node in afterwards["nodes"]} == {"After"}


@pytest.mark.parametrize(
    "document",
    ["{ feedCursor customers { nodes { name } } }", "{ customers { nodes { name } } feedCursor }"],
    ids=["first", "last"],
)
async def test_what_is_committed_during_an_operation_comes_after_its_cursor(
    caller: Caller, records: Records, owner_engine: AsyncEngine, document: str
) -> None:
    customer = await records.customer(name="Before")

    async def write() -> None:
        written = {"company_id": records.company_id, "id": uuid4(), "type": "customer.updated", "subject_id": customer}
        async with owner_engine.begin() as connection:
            statement = text("UPDATE customers SET name = 'After' WHERE id = :id")
            await connection.execute(statement, {"id": customer})
            await connection.execute(insert(outbox_events).values(written | {"actor": "tester", "data": {}}))
        await stamp_all(caller.database)

    with after_the_first_read(caller.database.engine, write) as happened:
        during = await caller.data(document)
    assert happened

    assert during["customers"]["nodes"] == [{"name": "Before"}]
    (event,) = await followed(caller, during["feedCursor"])
    assert event["subjectId"] == str(customer)


async def test_the_session_of_an_operation_rejects_to_write(database: Database, records: Records) -> None:
    account = await records.account()
    row = {"company_id": records.company_id, "id": uuid4(), "number": "1", "name": "Group", "account_id": account}
    statement = insert(customer_groups).values(row)

    async with database.read(records.company_id) as session:
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await session.rows(statement, {})

    # The role itself may write groups: what stood in the way was the transaction alone.
    async with database.engine.begin() as connection:
        await connection.execute(
            text("SELECT set_config('app.company_id', :company, true)"), {"company": str(records.company_id)}
        )
        await connection.execute(statement)
