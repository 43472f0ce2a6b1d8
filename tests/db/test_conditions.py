"""Conditions in two parts: the shape decides the SQL, the values run it, and the row may be of any alias."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import combinations, product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, FromClause, Table, bindparam, select
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import paging
from app.db.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Equals,
    GroupHasMetadata,
    HasContact,
    HasId,
    HasMetadata,
    HasParent,
    HasSubscription,
    HasWords,
    InRange,
    IsOneOf,
    NameBeginsWith,
    Negation,
)
from app.db.declarations import SortKey
from app.db.paging import PageRequest
from app.db.tables import customer_groups, customers
from tests.db.aliases import assert_only_aliases
from tests.support.records import Records
from tests.support.thorough import examples

# Ids are part of tests' names, which are the same in every process.
_NO_ID, _ID, _OTHER_ID = (UUID(int=number) for number in range(3))
_NOON, _NIGHT = (datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (12, 23))
# Of each class, conditions of one shape.
ALIKE: dict[type[Condition], list[Condition]] = {
    Equals: [Equals("customer_number", "1"), Equals("customer_number", "it's")],
    HasId: [HasId(()), HasId((_ID,)), HasId((_ID, _OTHER_ID))],
    IsOneOf: [IsOneOf("country_code", ()), IsOneOf("country_code", ("DK", "SE"))],
    InRange: [InRange("created_at", _NOON, _NIGHT), InRange("created_at", _NIGHT, _NOON)],
    HasParent: [HasParent(value=True), HasParent(value=True)],
    HasMetadata: [HasMetadata(b"1"), HasMetadata(b"2")],
    HasSubscription: [HasSubscription("ACTIVE"), HasSubscription("PAUSED")],
    HasContact: [HasContact("a@example.com"), HasContact("B@example.com")],
    GroupHasMetadata: [GroupHasMetadata(b"1"), GroupHasMetadata(b"2")],
    NameBeginsWith: [NameBeginsWith("a"), NameBeginsWith("%_\\")],
    HasWords: [HasWords(("a", "b")), HasWords(("b", "b"))],
    AllOf: [AllOf((Equals("city", "a"), HasWords(("b",)))), AllOf((Equals("city", "b"), HasWords(("c",))))],
    AnyOf: [AnyOf((HasId(()), HasParent(value=False))), AnyOf((HasId((_ID,)), HasParent(value=False)))],
    Negation: [Negation(Equals("city", "a")), Negation(Equals("city", "b"))],
}
DIFFERENT: list[Condition] = [
    *(conditions[0] for conditions in ALIKE.values()),
    Equals("customer_number", None),
    Equals("name", "1"),
    IsOneOf("city", ("DK",)),
    InRange("updated_at", _NOON, _NIGHT),
    InRange("created_at", _NOON, None),
    InRange("created_at", None, _NOON),
    InRange("created_at", None, None),
    HasParent(value=False),
    HasWords(("a",)),
    AllOf(()),
    AnyOf(()),
    AllOf((Equals("city", "a"),)),
    AnyOf((Equals("city", "a"),)),
    AllOf((AllOf(()),)),
    AllOf((HasWords(("b",)), Equals("city", "a"))),
    AllOf((HasWords(("a", "b")),)),
    AllOf((HasWords(("a",)), HasWords(("b",)))),
    AnyOf((AllOf((Equals("city", "a"),)), Equals("city", None))),
    AnyOf((AllOf((Equals("city", "a"), Equals("city", None))),)),
    Negation(Negation(Equals("city", "a"))),
    Negation(AllOf(())),
]


def names(of: type[Condition] = Condition) -> Iterator[str]:
    """The names of all conditions that are no mere base of others."""
    for kind in of.__subclasses__():
        yield from names(kind)
        if not kind.__name__.startswith("_"):
            yield kind.__name__


class Binding:
    """Binds as a plan's statement does, and keeps what was bound."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def __call__(self, value: Any, type_: Any) -> ColumnElement[Any]:
        self.values.append(value)
        return bindparam(f"value_{len(self.values)}", type_=type_)


def table_of(condition: Condition) -> Table:
    """The table whose rows a condition is about."""
    return customer_groups if isinstance(condition, GroupHasMetadata) else customers


def compiled(row: FromClause, *conditions: ColumnElement[bool]) -> str:
    """The SQL of a query of the rows that meet some conditions."""
    return str(select(row.c.id).where(*conditions).compile(dialect=asyncpg.dialect()))


def sql_of(condition: Condition, table: Table) -> tuple[str, list[object]]:
    """The SQL of the rows of an alias that meet a condition, and what was bound."""
    row, bind = table.alias(), Binding()
    return compiled(row, condition.sql(row, bind)), bind.values


def test_every_condition_is_in_these_tables() -> None:
    assert set(names()) == {kind.__name__ for kind in ALIKE}
    assert all(type(condition) is kind for kind, conditions in ALIKE.items() for condition in conditions)


@pytest.mark.parametrize("condition", [*DIFFERENT, *(alike[1] for alike in ALIKE.values())], ids=str)
def test_exactly_the_values_are_bound_in_their_order_and_the_row_is_the_alias_s(condition: Condition) -> None:
    sql, bound = sql_of(condition, table_of(condition))

    assert tuple(bound) == condition.values
    # A value that is needed twice is one parameter all the same.
    assert [*dict.fromkeys(re.findall(r"\$(\d+)", sql))] == [str(place) for place in range(1, len(bound) + 1)]
    assert_only_aliases(sql)


@pytest.mark.parametrize("kind", ALIKE, ids=lambda kind: kind.__name__)
def test_conditions_of_one_shape_share_their_sql_whatever_their_values(kind: type[Condition]) -> None:
    first, *others = ALIKE[kind]
    for other in others:
        assert other.shape == first.shape
        assert hash(other.shape) == hash(first.shape)
        assert sql_of(other, table_of(other))[0] == sql_of(first, table_of(first))[0]


def test_conditions_that_differ_in_more_than_values_have_different_shapes() -> None:
    for one, other in combinations(DIFFERENT, 2):
        assert one.shape != other.shape, (one, other)


_moments = st.none() | st.datetimes(timezones=st.just(UTC))
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
_single: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Equals, st.sampled_from(["city", "name"]), st.none() | _texts),
    st.builds(HasId, st.lists(st.uuids(), max_size=2).map(tuple)),
    st.builds(IsOneOf, st.sampled_from(["city", "name"]), st.lists(_texts, max_size=2).map(tuple)),
    st.builds(InRange, st.just("created_at"), _moments, _moments),
    st.builds(HasParent, value=st.booleans()),
    st.builds(HasSubscription, _texts),
    st.builds(HasContact, _texts),
    st.builds(HasMetadata, st.binary(max_size=2)),
    st.builds(NameBeginsWith, _texts),
    st.builds(HasWords, st.lists(_texts, min_size=1, max_size=2).map(tuple)),
)


def _nested(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    some = st.lists(inner, max_size=3).map(tuple)
    return st.builds(AllOf, some) | st.builds(AnyOf, some) | st.builds(Negation, inner)


_any_condition = st.recursive(_single, _nested, max_leaves=4)


@given(st.lists(_any_condition, min_size=2, max_size=6))
@settings(max_examples=examples(100), deadline=None)
def test_what_has_one_shape_has_one_sql_and_as_many_values(conditions: list[Condition]) -> None:
    told = [sql_of(condition, customers) for condition in conditions]
    for condition, (_, bound) in zip(conditions, told, strict=True):
        assert tuple(bound) == condition.values
    for (one, (sql, bound)), (other, (other_sql, other_bound)) in combinations(zip(conditions, told, strict=True), 2):
        if one.shape == other.shape:
            assert (sql, len(bound)) == (other_sql, len(other_bound))


COLUMNS = (customers.c.is_active, customers.c.name_key, customers.c.created_at, customers.c.id)
ORDERS = [
    tuple(SortKey(column, descending=descending) for column, descending in zip(COLUMNS, directions, strict=True))
    for directions in product((False, True), repeat=len(COLUMNS))
]


def shown(order: Sequence[SortKey]) -> str:
    return " ".join("desc" if key.descending else "asc" for key in order)


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("order", ORDERS, ids=shown)
def test_a_page_is_bounded_in_the_alias_alone_by_the_values_in_their_order(
    order: tuple[SortKey, ...], *, inclusive: bool
) -> None:
    row, bind, bind_positions = customers.alias(), Binding(), Binding()
    moment, only = datetime(2026, 1, 1, tzinfo=UTC), AnyOf((Equals("city", "a"), HasWords(("b",)), HasMetadata(b"c")))
    after, before = (True, b"a", moment, _NO_ID), (False, b"b", moment, _NO_ID)

    request = PageRequest(order, 1, after=after, before=before, inclusive=inclusive)
    sql = compiled(row, *paging.conditions(request, only, row, bind, bind_positions))

    assert tuple(bind.values) == only.values
    assert tuple(bind_positions.values) == (*after, *before)
    assert_only_aliases(sql)


@pytest.mark.parametrize("order", ORDERS, ids=shown)
async def test_what_is_beyond_a_row_is_what_follows_it_in_the_order(
    owner_engine: AsyncEngine, records: Records, order: tuple[SortKey, ...]
) -> None:
    for name, day, is_active in product(("a", "b"), (1, 2), (True, False)):
        values = {"name": name, "created_at": datetime(2026, 1, day, tzinfo=UTC), "is_active": is_active}
        await records.customer(**values)
        await records.customer(**values)
    row, start = customers.alias(), customers.alias()
    position = tuple(start.c[key.column.name] for key in order)
    own = (row.c.company_id == records.company_id, start.c.company_id == records.company_id)

    async with owner_engine.connect() as connection:
        listed = select(row.c.id).where(own[0]).order_by(*paging.clause(order, row))
        ids = (await connection.execute(listed)).scalars().all()
        for inclusive in (False, True):
            beyond = paging.beyond(order, position, row, lambda column, _type: column, inclusive=inclusive)
            pairs = (await connection.execute(select(start.c.id, row.c.id).where(*own, beyond))).all()
            expected = {(ids[at], later) for at in range(len(ids)) for later in ids[at + (not inclusive) :]}
            assert {(pair[0], pair[1]) for pair in pairs} == expected
