"""Slow readers of whole lists: they don't keep other companies from reading theirs."""

from contextlib import AsyncExitStack
from time import monotonic

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.rest.streaming import CUSTOMERS, LARGE, Reader, Serve, body_of, write_customers
from tests.support.records import Records, new_company


async def test_a_third_company_reads_while_two_have_slow_readers(
    serve: Serve, records: Records, owner_engine: AsyncEngine
) -> None:
    first, second, third = records, *[Records(owner_engine, await new_company(owner_engine)) for _ in range(2)]
    for slow in (first, second):
        await write_customers(slow, 1, 2_000, metadata=LARGE)
    await write_customers(third, 1, 700)
    async with serve(database_pool_size=10) as streams, AsyncExitStack() as stack:
        # The first has two of the three turns, the second has one.
        readers: list[Reader] = []
        for slow in (first, first, second):
            readers.append(await stack.enter_async_context(streams.reading(slow.company_id)))
            await readers[-1].begun()
        client = await stack.enter_async_context(streams.client(third.company_id))
        began = monotonic()
        assert len((await client.get(CUSTOMERS)).json()) == 700
        assert monotonic() - began < 5
        cause = await streams.logged("unavailable")
        assert (cause["cause"], cause["left_out"]) == ("slow_client", 0)
        line = next(line for line in streams.lines("operation") if line["request_id"] == cause["request_id"])
        assert (line["status"], line["codes"]) == (200, ["CLIENT_TOO_SLOW"])
        bodies = [body_of(await reader.rest()) for reader in readers]
    # One list was cut off, of the company with two.
    assert sorted(body.is_whole for body in bodies[:2]) == [False, True]
    assert bodies[2].is_whole
