"""Pages against a plain sorted list: any order, any size, both directions, also while the list changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast
from uuid import UUID, uuid4

import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from tests.support.asking import Caller
from tests.support.records import Records, new_company

PAGE = """query($first: Int, $after: String, $last: Int, $before: String, $where: CustomerFilter, $by: [CustomerOrder!]) {
  customers(first: $first, after: $after, last: $last, before: $before, where: $where, orderBy: $by) {
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
START = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS = ["7", "007", "07", "1", "10", "9", "0", "12345678901234567890", "A-2", "a", "Å", "æ", "🙂", "-1", "B", "C"]
NAMES = ["ann", "Ann", "bo", "Åse", "ærlig", "Bo", "", "zoe"]
CHANGES = 4
Order = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A customer as the plain list sorts it."""

    id: UUID
    NUMBER: tuple[Any, ...]
    NAME: int
    CREATED_AT: datetime
    UPDATED_AT: datetime


@dataclass(frozen=True, slots=True)
class Seeded:
    """A caller, and what its company holds."""

    caller: Caller
    rows: list[Listed]

    def sorted(self, order: Order) -> list[str]:
        """The ids in the order that the list should have: ties by id, in the last field's direction."""
        rows = list(self.rows)
        for field, direction in reversed([*order, ("id", order[-1][1])]):
            rows.sort(key=lambda row: getattr(row, field), reverse=direction == "DESC")
        return [str(row.id) for row in rows]

    async def page(self, order: Order, **arguments: Any) -> dict[str, Any]:
        """A page of the list."""
        by = [{"field": field, "direction": direction} for field, direction in order]
        return (await self.caller.data(PAGE, by=by, **arguments))["customers"]


def natural(number: str) -> tuple[Any, ...]:
    """The natural order of a number: all-digit ones by value, then the others by code point."""
    return (0, int(number), "") if number.isascii() and number.isdigit() else (1, 0, number)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seeded(database: Database, owner_engine: AsyncEngine) -> Seeded:
    """A company whose customers share names and times of creation."""
    company = await new_company(owner_engine)
    records = Records(owner_engine, company)
    rows: list[tuple[UUID, str, datetime, datetime]] = []
    for place, number in enumerate(NUMBERS):
        created = START + timedelta(microseconds=place % 4)
        name = NAMES[place % len(NAMES)] or "x"
        updated = START + timedelta(days=place % 3)
        customer = await records.customer(customer_number=number, name=name, created_at=created, updated_at=updated)
        rows.append((customer, number, created, updated))
    async with owner_engine.connect() as connection:
        # tests/db/test_alphabet.py is about the alphabet; what is tried here is that pages follow it.
        ranks = await connection.execute(
            text("SELECT id, rank() OVER (ORDER BY name_key) FROM customers WHERE company_id = :company"),
            {"company": company},
        )
        rank = {row[0]: row[1] for row in ranks}
    return Seeded(
        Caller(database, company),
        [Listed(id_, natural(number), rank[id_], created, updated) for id_, number, created, updated in rows],
    )


ORDERS = st.lists(
    st.tuples(st.sampled_from(["NUMBER", "NAME", "CREATED_AT", "UPDATED_AT"]), st.sampled_from(["ASC", "DESC"])),
    min_size=1,
    max_size=3,
    unique_by=lambda sort: sort[0],
)
SIZES = st.integers(1, len(NUMBERS) + 1)


def ids(page: dict[str, Any]) -> list[str]:
    """The ids of a page; its ends must be the cursors that it names."""
    cursors = [edge["cursor"] for edge in page["edges"]] or [None]
    assert (page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"]) == (cursors[0], cursors[-1])
    return [edge["node"]["id"] for edge in page["edges"]]


@settings(max_examples=40, deadline=None)
@given(order=ORDERS, size=SIZES)
async def test_a_walk_forward_yields_exactly_the_list(seeded: Seeded, order: Order, size: int) -> None:
    expected, seen = seeded.sorted(order), list[str]()
    after: str | None = None
    while True:
        page = await seeded.page(order, first=size, after=after)
        assert page["pageInfo"]["hasPreviousPage"] is bool(seen)
        seen += ids(page)
        assert seen == expected[: len(seen)]
        assert page["pageInfo"]["hasNextPage"] is (len(seen) < len(expected))
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == expected


@settings(max_examples=40, deadline=None)
@given(order=ORDERS, size=SIZES)
async def test_a_walk_backward_yields_exactly_the_list(seeded: Seeded, order: Order, size: int) -> None:
    expected, seen = seeded.sorted(order), list[str]()
    before: str | None = None
    while True:
        page = await seeded.page(order, last=size, before=before)
        assert page["pageInfo"]["hasNextPage"] is bool(seen)
        seen = ids(page) + seen
        assert seen == expected[len(expected) - len(seen) :]
        assert page["pageInfo"]["hasPreviousPage"] is (len(seen) < len(expected))
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        before = page["pageInfo"]["startCursor"]
    assert seen == expected


@settings(max_examples=60, deadline=None)
@given(
    order=ORDERS,
    after=st.none() | st.integers(0, len(NUMBERS) - 1),
    before=st.none() | st.integers(0, len(NUMBERS) - 1),
    size=st.integers(0, len(NUMBERS) + 1),
    backward=st.booleans(),
)
async def test_a_page_between_two_cursors_is_that_part_of_the_list(
    seeded: Seeded,
    order: Order,
    after: int | None,
    before: int | None,
    size: int,
    backward: bool,  # noqa: FBT001
) -> None:
    expected = seeded.sorted(order)
    cursors = [edge["cursor"] for edge in (await seeded.page(order, first=500))["edges"]]
    start = 0 if after is None else after + 1
    between = list(enumerate(expected))[start : len(expected) if before is None else before]
    shown = between[max(0, len(between) - size) :] if backward else between[:size]

    page = await seeded.page(
        order,
        **{"last" if backward else "first": size},
        after=None if after is None else cursors[after],
        before=None if before is None else cursors[before],
    )

    assert ids(page) == [id_ for _, id_ in shown]
    more = len(between) > size
    if backward:
        # Behind the page lies something if the page does not end the list; an empty page ends where `before` is.
        behind = before is not None and (not shown or shown[-1][0] < len(expected) - 1)
        assert (page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]) == (more, behind)
    else:
        ahead = after is not None and (not shown or shown[0][0] > 0)
        assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (more, ahead)


@dataclass(frozen=True, slots=True)
class Changing:
    """A list of active customers: some always are, some come and go."""

    caller: Caller
    records: Records
    steady: list[str]
    flickering: list[UUID]
    fresh: "count[int]"

    async def change(self, step: int) -> None:
        """Take customers out of the filter and put others in, and add a new one, on both sides of any cursor."""
        async with self.records.engine.begin() as connection:
            await connection.execute(
                text("UPDATE customers SET is_active = NOT is_active WHERE id = ANY(:ids)"),
                {"ids": self.flickering[step % 3 :: 2]},
            )
        number = next(self.fresh) * 37 % 101
        await self.records.customer(customer_number=f"{number}-{uuid4()}"[:50], name=NAMES[number % 6])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def changing(database: Database, owner_engine: AsyncEngine) -> Changing:
    """A company with steady customers and flickering ones among them, in every order."""
    company = await new_company(owner_engine)
    records = Records(owner_engine, company)
    made = [
        await records.customer(
            name=NAMES[place % 6], created_at=START + timedelta(days=place % 5), is_active=place % 3 > 0
        )
        for place in range(18)
    ]
    steady = [str(customer) for place, customer in enumerate(made) if place % 3 > 0]
    return Changing(Caller(database, company), records, steady, made[::3], count())


@settings(max_examples=15, deadline=None)
@given(order=ORDERS, size=st.integers(2, 9), ends=st.sampled_from([("first", "after"), ("last", "before")]))
async def test_a_walk_over_a_changing_list_repeats_and_loses_no_unchanged_row(
    changing: Changing, order: Order, size: int, ends: tuple[str, str]
) -> None:
    by = [{"field": field, "direction": direction} for field, direction in order]
    limit, cursor = ends
    more, next_cursor = ("hasNextPage", "endCursor") if limit == "first" else ("hasPreviousPage", "startCursor")
    seen, at = list[str](), cast("str | None", None)
    for step in count():
        arguments = {limit: size, cursor: at}
        page = (await changing.caller.data(PAGE, by=by, where={"isActive": True}, **arguments))["customers"]
        seen += ids(page)
        if not page["pageInfo"][more]:
            break
        at = page["pageInfo"][next_cursor]
        # A list that grows by a row for each row that is read would have no end.
        if step < CHANGES:
            await changing.change(step)

    assert repeated(seen, changing.steady) == []
    assert set(changing.steady) <= set(seen)


def repeated(seen: Sequence[str], steady: Sequence[str]) -> list[str]:
    """The steady rows that were seen more than once."""
    return [id_ for id_ in steady if seen.count(id_) > 1]
