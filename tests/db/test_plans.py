"""Every order and filter of the list is served by an index, under row-level security, in a company of many
customers."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.db import customers
from app.db.conditions import AllOf, Condition, Equals, HasParent, HasSubscription, InRange, NameBeginsWith
from app.db.customers import CustomerSort, order_by
from app.db.paging import PageRequest
from app.domain.subscriptions import SubscriptionStatus
from tests.db.big_company import BY_NUMBER, FILTERS, PER_HITS, PER_PAGE, Facts, assert_served


async def test_a_condition_without_an_index_is_seen_as_such(facts: Facts) -> None:
    found = await facts.plans(lambda session: customers.page(session, PageRequest(BY_NUMBER, 50), Equals("city", "-")))

    for plan in found:
        with pytest.raises(AssertionError):
            assert_served([plan], None, most=PER_PAGE)


ORDERS = [
    (CustomerSort.NUMBER, "customers_by_number"),
    (CustomerSort.NAME, "customers_by_name"),
    (CustomerSort.CREATED_AT, "customers_by_creation"),
    (CustomerSort.UPDATED_AT, "customers_by_update"),
]


@pytest.mark.parametrize("backward", [False, True], ids=["from-the-start", "from-the-end"])
@pytest.mark.parametrize("from_middle", [False, True], ids=["first-page", "a-page-in-the-middle"])
@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
@pytest.mark.parametrize(("sort", "index"), ORDERS, ids=[sort.value for sort, _ in ORDERS])
async def test_every_order_is_an_index(
    facts: Facts, sort: CustomerSort, index: str, *, descending: bool, from_middle: bool, backward: bool
) -> None:
    position = facts.middle[sort] if from_middle else None
    request = PageRequest(
        order_by((sort, descending)),
        50,
        backward,
        after=None if backward else position,
        before=position if backward else None,
    )

    assert_served(await facts.plans(lambda session: customers.page(session, request, None)), index, most=PER_PAGE)


@pytest.mark.parametrize("from_middle", [False, True], ids=["first-page", "a-page-in-the-middle"])
async def test_an_order_by_several_columns_reads_the_index_of_the_first(facts: Facts, *, from_middle: bool) -> None:
    name, at = facts.middle[CustomerSort.NAME]
    position = (name, facts.middle[CustomerSort.CREATED_AT][0], at) if from_middle else None
    request = PageRequest(order_by((CustomerSort.NAME, False), (CustomerSort.CREATED_AT, True)), 50, after=position)

    found = await facts.plans(lambda session: customers.page(session, request, None))
    assert_served(found, "customers_by_name", most=PER_PAGE)


def page_at(facts: Facts, place: str) -> PageRequest:
    """The first page, or one that begins or ends in the middle of the company's customers."""
    middle = facts.middle[CustomerSort.NUMBER]
    return PageRequest(
        BY_NUMBER,
        50,
        backward=place == "before-the-middle",
        after=middle if place == "after-the-middle" else None,
        before=middle if place == "before-the-middle" else None,
    )


@pytest.mark.parametrize("place", ["first-page", "after-the-middle", "before-the-middle"])
@pytest.mark.parametrize(("condition", "index"), FILTERS.values(), ids=FILTERS)
async def test_every_filter_is_an_index_and_a_page_of_it_costs_a_page(
    facts: Facts, condition: Callable[[Facts], Condition], index: str | None, place: str
) -> None:
    request = page_at(facts, place)

    found = await facts.plans(lambda session: customers.page(session, request, condition(facts)))
    assert_served(found, index, most=PER_PAGE)


@pytest.mark.parametrize(("sort", "descending"), [(CustomerSort.NAME, False), (CustomerSort.CREATED_AT, True)])
@pytest.mark.parametrize("condition", [condition for condition, _ in FILTERS.values()], ids=FILTERS)
async def test_a_filter_in_another_order_never_reads_the_whole_company(
    facts: Facts, condition: Callable[[Facts], Condition], sort: CustomerSort, *, descending: bool
) -> None:
    request = PageRequest(order_by((sort, descending)), 50)

    found = await facts.plans(lambda session: customers.page(session, request, condition(facts)))
    assert_served(found, None, most=PER_HITS)


@pytest.mark.parametrize("place", ["first-page", "after-the-middle", "before-the-middle"])
@pytest.mark.parametrize("status", SubscriptionStatus)
async def test_customers_with_a_status_are_found_from_the_rarer_side(
    facts: Facts, status: SubscriptionStatus, place: str
) -> None:
    request = page_at(facts, place)

    found = await facts.plans(lambda session: customers.page(session, request, HasSubscription(status)))
    # A status of 4 % of the customers costs most: 1,250 customers are probed for a page, in a company of any size.
    assert_served(found, "subscriptions_", most=6_000)


@pytest.mark.parametrize("hours", [1, 24 * 365 * 20], ids=["an-hour", "twenty-years"])
@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
@pytest.mark.parametrize(
    ("sort", "column", "index"),
    [
        (CustomerSort.CREATED_AT, "created_at", "customers_by_creation"),
        (CustomerSort.UPDATED_AT, "updated_at", "customers_by_update"),
    ],
    ids=["creation", "update"],
)
async def test_a_page_of_a_range_costs_a_page_in_the_order_of_the_range(
    facts: Facts, sort: CustomerSort, column: str, index: str, hours: int, *, descending: bool
) -> None:
    at, half = facts.middle[sort][0], timedelta(hours=hours) / 2
    request, only = PageRequest(order_by((sort, descending)), 50), InRange(column, at - half, at + half)

    assert_served(await facts.plans(lambda session: customers.page(session, request, only)), index, most=PER_PAGE)


@pytest.mark.parametrize("place", ["first-page", "after-the-middle"])
async def test_a_short_range_in_the_order_of_numbers_is_read_from_its_own_index(facts: Facts, place: str) -> None:
    at = facts.middle[CustomerSort.CREATED_AT][0]
    after = facts.middle[CustomerSort.NUMBER] if place == "after-the-middle" else None
    only = InRange("updated_at", at - timedelta(days=1), at + timedelta(days=1))

    found = await facts.plans(lambda session: customers.page(session, PageRequest(BY_NUMBER, 50, after=after), only))
    assert_served(found, "customers_by_update", most=PER_HITS)


@pytest.mark.parametrize("prefix", ["a", "s", "v", "æ", "ø", "å"])
async def test_names_with_a_prefix_are_sorted_without_a_walk_through_those_before_them(
    facts: Facts, prefix: str
) -> None:
    request = PageRequest(order_by((CustomerSort.NAME, False)), 50)

    found = await facts.plans(
        lambda session: customers.page(session, request, AllOf((NameBeginsWith(prefix), HasParent(value=False))))
    )
    assert_served(found, "customers_by_name_prefix", most=PER_HITS)
