"""Whole lists: every row once and in order, from one moment, whatever happens while the client reads."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import customers
from tests.rest.streaming import CUSTOMERS, LARGE, Serve, body_of, write_customers
from tests.support.records import Records
from tests.support.rest import next_page


async def all_pages(client: httpx.AsyncClient, path: str) -> list[Any]:
    """Return the rows of all pages of a list."""
    rows: list[Any] = []
    link: str | None = path
    while link is not None:
        page = await client.get(link)
        rows += page.json()
        link = next_page(page)
    return rows


def numbers(body: bytes) -> list[str]:
    """Return the numbers of the customers in a body."""
    return [row["customerNumber"] for row in json.loads(body)]


@pytest.mark.parametrize("plans", [True, False])
async def test_a_whole_list_has_every_row_once_and_in_order(*, plans: bool, serve: Serve, records: Records) -> None:
    written = 0
    async with serve(query_plans=plans) as streams, streams.client(records.company_id) as client:
        for count in (0, 1, 199, 200, 201, 599, 600, 601, 1_100, 1_101):
            if count > written:
                await write_customers(records, written + 1, count)
            written = count
            whole = await client.get(CUSTOMERS)
            assert whole.status_code == 200
            assert whole.headers["content-type"] == "application/json; charset=utf-8"
            assert whole.headers["cache-control"] == "no-store"
            assert numbers(whole.content) == [str(number) for number in range(1, count + 1)]
            # A short list has a length.
            assert ("content-length" in whole.headers) == (count <= 200)
        assert await all_pages(client, f"{CUSTOMERS}?limit=499") == whole.json()
    lines = streams.lines("operation")
    assert {(line["status"], line["execution"]) for line in lines} == {(200, "planned" if plans else "fields")}
    # One statement for the page that doesn't have all rows, and one for each page of the snapshot.
    assert not plans or max(line["statements"] for line in lines) == 1 + 4


async def test_contacts_departments_and_groups_are_streamed_as_well(serve: Serve, records: Records) -> None:
    customer = await records.customer()
    for number in range(3):
        await records.contact(customer, name=f"Contact {number}")
    async with serve() as streams, streams.client(records.company_id) as client:
        for path in (f"{CUSTOMERS}/{customer}/contacts", "/v1/customer-groups", f"{CUSTOMERS}/{customer}/departments"):
            whole = await client.get(path)
            assert whole.json() == await all_pages(client, f"{path}?limit=1")


async def test_filtered_lists_are_streamed_as_well(serve: Serve, records: Records) -> None:
    await write_customers(records, 1, 600, metadata={"region": "north"})
    await write_customers(records, 601, 700)
    async with serve() as streams, streams.client(records.company_id) as client:
        found = await client.get(CUSTOMERS, params={"metadata[region]": "north"})
        rest = await client.get(CUSTOMERS, params={"after": await cursor_after(client, 650)})
    assert numbers(found.content) == [str(number) for number in range(1, 601)]
    assert numbers(rest.content) == [str(number) for number in range(651, 701)]


async def cursor_after(client: httpx.AsyncClient, rows: int) -> str:
    """Return the cursor after this number of rows."""
    link: str | None = f"{CUSTOMERS}?limit={rows // 2}"
    for _ in range(2):
        assert link is not None
        link = next_page(await client.get(link))
    assert link is not None
    return httpx.URL(link).params["after"]


@pytest.mark.parametrize("plans", [True, False])
async def test_writes_while_a_client_reads_do_not_show(
    *, plans: bool, serve: Serve, records: Records, owner_engine: AsyncEngine
) -> None:
    await write_customers(records, 1, 1_500, metadata=LARGE)
    async with serve(query_plans=plans) as streams, streams.reading(records.company_id) as reader:
        await reader.begun()
        await write_customers(records, 1_501, 2_100)
        mine = customers.c.company_id == records.company_id
        async with owner_engine.begin() as connection:
            # The first rows would be read again, and the last ones not at all.
            await connection.execute(update(customers).where(mine).values(name="Changed"))
            await connection.execute(
                text("UPDATE customers SET customer_number = 'z' || customer_number WHERE company_id = :id"),
                {"id": records.company_id},
            )
        body = body_of(await reader.rest())
    assert body.is_whole
    assert numbers(body.content) == [str(number) for number in range(1, 1_501)]
    assert {row["name"] for row in json.loads(body.content)} == {f"Customer {number}" for number in range(1, 1_501)}


@pytest.mark.parametrize("limits", [{"max_requested_rows": 7}, {"max_requested_values": 400}])
async def test_pages_are_within_the_limits_of_operations(
    limits: dict[str, int], serve: Serve, records: Records
) -> None:
    customer = await records.customer(customer_number="0")
    await write_customers(records, 1, 20)
    for number in range(20):
        await records.contact(customer, name=f"Contact {number:02}")
        await records.department(customer, name=f"Department {number:02}")
        await records.group(number=f"{number + 1_000}")
    members = [f"{CUSTOMERS}/{customer}/{name}" for name in ("contacts", "departments")]
    async with serve(**limits) as streams, streams.client(records.company_id) as client:
        found = [await client.get(path) for path in (CUSTOMERS, "/v1/customer-groups", *members)]
    assert [(answer.status_code, len(answer.json())) for answer in found] == [
        (200, 21),
        (200, 22),
        (200, 20),
        (200, 20),
    ]


async def test_pages_of_large_rows_have_fewer_rows(serve: Serve, records: Records) -> None:
    await write_customers(records, 1, 501, metadata=LARGE | {f"more {number}": "y" * 500 for number in range(32)})
    async with serve() as streams, streams.client(records.company_id) as client:
        assert len((await client.get(CUSTOMERS)).json()) == 501
    (line,) = streams.lines("operation")
    # Of a megabyte each, but for the one that doesn't have all rows and the first one.
    assert line["statements"] > 10
