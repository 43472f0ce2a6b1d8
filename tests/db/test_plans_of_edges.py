"""Every look-up, count and edge is served by an index, under row-level security, in a company of many customers."""

from collections.abc import Callable
from typing import Any

import pytest

from app.db import batching, customers, graph, groups
from app.db.conditions import Condition, Equals, IsOneOf
from app.db.customers import CustomerSort, order_by
from app.db.declarations import ToMany
from app.db.paging import PageRequest
from app.db.read_session import ReadSession
from tests.db.big_company import BY_NUMBER, FILTERS, PER_HITS, PER_PAGE, Facts, assert_served, pair


@pytest.mark.parametrize("name", ["number", "external-id"])
async def test_a_unique_key_finds_one_customer(facts: Facts, name: str) -> None:
    condition, index = FILTERS[name]

    found = await facts.plans(lambda session: customers.find(session, condition(facts)))
    assert_served(found, index, most=15)


RARE = ["rare-metadata", "small-group", "parent", "inactive", "rare-country", "rare-name-prefix", "rare-word"]


@pytest.mark.parametrize("name", RARE)
async def test_what_a_filter_finds_is_counted_by_its_index(facts: Facts, name: str) -> None:
    condition, index = FILTERS[name]

    found = await facts.plans(lambda session: customers.count(session, condition(facts), 10_000))
    assert_served(found, index, most=PER_PAGE)


@pytest.mark.parametrize("name", [None, "active", "business", "common-metadata", "common-country"])
@pytest.mark.parametrize(("at_most", "pages"), [(100, 700), (5_000, 30_000)])
async def test_a_count_reads_no_more_than_it_may_count(
    facts: Facts, name: str | None, at_most: int, pages: int
) -> None:
    condition = None if name is None else FILTERS[name][0](facts)

    async with facts.database.read(facts.company_id) as session:
        assert await customers.count(session, condition, at_most) == at_most
    assert_served(await facts.plans(lambda session: customers.count(session, condition, at_most)), None, most=pages)


EDGES: dict[str, tuple[Callable[[Facts, ReadSession], Any], str]] = {
    "customers-by-id": (
        lambda facts, session: batching.by_id(session, graph.customer, facts.ids),
        "customers_pkey",
    ),
    "customers-by-number": (
        lambda facts, session: batching.by_key(session, graph.customer, "customer_number", [facts.number, "none"] * 25),
        "customers_company_id_customer_number_key",
    ),
    "customers-by-external-id": (
        lambda facts, session: batching.by_key(
            session, graph.customer, "external_system_id", [facts.external_id, "none"] * 25
        ),
        "customers_external_system_id_key",
    ),
    "nodes-by-id": (
        lambda facts, session: batching.entities(session, graph.NODES, facts.ids),
        "customers_pkey",
    ),
    "contacts": (
        lambda facts, session: batching.many(session, graph.contacts, facts.ids, limit=100),
        "contacts_of_customer",
    ),
    "departments": (
        lambda facts, session: batching.many(session, graph.departments, facts.ids, limit=100),
        "departments_of_customer",
    ),
    "subscriptions": (
        lambda facts, session: batching.many(session, graph.subscriptions, facts.ids, limit=100),
        "subscriptions_of_customer",
    ),
    "children": (
        lambda facts, session: batching.pages(session, graph.children, facts.parents, PageRequest(BY_NUMBER, 10), None),
        "customers_of_parent",
    ),
    "later-children": (
        lambda facts, session: batching.pages(
            session,
            graph.children,
            facts.parents,
            PageRequest(BY_NUMBER, 10, after=facts.middle[CustomerSort.NUMBER]),
            None,
        ),
        "customers_of_parent",
    ),
    "no-children": (
        lambda facts, session: batching.pages(session, graph.children, facts.ids, PageRequest(BY_NUMBER, 10), None),
        "customers_of_parent",
    ),
    "customers-of-groups": (
        lambda facts, session: batching.pages(
            session, graph.group_customers, facts.groups, PageRequest(BY_NUMBER, 10), None
        ),
        "customers_of_group",
    ),
    "later-customers-of-groups": (
        lambda facts, session: batching.pages(
            session,
            graph.group_customers,
            facts.groups,
            PageRequest(BY_NUMBER, 10, after=facts.middle[CustomerSort.NUMBER]),
            None,
        ),
        "customers_of_group",
    ),
    "count-of-children": (
        lambda facts, session: batching.counts(session, graph.children, facts.parents, None, 10_000),
        "customers_of_parent",
    ),
}


@pytest.mark.parametrize(("ask", "index"), EDGES.values(), ids=EDGES)
async def test_every_edge_is_an_index_for_fifty_sources_at_once(
    facts: Facts, ask: Callable[[Facts, ReadSession], Any], index: str
) -> None:
    found = await facts.plans(lambda session: ask(facts, session))
    # Of 50 parents ten children each, and of each the group's number and name.
    assert_served(found, index, most=2_500)


@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
@pytest.mark.parametrize(
    ("sort", "name"),
    [(CustomerSort.NAME, "name"), (CustomerSort.CREATED_AT, "creation"), (CustomerSort.UPDATED_AT, "update")],
    ids=["name", "creation", "update"],
)
@pytest.mark.parametrize(
    ("edge", "index"),
    [(graph.children, "customers_of_parent"), (graph.group_customers, "customers_of_group")],
    ids=["children", "customers-of-groups"],
)
async def test_an_edge_is_an_index_in_every_order(
    facts: Facts, edge: ToMany[Any], index: str, sort: CustomerSort, name: str, *, descending: bool
) -> None:
    sources = (facts.parents if edge is graph.children else facts.groups)[:10]
    request = PageRequest(order_by((sort, descending)), 10, after=facts.middle[sort])

    found = await facts.plans(lambda session: batching.pages(session, edge, sources, request, None))
    assert_served(found, f"{index}_by_{name}", most=1_000)


async def test_subscriptions_of_some_statuses_are_an_index(facts: Facts) -> None:
    found = await facts.plans(
        lambda session: batching.many(
            session, graph.subscriptions, facts.ids, limit=1, only=IsOneOf("status", ("ACTIVE", "TRIAL"))
        )
    )
    for plan in found:
        assert plan.indexes & {"subscriptions_of_customer", "subscriptions_of_customer_by_status"}
    assert_served(found, None, most=PER_PAGE)


@pytest.mark.parametrize(
    "condition", [Equals("is_active", value=False), pair("vip", value=False)], ids=["inactive", "metadata"]
)
@pytest.mark.parametrize("edge", [graph.children, graph.group_customers], ids=["children", "customers-of-groups"])
async def test_a_filtered_edge_never_reads_the_whole_company(
    facts: Facts, edge: ToMany[Any], condition: Condition
) -> None:
    sources = (facts.parents if edge is graph.children else facts.groups)[:10]
    request, only = PageRequest(BY_NUMBER, 10), condition

    found = await facts.plans(lambda session: batching.pages(session, edge, sources, request, only))
    assert_served(found, None, most=PER_HITS)


async def test_groups_are_listed_without_reading_a_customer(facts: Facts) -> None:
    found = await facts.plans(lambda session: groups.first_groups(session, None, limit=100))
    assert_served(found, None, most=PER_PAGE)
