"""Connections beside lists: the same rows in the same order, in pages for each parent, with cursors of their own."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import graph
from app.db.declarations import ToMany
from app.graphql.arguments import Problems
from app.graphql.cursors import Cursors
from tests.graphql.statements import cost
from tests.support.asking import Caller
from tests.support.records import Records, new_company

PAGE = "totalCount edges { cursor node { %s } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
OF_CUSTOMERS = """query($first: Int, $after: String, $last: Int, $before: String) {{ customers {{ nodes {{
  page: {field}(first: $first, after: $after, last: $last, before: $before) {{ {page} }} }} }} }}"""
STATUSES = """query($status: [SubscriptionStatus!], $after: String) { customers { nodes {
  subscriptionsConnection(status: $status, after: $after, first: 1) { totalCount nodes { name } pageInfo { endCursor } } } } }"""
GROUPS = """query($first: Int, $after: String, $last: Int, $where: CustomerGroupFilter) {
  page: customerGroupsConnection(first: $first, after: $after, last: $last, where: $where) {
    totalCount nodes { number } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
ACCOUNTS = GROUPS.replace("customerGroups", "ledgerAccounts").replace("CustomerGroupFilter", "LedgerAccountFilter")


@pytest.fixture
async def customers(records: Records) -> list[UUID]:
    """Three customers: with four contacts and departments, with one of each, and with none."""
    made = [await records.customer(customer_number=str(place)) for place in range(3)]
    for place, name in enumerate(("Bo", "ann", "Åse", "Carl")):
        await records.contact(made[0], name=name, is_default_for_customer=place == 2)
        await records.department(made[0], name=name, is_default=place == 2)
    await records.contact(made[1], name="Dan")
    await records.department(made[1], name="Dan")
    return made


async def ask(caller: Caller, field: str, **arguments: Any) -> list[dict[str, Any]]:
    """A page of the members of each customer."""
    document = OF_CUSTOMERS.format(field=f"{field}Connection", page=PAGE % "name")
    return [node["page"] for node in (await caller.data(document, **arguments))["customers"]["nodes"]]


def names(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in page["edges"]]


@pytest.mark.usefixtures("customers")
@pytest.mark.parametrize("field", ["contacts", "departments"])
async def test_each_customer_has_a_page_of_its_own_the_default_first(caller: Caller, field: str) -> None:
    pages = await ask(caller, field, first=2)
    assert [names(page) for page in pages] == [["Åse", "ann"], ["Dan"], []]
    assert [page["totalCount"] for page in pages] == [4, 1, 0]
    assert [page["pageInfo"]["hasNextPage"] for page in pages] == [True, False, False]
    assert [page["pageInfo"]["hasPreviousPage"] for page in pages] == [False, False, False]


@pytest.mark.usefixtures("customers")
@pytest.mark.parametrize("field", ["contacts", "departments"])
async def test_a_page_goes_on_after_and_before_the_default_and_any_other(caller: Caller, field: str) -> None:
    (whole, *_) = await ask(caller, field)
    cursors = [edge["cursor"] for edge in whole["edges"]]
    assert names(whole) == ["Åse", "ann", "Bo", "Carl"]
    for place, cursor in enumerate(cursors):
        (after, *_) = await ask(caller, field, after=cursor)
        assert (names(after), after["pageInfo"]["hasPreviousPage"]) == (names(whole)[place + 1 :], True)
        (before, *_) = await ask(caller, field, last=2, before=cursor)
        assert names(before) == names(whole)[max(0, place - 2) : place]
        assert before["pageInfo"]["hasPreviousPage"] is (place > 2)
        assert before["pageInfo"]["hasNextPage"] is True


async def test_a_cursor_of_subscriptions_belongs_to_their_statuses(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    for day, status in enumerate(("ACTIVE", "PAUSED", "ACTIVE"), start=1):
        await records.subscription(customer, name=f"{status} {day}", status=status, started_on=date(2026, 1, day))

    async def page(**arguments: Any) -> dict[str, Any]:
        return (await caller.data(STATUSES, **arguments))["customers"]["nodes"][0]["subscriptionsConnection"]

    first = await page(status=["ACTIVE"])
    assert (first["totalCount"], first["nodes"]) == (2, [{"name": "ACTIVE 1"}])
    after = first["pageInfo"]["endCursor"]
    assert (await page(status=["ACTIVE"], after=after))["nodes"] == [{"name": "ACTIVE 3"}]
    assert (await page(status=[]))["totalCount"] == 0
    for status in (None, ["PAUSED"], ["ACTIVE", "PAUSED"]):
        assert (await caller.rejection(STATUSES, status=status, after=after))["code"] == "INVALID_CURSOR"


@pytest.mark.usefixtures("customers")
async def test_a_cursor_of_another_list_of_the_same_order_is_rejected(caller: Caller) -> None:
    (contacts, *_) = await ask(caller, "contacts")
    result = await caller.run(
        OF_CUSTOMERS.format(field="departmentsConnection", page="totalCount"), after=contacts["pageInfo"]["endCursor"]
    )
    codes = {(error.extensions or {})["code"] for error in result.errors or ()}
    assert codes == {"INVALID_CURSOR"}
    rejection = await caller.rejection(GROUPS, after=contacts["pageInfo"]["endCursor"])
    assert rejection["code"] == "INVALID_CURSOR"


@pytest.mark.parametrize("document", [GROUPS, ACCOUNTS], ids=["groups", "accounts"])
async def test_groups_and_accounts_are_read_in_pages_by_number(caller: Caller, records: Records, document: str) -> None:
    account = await records.account(number="1", name="Sales")
    for number, name in (("2", "Salg"), ("10", "Sales abroad"), ("A", "Other")):
        if document == GROUPS:
            await records.group(number=number, name=name, account_id=account)
        else:
            await records.account(number=number, name=name)
    if document == GROUPS:
        await records.group(number="1", name="Sales", account_id=account)

    seen, after = list[str](), None
    while after is not None or not seen:
        page = (await caller.data(document, first=3, after=after))["page"]
        assert page["totalCount"] == 4
        assert page["pageInfo"]["hasPreviousPage"] is bool(seen)
        seen += [node["number"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    assert seen == ["1", "2", "10", "A"]

    page = (await caller.data(document, last=2, where={"namePrefix": "SAL"}))["page"]
    assert ([node["number"] for node in page["nodes"]], page["totalCount"]) == (["2", "10"], 3)
    end = page["pageInfo"]["endCursor"]
    assert (await caller.rejection(document, after=end))["code"] == "INVALID_CURSOR"
    problems = (await caller.rejection(document, first=501, last=1, where={"number": ""}, after="x"))["problems"]
    assert [problem["path"] for problem in problems] == [["last"], ["first"], ["where", "number"], ["after"]]


async def test_another_company_s_groups_and_accounts_are_not_counted(caller: Caller, owner_engine: AsyncEngine) -> None:
    await Records(owner_engine, await new_company(owner_engine)).group()
    for document in (GROUPS, ACCOUNTS):
        page = (await caller.data(document))["page"]
        assert (page["totalCount"], page["nodes"]) == (0, [])


@pytest.mark.parametrize("customers", [1, 10, 40])
async def test_a_level_of_connections_costs_the_same_statements_for_any_number_of_rows(
    caller: Caller, records: Records, customers: int
) -> None:
    for _ in range(customers):
        customer = await records.customer()
        for _ in range(2):
            await records.contact(customer)
            await records.department(customer)
            await records.subscription(customer)
    document = """{ customers { nodes {
      contactsConnection(first: 1) { %(page)s } departmentsConnection(last: 1) { %(page)s }
      subscriptionsConnection(first: 1) { %(page)s } billingDocumentsConnection { %(page)s } } } }"""
    # The customers: 1. Each connection: a page and a count.
    assert await cost(caller, document % {"page": PAGE % "id"}) == 9


@given(st.booleans(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=50), st.uuids())
def test_a_position_among_members_comes_back_from_its_cursor(is_not_default: bool, name: str, id_: UUID) -> None:  # noqa: FBT001 - Hypothesis passes it by position
    assert came_back(graph.contacts, (is_not_default, name, id_))


@given(st.dates(), st.uuids())
def test_a_position_among_days_comes_back_from_its_cursor(day: date, id_: UUID) -> None:
    assert came_back(graph.customer_documents, (day, id_))


@given(st.integers(-(2**31), 2**31 - 1))
def test_a_position_among_numbers_comes_back_from_its_cursor(number: int) -> None:
    assert came_back(graph.document_lines, (number,)) is (number > -(2**31))


def came_back(edge: ToMany[Any], position: tuple[Any, ...]) -> bool:
    """Whether a position is read from its cursor."""
    cursors, problems = Cursors(edge.order, edge.name), Problems()
    return cursors.decode(cursors.encode(position), ("after",), problems) == position
