"""Customers at the end of an edge: the children of several parents and the customers of several groups, each with its
own page."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.asking import Caller
from tests.support.records import Records

CONNECTION = """
nodes { customerNumber }
edges { cursor node { customerNumber } }
pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
totalCount
"""


def numbers(connection: dict[str, Any]) -> list[str]:
    """The customer numbers of a page, which its edges must agree with."""
    found = [node["customerNumber"] for node in connection["nodes"]]
    assert found == [edge["node"]["customerNumber"] for edge in connection["edges"]]
    cursors = [edge["cursor"] for edge in connection["edges"]]
    assert connection["pageInfo"]["startCursor"] == (cursors[0] if cursors else None)
    assert connection["pageInfo"]["endCursor"] == (cursors[-1] if cursors else None)
    return found


@pytest.fixture
async def parents(records: Records) -> list[UUID]:
    """Two parents with three children and with one, and a customer with none."""
    made = [await records.customer(customer_number=f"P{place}") for place in range(3)]
    for parent, number, active in ((0, "10", True), (0, "9", False), (0, "A", True), (1, "8", True)):
        await records.customer(parent_customer_id=made[parent], customer_number=number, is_active=active)
    return made


async def ask(caller: Caller, arguments: str, **variables: Any) -> list[dict[str, Any]]:
    """The children of the three parents."""
    kinds = {"after": "String", "where": "CustomerFilter"}
    declared = "".join(f"${name}: {kinds[name]} " for name in variables)
    data = await caller.data(
        "query" + (f"({declared})" if declared else "") + "{"
        " customers(where: {hasParent: false}) { nodes { children" + arguments + " {" + CONNECTION + "} } } }",
        **variables,
    )
    return [node["children"] for node in data["customers"]["nodes"]]


@pytest.mark.usefixtures("parents")
async def test_each_parent_has_its_own_children_in_the_order_of_numbers(caller: Caller) -> None:
    connections = await ask(caller, "")
    assert [numbers(connection) for connection in connections] == [["9", "10", "A"], ["8"], []]
    assert [connection["totalCount"] for connection in connections] == [3, 1, 0]
    for connection in connections:
        assert (connection["pageInfo"]["hasNextPage"], connection["pageInfo"]["hasPreviousPage"]) == (False, False)


ORDERS: list[tuple[list[dict[str, str]], list[str]]] = [
    ([], ["9", "10", "A"]),
    ([{"field": "NUMBER", "direction": "DESC"}], ["A", "10", "9"]),
    ([{"field": "NAME"}], ["A", "10", "9"]),
    ([{"field": "NAME", "direction": "DESC"}], ["9", "10", "A"]),
    ([{"field": "CREATED_AT"}], ["10", "A", "9"]),
    ([{"field": "UPDATED_AT"}], ["9", "10", "A"]),
    ([{"field": "UPDATED_AT", "direction": "DESC"}], ["10", "A", "9"]),
    ([{"field": "UPDATED_AT", "direction": "DESC"}, {"field": "NAME"}], ["A", "10", "9"]),
]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize(("by", "expected"), ORDERS, ids=str)
async def test_children_and_customers_of_groups_come_in_every_order_page_by_page(
    caller: Caller, records: Records, by: list[dict[str, str]], expected: list[str], size: int
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    parent = await records.customer(customer_number="P", customer_group_id=await records.group())
    group = await records.group(number="G")
    # The ids sort the two that were changed at the same time.
    rows = {"10": ("b", 0, 2), "9": ("c", 2, 1), "A": ("a", 1, 2)}
    ids = {"10": UUID(int=1), "A": UUID(int=2), "9": UUID(int=3)}
    if by[:1] == [{"field": "UPDATED_AT", "direction": "DESC"}]:
        ids["10"], ids["A"] = ids["A"], ids["10"]
    for number, (name, created, updated) in rows.items():
        await records.customer(
            id=ids[number],
            customer_number=number,
            name=name,
            parent_customer_id=parent,
            customer_group_id=group,
            created_at=start + timedelta(days=created),
            updated_at=start + timedelta(days=updated),
        )

    for lead in (
        'customer(by: {customerNumber: "P"}) { page: children',
        'customer: customerGroup(by: {number: "G"}) { page: customers',
    ):
        document = f"""query($first: Int, $after: String, $by: [CustomerOrder!]) {{
            {lead}(first: $first, after: $after, orderBy: $by) {{ {CONNECTION} }} }} }}"""
        seen, after = list[str](), None
        while len(seen) < len(expected):
            page = (await caller.data(document, first=size, after=after, by=by))["customer"]["page"]
            seen += numbers(page)
            assert page["pageInfo"]["hasNextPage"] is (len(seen) < len(expected))
            after = page["pageInfo"]["endCursor"]
        assert seen == expected


async def test_a_cursor_of_an_edge_belongs_to_one_order(caller: Caller, records: Records) -> None:
    await records.customer(parent_customer_id=await records.customer(customer_number="P"))
    document = """query($after: String, $by: [CustomerOrder!]) {
        customer(by: {customerNumber: "P"}) { children(after: $after, orderBy: $by) { pageInfo { endCursor } } } }"""
    cursor = (await caller.data(document))["customer"]["children"]["pageInfo"]["endCursor"]

    assert await caller.data(document, after=cursor, by=[{"field": "NUMBER"}])
    rejection = await caller.rejection(document, after=cursor, by=[{"field": "NAME"}])
    assert rejection["code"] == "INVALID_CURSOR"
    rejection = await caller.rejection(document, by=[{"field": "NAME"}, {"field": "NAME"}])
    assert [problem["path"] for problem in rejection["problems"]] == [["orderBy"]]


@pytest.mark.usefixtures("parents")
async def test_a_page_of_children_is_bounded_for_each_parent(caller: Caller) -> None:
    connections = await ask(caller, "(first: 2)")
    assert [numbers(connection) for connection in connections] == [["9", "10"], ["8"], []]
    assert [connection["totalCount"] for connection in connections] == [3, 1, 0]
    assert [connection["pageInfo"]["hasNextPage"] for connection in connections] == [True, False, False]


@pytest.mark.usefixtures("parents")
async def test_a_cursor_of_one_parent_is_a_place_among_the_children_of_each(caller: Caller) -> None:
    first = (await ask(caller, "(first: 1)"))[0]["pageInfo"]["endCursor"]

    connections = await ask(caller, "(first: 1, after: $after)", after=first)

    assert [numbers(connection) for connection in connections] == [["10"], [], []]
    assert [connection["pageInfo"]["hasNextPage"] for connection in connections] == [True, False, False]
    # Child 8 of the second parent lies before the cursor; the third parent has no child at all.
    assert [connection["pageInfo"]["hasPreviousPage"] for connection in connections] == [True, True, False]
    assert [connection["totalCount"] for connection in connections] == [3, 1, 0]


@pytest.mark.usefixtures("parents")
async def test_a_filter_of_children_holds_for_the_rows_and_for_the_count(caller: Caller) -> None:
    connections = await ask(caller, "(where: $where)", where={"isActive": True})
    assert [numbers(connection) for connection in connections] == [["10", "A"], ["8"], []]
    assert [connection["totalCount"] for connection in connections] == [2, 1, 0]


async def test_a_filter_of_children_stays_within_the_parent(caller: Caller, parents: list[UUID]) -> None:
    where = {"or": [{"customerNumber": "8"}, {"parentCustomerId": str(parents[1])}]}
    connections = await ask(caller, "(where: $where)", where=where)
    assert [numbers(connection) for connection in connections] == [[], ["8"], []]


@pytest.mark.usefixtures("parents")
async def test_no_rows_at_all_may_be_asked_for(caller: Caller) -> None:
    connections = await ask(caller, "(first: 0)")
    assert [numbers(connection) for connection in connections] == [[], [], []]
    assert [connection["pageInfo"]["hasNextPage"] for connection in connections] == [True, True, False]
    assert [connection["totalCount"] for connection in connections] == [3, 1, 0]


async def test_each_group_has_its_own_customers(caller: Caller, records: Records) -> None:
    groups = [await records.group(number=str(place)) for place in range(3)]
    for group, number in ((0, "B"), (0, "10"), (0, "9"), (1, "8")):
        await records.customer(customer_group_id=groups[group], customer_number=number)

    document = "{ customerGroups { customers(first: 2) {" + CONNECTION + "} } }"
    connections = [group["customers"] for group in (await caller.data(document))["customerGroups"]]

    assert [numbers(connection) for connection in connections] == [["9", "10"], ["8"], []]
    assert [connection["totalCount"] for connection in connections] == [3, 1, 0]


async def test_50_customers_come_unless_asked_for_and_500_at_most(caller: Caller, records: Records) -> None:
    parent = await records.customer(customer_number="P")
    for _ in range(51):
        await records.customer(parent_customer_id=parent)
    document = """{ customer(by: {customerNumber: "P"}) {
        usual: children { nodes { id } pageInfo { hasNextPage } } most: children(first: 500) { nodes { id } } } }"""

    shown = (await caller.data(document))["customer"]

    assert len(shown["usual"]["nodes"]) == 50
    assert shown["usual"]["pageInfo"]["hasNextPage"] is True
    assert len(shown["most"]["nodes"]) == 51


async def test_all_problems_of_a_connection_are_reported_at_once(caller: Caller, records: Records) -> None:
    await records.customer(customer_number="P")
    rejection = await caller.rejection(
        """{ customer(by: {customerNumber: "P"}) {
            children(first: 501, after: "nonsense", where: {ids: ["x"], search: "a b c d e f g h i j k"}) { nodes { id } } } }"""
    )
    assert rejection["field"] == ["customer", "children"]
    assert rejection["code"] == "BAD_USER_INPUT"
    assert [(problem["code"], problem["path"]) for problem in rejection["problems"]] == [
        ("BAD_USER_INPUT", ["first"]),
        ("BAD_USER_INPUT", ["where", "ids", "0"]),
        ("BAD_USER_INPUT", ["where", "search"]),
        ("INVALID_CURSOR", ["after"]),
    ]
