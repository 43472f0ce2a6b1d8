"""Whole lists that don't reach their end: the client notices, and the snapshot and its connection are given back."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.web.connections import ConnectionLimits, usage
from tests.rest.calling import error_of
from tests.rest.streaming import CUSTOMERS, LARGE, Reader, Serve, Streams, body_of, write_customers
from tests.support.databases import execute, opened, service_login
from tests.support.listening import wired
from tests.support.records import Records, new_company
from tests.support.until import until

LOSE_SNAPSHOTS = text("""SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()""")


@pytest_asyncio.fixture(loop_scope="session")
async def many(records: Records) -> Records:
    """A company whose customers don't fit into the buffers of a connection."""
    await write_customers(records, 1, 2_000, metadata=LARGE)
    return records


async def assert_cut_off(reader: Reader) -> None:
    """Assert that the client gets a part of the list, which it can't take for the whole."""
    body = body_of(await reader.rest())
    assert body.content.startswith(b'[{"id":"')
    assert not body.is_whole
    assert not body.content.endswith(b"]")


async def assert_all_is_read(streams: Streams, records: Records) -> None:
    """Assert that nothing is left of earlier requests, by reading the whole list."""
    await streams.given_back()
    async with streams.client(records.company_id) as client:
        assert len((await client.get(CUSTOMERS)).json()) == 2_000


async def test_a_client_that_reads_nothing_is_not_read_ahead_for(serve: Serve, many: Records) -> None:
    async with serve() as streams:
        async with streams.reading(many.company_id) as reader:
            await reader.begun()
            await asyncio.sleep(0.5)
            assert await streams.in_use() == {"transactions": 1, "plans": 0, "heavy": 0, "snapshots": 1}
            reader.leave()
        line = await streams.logged()
        assert (line["status"], line["codes"]) == (499, ["CLIENT_CLOSED_REQUEST"])
        await assert_all_is_read(streams, many)
    # The kernel takes up to 4 MB, and pages have 1 MB. One more is being sent, and another one waits.
    assert line["statements"] <= 8 < streams.lines("operation")[-1]["statements"]


async def test_a_client_that_takes_too_long_is_cut_off(serve: Serve, many: Records) -> None:
    async with serve(rest_list_seconds=1) as streams, streams.reading(many.company_id) as reader:
        await reader.begun()
        line = await streams.logged()
        counted = await streams.seconds("rest")
        await assert_cut_off(reader)
        cause = await streams.logged("unavailable")
        await assert_all_is_read(streams, many)
    assert (line["status"], line["codes"], line["name"]) == (200, ["CLIENT_TOO_SLOW"], "RestListCustomers")
    # How long callers wait doesn't depend on how fast they read.
    assert line["milliseconds"] < 900 < line["sending_milliseconds"] < 10_000
    assert counted == pytest.approx(line["milliseconds"] / 1_000, abs=0.001)
    assert (cause["cause"], cause["limit"], cause["request_id"]) == (
        "list_timeout",
        "REST_LIST_SECONDS",
        line["request_id"],
    )


@pytest.mark.parametrize(
    ("limits", "reason"),
    [(ConnectionLimits(send_seconds=0.5), "slow_reader"), (ConnectionLimits(unsent_bytes=1_000_000), "unsent_bytes")],
)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_a_list_that_a_limit_cuts_off_is_logged_as_that_of_a_slow_client(
    serve: Serve, many: Records, version: str, limits: ConnectionLimits, reason: str
) -> None:
    before = usage.ended[reason]
    async with serve(limits=limits) as streams, streams.reading(many.company_id, version=version) as reader:
        await reader.begun()
        line = await streams.logged()
        assert (line["status"], line["codes"], line["name"]) == (200, ["CLIENT_TOO_SLOW"], "RestListCustomers")
        assert usage.ended[reason] == before + 1
        if version == "1.1":
            await assert_cut_off(reader)
        else:
            with pytest.raises(ConnectionResetError):
                await reader.rest()
        await assert_all_is_read(streams, many)


async def test_a_page_that_waits_behind_unread_ones_is_logged_as_that_of_a_slow_client(
    serve: Serve, many: Records
) -> None:
    async with (
        serve(limits=ConnectionLimits(send_seconds=0.5)) as streams,
        streams.client(many.company_id) as client,
        wired(streams.port) as wire,
    ):
        fields = f"host: a\r\nauthorization: {client.headers['authorization']}"
        # More than the kernel's buffers hold.
        await wire.send(f"GET {CUSTOMERS}?limit=500 HTTP/1.1\r\n{fields}\r\n\r\n".encode() * 10)
        await until(lambda: any(line["status"] != 200 for line in streams.lines("operation")))
        lines = streams.lines("operation")
    assert (lines[-1]["status"], lines[-1]["codes"]) == (499, ["CLIENT_TOO_SLOW"])
    assert len(lines) < 10


async def test_a_client_may_read_longer_than_an_operation_may_take(serve: Serve, many: Records) -> None:
    async with serve(request_timeout_seconds=2) as streams, streams.reading(many.company_id) as reader:
        await reader.begun()
        await asyncio.sleep(2.5)
        assert body_of(await reader.rest()).is_whole


async def test_a_list_whose_snapshot_is_lost_is_cut_off(serve: Serve, many: Records, owner_engine: AsyncEngine) -> None:
    async with serve() as streams:
        async with streams.reading(many.company_id) as reader:
            await reader.begun()
            async with asyncio.timeout(10), owner_engine.connect() as owner:
                # The next page is still being read ahead.
                while not await owner.scalar(LOSE_SNAPSHOTS):
                    await owner.rollback()
                    await asyncio.sleep(0.01)
            await assert_cut_off(reader)
        line = await streams.logged()
        assert (line["status"], line["codes"]) == (200, ["SERVICE_UNAVAILABLE"])
        assert (await streams.logged("unavailable"))["cause"] == "connection_lost"
        await assert_all_is_read(streams, many)


async def test_a_list_that_is_read_when_the_service_ends_is_cut_off(serve: Serve, many: Records) -> None:
    async with AsyncExitStack() as stack:
        service = serve(grace_seconds=0.2)
        streams = await service.__aenter__()
        reader = await stack.enter_async_context(streams.reading(many.company_id))
        await reader.begun()
        async with asyncio.timeout(10):
            await service.__aexit__(None, None, None)
        await assert_cut_off(reader)
        line = await streams.logged()
    assert (line["status"], line["codes"]) == (200, ["SERVICE_UNAVAILABLE"])


async def test_a_list_that_ends_in_time_is_complete_when_the_service_ends(serve: Serve, many: Records) -> None:
    async with AsyncExitStack() as stack:
        service = serve(grace_seconds=20)
        streams = await service.__aenter__()
        reader = await stack.enter_async_context(streams.reading(many.company_id))
        await reader.begun()
        ending = asyncio.create_task(service.__aexit__(None, None, None))
        assert body_of(await reader.rest()).is_whole
        await ending


async def test_a_client_of_http_1_0_is_reset_if_its_list_is_cut_off(serve: Serve, many: Records) -> None:
    async with (
        serve(rest_list_seconds=0.5) as streams,
        streams.reading(many.company_id, version="1.0") as reader,
    ):
        head = await reader.begun()
        assert b"chunked" not in head
        assert b"content-length" not in head
        await streams.logged()
        with pytest.raises(ConnectionResetError):
            await reader.rest()


async def test_a_client_of_http_1_0_gets_a_whole_list(serve: Serve, many: Records) -> None:
    async with (
        serve() as streams,
        streams.client(many.company_id) as client,
        streams.reading(many.company_id, version="1.0") as reader,
    ):
        await reader.begun()
        assert await reader.rest() == (await client.get(CUSTOMERS)).content


async def test_the_answer_to_head_reads_no_snapshot(serve: Serve, many: Records) -> None:
    async with serve() as streams, streams.client(many.company_id) as client:
        long, short = await client.head(CUSTOMERS), await client.head(CUSTOMERS, params={"customerNumber": "7"})
        found = await client.get(CUSTOMERS, params={"customerNumber": "7"})
    lines = streams.lines("operation")
    assert (long.status_code, long.content) == (200, b"")
    assert "content-length" not in long.headers
    assert (short.status_code, short.content) == (200, b"")
    assert short.headers["content-length"] == str(len(found.content))
    assert [line["statements"] for line in lines] == [1, 1, 1]


async def test_companies_share_the_snapshots(serve: Serve, many: Records, owner_engine: AsyncEngine) -> None:
    other = Records(owner_engine, await new_company(owner_engine))
    await write_customers(other, 1, 700)
    settings: dict[str, Any] = {"database_pool_size": 6, "database_pool_timeout_seconds": 0.3}
    async with serve(**settings) as streams, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(streams.client(one.company_id)) for one in (many, other)]
        reader = await stack.enter_async_context(streams.reading(many.company_id))
        await reader.begun()
        # A second list of the company finds no turn, but its pages and those of others are read.
        rejected = await clients[0].get(CUSTOMERS)
        assert error_of(rejected, 503, "SERVICE_UNAVAILABLE")
        assert rejected.headers["retry-after"] == "2"
        assert len((await clients[0].get(f"{CUSTOMERS}?limit=500")).json()) == 500
        assert len((await clients[1].get(CUSTOMERS)).json()) == 700
        queries = [client.post("/graphql", json={"query": "{ customers { totalCount } }"}) for client in clients * 5]
        answers = await asyncio.gather(*queries)
        assert {answer.status_code for answer in answers} == {200}
        assert body_of(await reader.rest()).is_whole
        assert len((await clients[0].get(CUSTOMERS)).json()) == 2_000
        cause = await streams.logged("unavailable")
    assert (cause["cause"], cause["limit"]) == ("pool_exhausted", "DATABASE_POOL_TIMEOUT_SECONDS")
    assert cause["reason"].startswith("1 of 2 turns of snapshots are in use")


async def test_a_list_with_a_row_that_can_not_be_shown_is_cut_off(migrated_dsn: str, serve: Serve) -> None:
    await execute(migrated_dsn, "ALTER TABLE customers DROP CONSTRAINT customers_vat_zone_check")
    async with opened(migrated_dsn, pool_size=1) as owner, service_login(migrated_dsn) as dsn:
        records = Records(owner.engine, await new_company(owner.engine))
        await write_customers(records, 1, 650)
        await records.customer(customer_number="700", vat_zone="MOON")
        async with serve(database_url=dsn) as streams, streams.reading(records.company_id) as reader:
            await reader.begun()
            await assert_cut_off(reader)
            line, failure = await streams.logged(), await streams.logged("failure")
            async with streams.client(records.company_id) as client:
                error = error_of(await client.get(f"{CUSTOMERS}?customerNumber=700"), 500, "INTERNAL_SERVER_ERROR")
    # The plan of the last page fails, and then the same snapshot is read field by field, which names the field.
    assert (line["status"], line["codes"], line["execution"]) == (200, ["INTERNAL_SERVER_ERROR"], "repeated")
    assert (failure["request_id"], failure["path"][-1]) == (line["request_id"], "vatZone")
    assert "MOON" not in failure["exception"]
    assert error["details"] == {"requestId": streams.lines("operation")[-1]["request_id"]}
