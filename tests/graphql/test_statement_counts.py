"""What an operation costs in SQL statements: a number of its shape, never of the number of rows."""

from typing import Any
from uuid import UUID

import pytest

from tests.graphql.statements import cost
from tests.support.asking import Caller
from tests.support.records import Records

NESTED = """
fragment Shown on Customer {
  id name
  group { name customers(first: 2) { nodes { id } totalCount } }
  contacts { name } departments { name } subscriptions(status: [ACTIVE]) { name }
}
query($first: Int) {
  customers(first: $first, where: {isActive: true}) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage }
    nodes {
      ...Shown
      parent { ...Shown }
      children(first: 3) { totalCount pageInfo { hasNextPage hasPreviousPage } nodes { ...Shown } }
    }
  }
}
"""


@pytest.fixture
async def family(records: Records) -> None:
    """40 active customers, each with a parent and two children of its own, and with all that hangs on a customer.

    One level is the domain's rule, not the graph's: with both, already a single customer leads everywhere.
    """
    groups = [await records.group() for _ in range(3)]
    for _ in range(40):
        above = await person(records, groups[0], is_active=False)
        customer = await person(records, groups[1], parent_customer_id=above)
        for _ in range(2):
            await person(records, groups[2], parent_customer_id=customer, is_active=False)


async def person(records: Records, group: UUID, **values: Any) -> UUID:
    """A customer with a contact, a department and a subscription."""
    customer = await records.customer(customer_group_id=group, **values)
    await records.contact(customer)
    await records.department(customer)
    await records.subscription(customer)
    return customer


@pytest.mark.usefixtures("family")
async def test_the_nested_query_costs_the_same_statements_at_1_10_and_40_customers(caller: Caller) -> None:
    # The page and its count: 2. For the customers, for their parents and for their children alike: contacts,
    # departments, subscriptions, groups, the groups' customers and the count of these: 18. Parents: 1. Children
    # and their count: 2. The page and the children begin at the start, so that looking back costs nothing.
    # On a busy machine, parents and children may arrive together; then they share up to 6 statements.
    costs = {size: await cost(caller, NESTED, first=size) for size in (1, 10, 40)}
    assert all(17 <= statements <= 23 for statements in costs.values()), costs


@pytest.mark.usefixtures("family")
async def test_a_count_and_a_look_back_cost_a_statement_only_where_they_are_selected(caller: Caller) -> None:
    page = await caller.data("{ customers(first: 1) { pageInfo { endCursor } } }")
    after = page["customers"]["pageInfo"]["endCursor"]
    document = "query($after: String, $first: Int = 2) { customers(first: $first, after: $after) { %s } }"

    for selection, statements in (
        ("nodes { id } edges { cursor } pageInfo { hasNextPage startCursor endCursor }", 1),
        ("nodes { id } totalCount", 2),
        ("nodes { id } pageInfo { hasPreviousPage }", 2),
        ("nodes { id } totalCount pageInfo { hasNextPage hasPreviousPage }", 3),
    ):
        assert await cost(caller, document % selection, after=after) == statements, selection
    # Nothing lies before a page that begins at the start of the list.
    assert await cost(caller, "{ customers(first: 1) { pageInfo { hasPreviousPage } } }") == 1


@pytest.mark.usefixtures("family")
async def test_the_count_of_an_edge_costs_a_statement_only_where_it_is_selected(caller: Caller) -> None:
    document = "{ customers { nodes { children { %s } } } }"
    assert await cost(caller, document % "nodes { id } pageInfo { hasNextPage hasPreviousPage }") == 2
    assert await cost(caller, document % "nodes { id } totalCount") == 3


@pytest.mark.usefixtures("family")
async def test_aliases_with_equal_arguments_share_a_statement_and_others_do_not(caller: Caller) -> None:
    document = "{ customers { nodes { a: %s b: %s } } }"
    equal = [
        ("contacts { id }", "contacts { name }"),
        ("contacts { id }", "contacts(first: 100) { id }"),
        ("subscriptions(status: [ACTIVE]) { id }", "subscriptions(status: [ACTIVE]) { name }"),
        ("children(where: {isActive: true}) { nodes { id } }", "children(where: {isActive: true}) { nodes { name } }"),
        ("children(first: 50) { nodes { id } }", "children(where: {}) { nodes { id } }"),
        ("parent { id }", "parent { name }"),
    ]
    for pair in equal:
        assert await cost(caller, document % pair) == 2, pair
    different = [
        ("contacts(first: 1) { id }", "contacts(first: 2) { id }"),
        ("subscriptions(status: [ACTIVE]) { id }", "subscriptions(status: [PAUSED]) { id }"),
        ("subscriptions { id }", "subscriptions(status: []) { id }"),
        ("children { nodes { id } }", "children(where: {isActive: true}) { nodes { id } }"),
        ("contacts { id }", "departments { id }"),
    ]
    for pair in different:
        assert await cost(caller, document % pair) == 3, pair


async def test_equal_ids_are_read_once(caller: Caller, records: Records) -> None:
    ids = [await records.customer() for _ in range(2)]
    document = (
        "{" + " ".join(f'c{place}: customer(by: {{id: "{ids[place % 2]}"}}) {{ name }}' for place in range(6)) + "}"
    )
    assert await cost(caller, document) == 1


async def test_an_operation_without_data_costs_no_statement(caller: Caller) -> None:
    assert await cost(caller, "{ __typename viewer { subject scopes } }") == 0
