"""Lists that may be some seconds old: those without a filter, for callers of the same company that may read them."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.identity import Scope
from tests.rest.calling import error_of
from tests.rest.streaming import CUSTOMERS, Serve, write_customers
from tests.support.records import Records, new_company

GROUPS = "/v1/customer-groups"


async def test_only_lists_without_a_filter_may_be_some_seconds_old(serve: Serve, records: Records) -> None:
    await records.customer(customer_number="1", name="Before", metadata={"a": "1"})
    fresh = (
        f"{CUSTOMERS}?customerNumber=2",
        f"{CUSTOMERS}?metadata[a]=2",
        f"{CUSTOMERS}?limit=10",
        f"{GROUPS}?limit=9",
    )
    async with serve(list_cache_seconds=5) as streams, streams.client(records.company_id) as client:
        before = [(await client.get(path)).json() for path in (CUSTOMERS, GROUPS, *fresh)]
        await records.customer(customer_number="2", metadata={"a": "2"})
        await records.group(number="99")
        after = [(await client.get(path)).json() for path in (CUSTOMERS, GROUPS, *fresh)]
        contacts = f"{CUSTOMERS}/{before[0][0]['id']}/contacts"
        assert (await client.get(contacts)).json() == []
        await records.contact(before[0][0]["id"])
        assert len((await client.get(contacts)).json()) == 1
    assert after[:2] == before[:2]
    assert [len(rows) for rows in before] == [1, 1, 0, 0, 1, 1]
    assert [len(rows) for rows in after] == [1, 1, 1, 1, 2, 2]


async def test_without_a_cache_all_lists_are_fresh(serve: Serve, records: Records) -> None:
    async with serve(list_cache_seconds=0) as streams, streams.client(records.company_id) as client:
        for count in range(3):
            assert [len((await client.get(path)).json()) for path in (CUSTOMERS, GROUPS)] == [count, min(count, 1)]
            await records.customer()


async def test_a_cached_list_is_shown_to_its_company_and_with_its_scope_only(
    serve: Serve, records: Records, owner_engine: AsyncEngine
) -> None:
    await records.customer()
    async with serve(list_cache_seconds=5) as streams, streams.client(records.company_id) as client:
        assert len((await client.get(CUSTOMERS)).json()) == 1
        async with streams.client(await new_company(owner_engine)) as other:
            assert (await other.get(CUSTOMERS)).json() == []
        async with streams.client(records.company_id, [Scope.CUSTOMERS_WRITE]) as writer:
            error_of(await writer.get(CUSTOMERS), 403, "INSUFFICIENT_PERMISSIONS")


async def test_requests_that_arrive_together_are_answered_by_one_statement(serve: Serve, records: Records) -> None:
    await records.customer()
    async with serve(list_cache_seconds=5) as streams, streams.client(records.company_id) as client:
        answers = await asyncio.gather(*(client.get(CUSTOMERS) for _ in range(8)))
        assert len({answer.content for answer in answers}) == 1
        printed = (await client.get("/metrics")).text
        assert 'customer_gateway_cache_requests_total{cache="rest_lists",result="hit"} 7.0' in printed
        assert 'customer_gateway_cache_entries{cache="rest_lists"} 1.0' in printed
    assert sorted(line["statements"] for line in streams.lines("operation")) == [0] * 7 + [1]


async def test_a_list_that_is_known_to_be_long_is_read_from_its_snapshot_at_once(
    serve: Serve, records: Records
) -> None:
    await write_customers(records, 1, 601)
    async with serve(list_cache_seconds=5) as streams, streams.client(records.company_id) as client:
        for _ in range(2):
            assert len((await client.get(CUSTOMERS)).json()) == 601
        await write_customers(records, 602, 602)
        # What is cached is only that it is long.
        assert len((await client.get(CUSTOMERS)).json()) == 602
    assert [line["statements"] for line in streams.lines("operation")] == [1 + 3, 3, 3]
