"""The lists that may be a few seconds old: which they are, for how long, and for whom."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.domain.identity import Scope
from app.services.recent_lists import RecentLists
from tests.support.asking import Caller
from tests.support.clock import Clock
from tests.support.following import feed_cursor
from tests.support.records import Records, new_company

OLD, NEW = "Before", "After"
# Each shows names alone, so that a changed name tells whether an answer is fresh.
REMEMBERED = {
    "customers": "customers { nodes { name } }",
    "an empty filter": "customers(where: {}) { nodes { name } }",
    "a page": "customers(first: 1) { edges { node { name } } }",
    "another order": "customers(last: 1, orderBy: [{field: NAME, direction: DESC}]) { nodes { name } }",
    "groups": "customerGroups { name }",
    "an empty filter of groups": "customerGroups(where: {}) { name }",
}
FRESH = {
    "a filter": "customers(where: {isActive: true}) { nodes { name } }",
    "a number": 'customers(where: {customerNumber: "C"}) { nodes { name } }',
    "an empty conjunction": "customers(where: {and: []}) { nodes { name } }",
    "a look-up": 'customer(by: {customerNumber: "C"}) { name }',
    "an edge": 'customer(by: {customerNumber: "C"}) { group { name } }',
    "an edge's customers": 'customerGroup(by: {number: "G"}) { customers { nodes { name } } }',
    "a group": 'customerGroup(by: {number: "G"}) { name }',
    "a filter of groups": 'customerGroups(where: {number: "G"}) { name }',
    "a metadata filter of groups": 'customerGroups(where: {metadata: [{key: "k", value: 1}]}) { name }',
}

FOLLOWING = {
    "the cursor first": "{ feedCursor LIST }",
    "the cursor last": "{ LIST feedCursor }",
    "another name": "{ LIST cursor: feedCursor }",
    "fragments": "{ LIST ...F } fragment F on Query { ... on Query { ...G } } fragment G on Query { feedCursor }",
    "a condition": "query($yes: Boolean! = true) { LIST feedCursor @include(if: $yes) }",
    "changes": '{ LIST changes(after: "START") { endCursor } }',
}
"""Operations that also read the feed."""


@dataclass(slots=True)
class Remembering:
    """A caller whose lists are remembered, the clock of that memory, and a way to change what is stored."""

    caller: Caller
    clock: Clock
    engine: AsyncEngine

    async def shows(self, selection: str) -> str:
        """The only name that an answer holds."""
        found = _names(await self.caller.data(f"{{ {selection} }}"))
        assert len(found) == 1
        return found.pop()

    async def rename(self) -> None:
        """Change the names of everything in the company."""
        async with self.engine.begin() as connection:
            for table in ("customers", "customer_groups"):
                await connection.execute(
                    text(f"UPDATE {table} SET name = :name WHERE company_id = :company"),  # noqa: S608 - two names from above
                    {"name": NEW, "company": self.caller.company_id},
                )


def _names(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {name for member in cast("dict[str, Any]", value).values() for name in _names(member)}
    if isinstance(value, list):
        return {name for item in cast("list[Any]", value) for name in _names(item)}
    return {value}


@pytest.fixture
async def remembering(database: Database, records: Records, owner_engine: AsyncEngine) -> Remembering:
    group = await records.group(number="G", name=OLD, metadata={"k": 1})
    await records.customer(customer_number="C", name=OLD, customer_group_id=group)
    clock = Clock()
    recent = RecentLists(seconds=5, size=100, clock=clock)
    return Remembering(Caller(database, records.company_id, recent=recent), clock, owner_engine)


@pytest.mark.parametrize("selection", REMEMBERED.values(), ids=REMEMBERED)
async def test_an_unfiltered_list_may_be_five_seconds_old_and_no_older(
    remembering: Remembering, selection: str
) -> None:
    assert await remembering.shows(selection) == OLD
    await remembering.rename()
    remembering.clock.now += 4.9
    assert await remembering.shows(selection) == OLD
    assert remembering.caller.statements == 0
    remembering.clock.now += 0.2
    assert await remembering.shows(selection) == NEW


@pytest.mark.parametrize("selection", FRESH.values(), ids=FRESH)
async def test_every_filtered_or_single_look_up_is_fresh(remembering: Remembering, selection: str) -> None:
    assert await remembering.shows(selection) == OLD
    await remembering.rename()
    assert await remembering.shows(selection) == NEW


@pytest.mark.parametrize("selection", REMEMBERED.values(), ids=REMEMBERED)
@pytest.mark.parametrize("operation", FOLLOWING.values(), ids=FOLLOWING)
async def test_a_list_beside_the_feed_is_fresh_because_older_changes_would_be_missed(
    remembering: Remembering, operation: str, selection: str
) -> None:
    start = await feed_cursor(remembering.caller)
    assert await remembering.shows(selection) == OLD
    await remembering.rename()

    data = await remembering.caller.data(operation.replace("LIST", f"list: {selection}").replace("START", start))

    assert _names(data["list"]) == {NEW}


async def test_a_list_beside_a_field_of_the_feed_that_is_skipped_is_remembered(remembering: Remembering) -> None:
    assert await remembering.shows("customers { nodes { name } }") == OLD
    await remembering.rename()
    assert await remembering.shows("feedCursor @skip(if: true) customers { nodes { name } }") == OLD


async def test_a_total_beside_the_feed_is_fresh(remembering: Remembering, records: Records) -> None:
    async def total(beside: str = "") -> int:
        data = await remembering.caller.data(f"{{ customers {{ totalCount }} {beside} }}")
        return data["customers"]["totalCount"]

    assert await total() == 1
    await records.customer()
    assert (await total(), await total("feedCursor")) == (1, 2)


async def test_different_pages_and_orders_are_remembered_apart(remembering: Remembering, records: Records) -> None:
    await records.customer(customer_number="D", name="Zoe")
    pages = {
        "first: 1": ["Before"],
        "first: 2": ["Before", "Zoe"],
        "last: 1": ["Zoe"],
        "first: 1, orderBy: [{field: NAME, direction: DESC}]": ["Zoe"],
        "first: 1, orderBy: [{field: NAME}]": ["Before"],
    }
    for _ in range(2):
        for arguments, expected in pages.items():
            data = await remembering.caller.data(f"{{ customers({arguments}) {{ nodes {{ name }} }} }}")
            assert [node["name"] for node in data["customers"]["nodes"]] == expected


async def test_the_total_is_remembered_as_the_list_is(remembering: Remembering, records: Records) -> None:
    async def totals() -> tuple[int, int]:
        data = await remembering.caller.data(
            "{ a: customers { totalCount } b: customers(where: {and: []}) { totalCount } }"
        )
        return data["a"]["totalCount"], data["b"]["totalCount"]

    assert await totals() == (1, 1)
    await records.customer()
    assert await totals() == (1, 2)
    remembering.clock.now += 5.1
    assert await totals() == (2, 2)


async def test_no_list_is_ever_shared_between_companies(remembering: Remembering) -> None:
    caller = remembering.caller
    other_company = Records(remembering.engine, await new_company(remembering.engine))
    await other_company.customer(name="Stranger", customer_group_id=await other_company.group(name="Stranger"))
    other = Remembering(
        Caller(caller.database, other_company.company_id, recent=caller.recent), remembering.clock, remembering.engine
    )

    for _ in range(2):
        for selection in REMEMBERED.values():
            assert await remembering.shows(selection) == OLD
            assert await other.shows(selection) == "Stranger"


@pytest.mark.parametrize("selection", REMEMBERED.values(), ids=REMEMBERED)
async def test_the_scope_is_checked_before_a_remembered_list_is_served(
    remembering: Remembering, selection: str
) -> None:
    assert await remembering.shows(selection) == OLD
    remembering.caller.scopes = [Scope.CUSTOMERS_WRITE]
    rejection = await remembering.caller.rejection(f"{{ {selection} }}")
    assert rejection["requiredScope"] == "customers-read"


async def test_a_bad_argument_is_rejected_beside_a_remembered_list(remembering: Remembering) -> None:
    for field in ("customers(first: 501) { totalCount }", "customerGroups(first: 501) { id }"):
        assert (await remembering.caller.rejection(f"{{ {field} }}"))["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "recent", [RecentLists(seconds=5, size=0), RecentLists(seconds=0, size=100)], ids=["size", "age"]
)
async def test_without_size_or_age_nothing_is_remembered(remembering: Remembering, recent: RecentLists) -> None:
    remembering.caller.recent = recent
    assert await remembering.shows("customers { nodes { name } }") == OLD
    await remembering.rename()
    assert await remembering.shows("customers { nodes { name } }") == NEW


def answers(*values: str) -> Callable[[], Any]:
    """A read that answers these values one after the other, and fails when asked more often."""
    left = iter(values)

    async def read() -> str:
        return next(left)

    return read


async def test_no_more_lists_are_remembered_than_allowed() -> None:
    recent, company = RecentLists(seconds=5, size=2, clock=Clock()), uuid4()
    for key in "abc":
        await recent.get(company, key, answers(key))
    assert await recent.get(company, "c", answers()) == "c"
    assert await recent.get(company, "b", answers()) == "b"
    assert await recent.get(company, "a", answers("again")) == "again"


async def test_a_read_that_fails_is_not_remembered() -> None:
    recent, company = RecentLists(seconds=5, size=2, clock=Clock()), UUID(int=1)

    async def fails() -> str:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await recent.get(company, "a", fails)
    assert await recent.get(company, "a", answers("fine")) == "fine"
