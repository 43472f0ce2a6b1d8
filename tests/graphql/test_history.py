"""Customer.history: who changed which fields when, a page at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Text, cast, insert, literal, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import graph
from app.db.tables import history as entries
from app.graphql.cursors import Cursors
from app.web.answers import to_json
from tests.support.asking import Caller
from tests.support.records import Records

PAGE = """
query($id: ID!, $first: Int, $after: String) {
  customer(by: {id: $id}) {
    history(first: $first, after: $after) {
      nodes { version } edges { cursor node { version } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
    }
  }
}
"""
CREATED = datetime(2026, 1, 31, 12, tzinfo=UTC)


async def changed(engine: AsyncEngine, company: UUID, customer: UUID, *changes: dict[str, Any]) -> None:
    """Changes of a customer, a day apart; the first is its creation."""
    rows = [
        {
            "company_id": company,
            "subject_id": customer,
            "version": version,
            "operation": "CREATED" if version == 1 else "UPDATED",
            "actor": f"person {version}",
            "changes": change,
            "occurred_at": CREATED + timedelta(days=version - 1),
        }
        for version, change in enumerate(changes, start=1)
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(entries), rows)


async def history(caller: Caller, customer: UUID, **arguments: Any) -> dict[str, Any]:
    return (await caller.data(PAGE, id=str(customer), **arguments))["customer"]["history"]


async def test_a_history_says_who_changed_which_fields_when_the_newest_first(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    values: dict[str, Any] = {
        "name": {"before": None, "after": "Fjord"},
        "creditLimit": {"before": None, "after": "100.50"},
    }
    metadata = {"before": {"size": 1.5, "tall": True}, "after": {}}
    await changed(
        owner_engine, company, customer, values, {"metadata": metadata, "billingDay": {"before": 7, "after": None}}
    )

    found = await caller.sent(
        """query($id: ID!) { customer(by: {id: $id}) { history { nodes {
             version operation actor occurredAt changes { field before after } } } } }""",
        id=str(customer),
    )

    assert found["customer"]["history"]["nodes"] == [
        {
            "version": 2,
            "operation": "UPDATED",
            "actor": "person 2",
            "occurredAt": "2026-02-01T12:00:00.000000Z",
            "changes": [{"field": "billingDay", "before": 7, "after": None}, {"field": "metadata", **metadata}],
        },
        {
            "version": 1,
            "operation": "CREATED",
            "actor": "person 1",
            "occurredAt": "2026-01-31T12:00:00.000000Z",
            "changes": [
                {"field": "creditLimit", "before": None, "after": "100.50"},
                {"field": "name", "before": None, "after": "Fjord"},
            ],
        },
    ]


async def test_a_customer_without_changes_has_an_empty_history(caller: Caller, records: Records) -> None:
    assert await history(caller, await records.customer()) == {
        "nodes": [],
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
        "totalCount": 0,
    }


async def test_a_history_is_read_page_by_page_to_its_end(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    nothing: list[dict[str, Any]] = [{}] * 12
    await changed(owner_engine, company, customer, *nothing)

    seen: list[int] = []
    after = None
    while True:
        page = await history(caller, customer, first=5, after=after)
        assert page["totalCount"] == 12
        assert page["nodes"] == [edge["node"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        seen += [node["version"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert seen == list(range(12, 0, -1))


async def test_a_new_change_moves_no_page_that_comes_after(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    await changed(owner_engine, company, customer, {}, {}, {})
    first = await history(caller, customer, first=2)

    async with owner_engine.begin() as connection:
        row = {"company_id": company, "subject_id": customer, "version": 4, "operation": "UPDATED"}
        await connection.execute(insert(entries), [row | {"actor": "someone", "changes": {}}])

    second = await history(caller, customer, first=2, after=first["pageInfo"]["endCursor"])
    assert [node["version"] for node in first["nodes"] + second["nodes"]] == [3, 2, 1]


@pytest.mark.parametrize("cursor", ["nonsense", "", "1"])
async def test_what_is_no_cursor_of_a_history_is_rejected(caller: Caller, records: Records, cursor: str) -> None:
    rejection = await caller.rejection(PAGE, id=str(await records.customer()), after=cursor)

    assert (rejection["code"], rejection["field"]) == ("INVALID_CURSOR", ["customer", "history"])


async def test_the_cursor_of_another_list_is_rejected(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    listed = await caller.data("{ customers { pageInfo { endCursor } } }")

    rejection = await caller.rejection(PAGE, id=str(customer), after=listed["customers"]["pageInfo"]["endCursor"])

    assert rejection["code"] == "INVALID_CURSOR"


@pytest.mark.parametrize("number", ["2147483648", "-99999999999", "9" * 30, "one", "1.5", "٣" * 5_000])
async def test_a_forged_cursor_with_a_number_that_no_version_has_is_rejected(
    caller: Caller, records: Records, number: str
) -> None:
    cursors = Cursors(graph.customer_history.order, "Customer", "history", caller.company_id, None)

    rejection = await caller.rejection(PAGE, id=str(await records.customer()), after=cursors.encode((number,)))

    assert rejection["code"] == "INVALID_CURSOR"


async def test_the_histories_of_many_customers_are_one_statement_and_their_counts_another(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    document = "query($first: Int) { customers(first: $first, where: {isActive: true}) { nodes { history(first: 2) { nodes { version } totalCount } } } }"
    for _ in range(40):
        await changed(owner_engine, company, await records.customer(), {}, {}, {})

    for customers in (1, 10, 40):
        nodes = (await caller.data(document, first=customers))["customers"]["nodes"]
        assert [node["history"]["totalCount"] for node in nodes] == [3] * customers
        assert [change["version"] for node in nodes for change in node["history"]["nodes"]] == [3, 2] * customers
        assert caller.statements == 3


async def test_a_subscription_has_the_history_that_a_customer_has(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    period = {"before": None, "after": {"startsOn": "2026-06-01"}}
    await changed(owner_engine, company, await records.subscription(customer), {"currentPeriod": period}, {})
    found = await caller.sent(
        """query($id: ID!) { customer(by: {id: $id}) { subscriptions { history { totalCount nodes {
             version actor changes { field before after } } } } } }""",
        id=str(customer),
    )
    (subscription,) = found["customer"]["subscriptions"]
    assert subscription["history"] == {
        "totalCount": 2,
        "nodes": [
            {"version": 2, "actor": "person 2", "changes": []},
            {"version": 1, "actor": "person 1", "changes": [{"field": "currentPeriod", **period}]},
        ],
    }


async def test_values_keep_all_digits_as_they_were_written(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    written = '{"long": 123456789012345678901234567890, "more": [1.10], "exact": 0.1000000000000000055511151231257827}'
    await changed(owner_engine, company, customer, {})
    changes = f'{{"metadata": {{"before": null, "after": {written}}}}}'
    values = {"changes": cast(literal(changes, Text()), JSONB())}
    async with owner_engine.begin() as connection:
        await connection.execute(update(entries).where(entries.c.subject_id == customer).values(values))

    found = await caller.data(
        "query($id: ID!) { customer(by: {id: $id}) { history { nodes { changes { after } } } } }", id=str(customer)
    )

    assert to_json(found["customer"]["history"]["nodes"]) == f'[{{"changes":[{{"after":{written}}}]}}]'.encode()
