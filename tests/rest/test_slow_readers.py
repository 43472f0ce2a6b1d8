"""Slow readers of whole lists: they don't keep others from reading theirs, and get theirs whole."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from time import monotonic

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.rest.streaming import CUSTOMERS, LARGE, Reader, Serve, Streams, body_of, write_customers
from tests.support.records import Records, new_company


@pytest_asyncio.fixture(loop_scope="session")
async def streams(serve: Serve) -> AsyncGenerator[Streams]:
    """A service with three turns for lists."""
    async with serve(database_pool_size=10) as streams:
        yield streams


async def of_new_company(engine: AsyncEngine, count: int = 2_000) -> Records:
    """A new company with this many large customers."""
    records = Records(engine, await new_company(engine))
    await write_customers(records, 1, count, metadata=LARGE)
    return records


async def assert_answered(streams: Streams, records: Records, count: int) -> None:
    """Assert that a company gets its list in time."""
    async with streams.client(records.company_id) as client:
        began = monotonic()
        assert len((await client.get(CUSTOMERS)).json()) == count
        assert monotonic() - began < 5


async def test_a_third_company_reads_while_two_have_slow_readers(streams: Streams, owner_engine: AsyncEngine) -> None:
    first, second = [await of_new_company(owner_engine) for _ in range(2)]
    third = await of_new_company(owner_engine, 700)
    async with AsyncExitStack() as stack:
        # The first has two of the three turns, the second has one.
        readers: list[Reader] = []
        for slow in (first, first, second):
            readers.append(await stack.enter_async_context(streams.reading(slow.company_id)))
            await readers[-1].begun()
        await assert_answered(streams, third, 700)
        bodies = [body_of(await reader.rest()) for reader in readers]
    assert [body.is_whole for body in bodies] == [True] * 3


async def test_of_more_companies_than_turns_each_gets_its_list_however_slow(
    streams: Streams, owner_engine: AsyncEngine
) -> None:
    slow = [await of_new_company(owner_engine) for _ in range(6)]
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(streams.reading(records.company_id)) for records in slow]
        for reader in readers:
            await reader.begun()
        bodies = [body_of(await reader.rest()) for reader in readers]
    assert [body.is_whole for body in bodies] == [True] * 6


async def test_more_clients_of_one_company_than_turns_get_their_lists(
    streams: Streams, owner_engine: AsyncEngine
) -> None:
    records = await of_new_company(owner_engine)
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(streams.reading(records.company_id)) for _ in range(5)]
        for reader in readers:
            await reader.begun()
        bodies = [body_of(await reader.rest()) for reader in readers]
    assert [body.is_whole for body in bodies] == [True] * 5


@pytest.mark.parametrize("earlier", [f"{CUSTOMERS}?limit=500", CUSTOMERS])
async def test_a_list_behind_an_unread_answer_keeps_no_other_company_from_reading(
    streams: Streams, owner_engine: AsyncEngine, earlier: str
) -> None:
    first, second = [await of_new_company(owner_engine) for _ in range(2)]
    third = await of_new_company(owner_engine, 700)
    async with AsyncExitStack() as stack:
        for slow in (first, first, second):
            reader = await stack.enter_async_context(streams.reading(slow.company_id, after=[earlier]))
            await reader.begun()
        await assert_answered(streams, third, 700)
