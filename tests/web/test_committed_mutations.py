"""What a mutation has committed is answered, whatever fails after it; and nobody is told to repeat what is stored."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from httpx import AsyncClient, Response
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import customers
from app.web.development import DevelopmentKeys
from tests.support.new_customers import new_customer_input
from tests.support.records import Records
from tests.support.started import headers_of, settings_of, started

SECONDS = 2.0
CREATE = """
mutation ($a: CreateCustomerInput!) {
  a: createCustomer(input: $a) { customer { id version customerNumber } errors { code } }
}
"""
CREATE_AND_READ = """
mutation ($a: CreateCustomerInput!) {
  a: createCustomer(input: $a) { customer { id contacts { id } } replayed errors { code } }
}
"""
SEVERAL = """
mutation ($a: CreateCustomerInput!, $b: UpdateCustomerInput!, $c: CreateCustomerInput!) {
  a: createCustomer(input: $a) { customer { name version } errors { code } }
  b: updateCustomer(input: $b) { customer { name } errors { code } }
  c: createCustomer(input: $c) { customer { name } errors { code } }
}
"""
UPSERT = """
mutation ($a: UpsertCustomersInput!) {
  a: upsertCustomers(input: $a) { created results { index customer { id contacts { id } } } }
}
"""
SLOW_COMMIT = """
CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.notes = 'slow commit' THEN PERFORM pg_sleep(3); END IF; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON customers DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION slow_commit();
"""


@pytest_asyncio.fixture(loop_scope="session")
async def client(service_dsn: str, company: UUID, tmp_path: Path) -> AsyncGenerator[AsyncClient]:
    keys = DevelopmentKeys(tmp_path / "keys")
    settings = settings_of(service_dsn, keys, request_timeout_seconds=SECONDS, statement_timeout_seconds=10)
    async with started(settings, headers_of(keys, company)) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def patient_client(service_dsn: str, company: UUID, tmp_path: Path) -> AsyncGenerator[AsyncClient]:
    """A client of a service whose operations have time to wait for a lock twice."""
    keys = DevelopmentKeys(tmp_path / "keys")
    async with started(
        settings_of(service_dsn, keys, statement_timeout_seconds=20), headers_of(keys, company)
    ) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def _slow_commit(owner_engine: AsyncEngine) -> AsyncGenerator[None]:
    """Commits that take three seconds, of customers whose notes say so."""
    async with owner_engine.begin() as connection:
        for statement in SLOW_COMMIT.strip().split(";\nCREATE CONSTRAINT"):
            prefix = "" if statement.startswith("CREATE FUNCTION") else "CREATE CONSTRAINT"
            await connection.execute(text(prefix + statement.rstrip(";")))
    yield
    async with owner_engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION slow_commit() CASCADE"))


async def names_of(owner_engine: AsyncEngine, company: UUID) -> set[str]:
    """The names of the customers that are stored."""
    async with owner_engine.connect() as connection:
        return {*await connection.scalars(select(customers.c.name).where(customers.c.company_id == company))}


@asynccontextmanager
async def locked(owner_engine: AsyncEngine, statement: str, **values: Any) -> AsyncGenerator[None]:
    """Hold a lock of somebody else's."""
    async with owner_engine.connect() as connection, connection.begin():
        await connection.execute(text(statement), values)
        yield


def locked_customer(owner_engine: AsyncEngine, customer_id: UUID) -> Any:
    return locked(owner_engine, "SELECT 1 FROM customers WHERE id = :id FOR UPDATE", id=customer_id)


def locked_contacts(owner_engine: AsyncEngine) -> Any:
    return locked(owner_engine, "LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE")


async def end_whoever(owner_engine: AsyncEngine, event: str) -> None:
    """End the connections that wait for something, once there are any."""
    end = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event = :event"
    )
    async with asyncio.timeout(10):
        while True:
            async with owner_engine.begin() as connection:
                if (await connection.execute(end, {"event": event})).all():
                    return
            await asyncio.sleep(0.02)


def error_of(response: Response, place: int = 0) -> tuple[Any, str, str]:
    """The path, code and message of an error."""
    error = response.json()["errors"][place]
    return error["path"], error["extensions"]["code"], error["message"]


async def test_what_was_committed_before_the_time_was_over_is_answered(
    client: AsyncClient, company: UUID, records: Records, owner_engine: AsyncEngine
) -> None:
    taken = await records.customer(name="Taken")
    group = await records.group()
    given = {
        "a": new_customer_input(group, name="First"),
        "b": {"id": str(taken), "name": "Changed"},
        "c": new_customer_input(group, name="Third"),
    }

    async with locked_customer(owner_engine, taken):
        response = await client.post("/graphql", json={"query": SEVERAL, "variables": given})

    assert response.status_code == 200
    assert response.json()["data"] == {
        "a": {"customer": {"name": "First", "version": 1}, "errors": []},
        "b": None,
        "c": None,
    }
    assert [error_of(response, place) for place in (0, 1)] == [
        (["b"], "TIMEOUT", "The change took too long and was stopped; nothing was stored."),
        (["c"], "TIMEOUT", "The request's time ended before this change began; nothing was stored."),
    ]
    assert len(response.json()["errors"]) == 2
    await asyncio.sleep(0.2)
    assert await names_of(owner_engine, company) == {"Taken", "First"}


async def test_an_operation_of_which_nothing_is_stored_is_rejected_as_a_whole(
    client: AsyncClient, company: UUID, records: Records, owner_engine: AsyncEngine
) -> None:
    taken = await records.customer(name="Taken")
    update = "mutation ($b: UpdateCustomerInput!) { updateCustomer(input: $b) { errors { code } } }"

    async with locked_customer(owner_engine, taken):
        response = await client.post(
            "/graphql", json={"query": update, "variables": {"b": {"id": str(taken), "name": "Changed"}}}
        )

    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (504, "TIMEOUT")
    assert "nothing was stored" in response.json()["errors"][0]["message"]
    assert "data" not in response.json()
    assert await names_of(owner_engine, company) == {"Taken"}


async def test_a_payload_that_is_not_read_back_in_time_says_what_was_written(
    client: AsyncClient, records: Records, owner_engine: AsyncEngine
) -> None:
    group = await records.group()

    async with locked_contacts(owner_engine):
        asking = asyncio.ensure_future(
            client.post(
                "/graphql", json={"query": CREATE_AND_READ, "variables": {"a": new_customer_input(group, name="First")}}
            )
        )
        # Its session ends with the statement that waits for the lock.
        await asyncio.sleep(2 * SECONDS)
    response = await asking

    assert response.status_code == 200
    assert response.json()["data"] == {"a": {"customer": None, "replayed": False, "errors": []}}
    path, code, message = error_of(response)
    assert (path, code) == (["a", "customer", "contacts"], "TIMEOUT")
    assert "The change was stored" in message
    assert "don't repeat the change" in message
    async with owner_engine.connect() as connection:
        stored = (
            await connection.execute(
                select(customers.c.id, customers.c.customer_number).where(customers.c.customer_group_id == group)
            )
        ).one()
    assert response.json()["errors"][0]["extensions"]["written"] == {
        "type": "Customer",
        "id": str(stored.id),
        "version": 1,
        "customerNumber": stored.customer_number,
    }


async def test_a_payload_whose_connection_is_lost_says_what_was_written_of_each_row(
    patient_client: AsyncClient, company: UUID, records: Records, owner_engine: AsyncEngine
) -> None:
    group = await records.group()
    rows = [new_customer_input(group, name, name=name) for name in ("First", "Second")]

    async with locked_contacts(owner_engine):
        asking = asyncio.ensure_future(
            patient_client.post("/graphql", json={"query": UPSERT, "variables": {"a": {"rows": rows}}})
        )
        # A statement whose connection was lost is sent once more.
        for _ in range(2):
            await end_whoever(owner_engine, "relation")
    response = await asking

    assert response.status_code == 200
    assert response.json()["data"]["a"] == {
        "created": 2,
        "results": [{"index": 0, "customer": None}, {"index": 1, "customer": None}],
    }
    for place, error in enumerate(response.json()["errors"]):
        assert error["path"] == ["a", "results", place, "customer", "contacts"]
        assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
        assert "try again" not in error["message"]
        assert error["extensions"]["written"]["externalSystemId"] == ("First", "Second")[place]
        assert error["extensions"]["written"]["version"] == 1
    assert await names_of(owner_engine, company) == {"First", "Second"}


@pytest.mark.usefixtures("_slow_commit")
async def test_a_commit_that_is_under_way_when_the_time_is_over_is_seen_through(
    client: AsyncClient, records: Records
) -> None:
    created = new_customer_input(await records.group(), name="First", notes="slow commit", customerNumber="17")

    response = await client.post("/graphql", json={"query": CREATE, "variables": {"a": created}})

    assert response.status_code == 200
    payload = response.json()
    assert "errors" not in payload
    assert payload["data"]["a"]["customer"]["version"] == 1
    assert payload["data"]["a"]["customer"]["customerNumber"] == "17"


@pytest.mark.usefixtures("_slow_commit")
async def test_a_connection_that_is_lost_during_the_commit_leaves_the_outcome_unknown(
    client: AsyncClient, records: Records, owner_engine: AsyncEngine
) -> None:
    created = new_customer_input(await records.group(), name="First", notes="slow commit")

    asking = asyncio.ensure_future(client.post("/graphql", json={"query": CREATE, "variables": {"a": created}}))
    await end_whoever(owner_engine, "PgSleep")
    response = await asking

    assert response.status_code == 200
    assert response.json()["data"] == {"a": None}
    path, code, message = error_of(response)
    assert (path, code) == (["a"], "OUTCOME_UNKNOWN")
    assert "unknown" in message
    assert "same idempotency key" in message
    assert "retry-after" not in response.headers
