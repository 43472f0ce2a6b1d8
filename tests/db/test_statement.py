"""A plan's tree as SQL: what is a parameter and what is not, how tables are named, and what is too long for
PostgreSQL."""

import re
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import ColumnElement, FromClause, literal
from sqlalchemy.exc import SAWarning
from typing_extensions import override

from app.db import graph
from app.db.arguments import CountArguments, Key, ListArguments, PageArguments
from app.db.conditions import AllOf, AnyOf, Bind, Condition, Equals, HasMetadata, HasWords, NameBeginsWith
from app.db.database import Database
from app.db.declarations import SortKey
from app.db.paging import PageRequest
from app.db.plans.slots import values_of
from app.db.plans.statement import statement
from app.db.plans.tree import (
    Connection,
    Constant,
    Cursor,
    Edges,
    JsonMembers,
    Listing,
    Lookup,
    Nodes,
    PageInfo,
    Plain,
    Single,
    TotalCount,
)
from app.db.tables import customers, metadata
from tests.db.aliases import assert_only_aliases
from tests.db.trees import answered, listing, plain
from tests.support.records import Records

MIXED = (SortKey(customers.c.name_key), SortKey(customers.c.id, descending=True))


def page(*parts: tuple[str, Any], slot: int = 0) -> Connection:
    """A page of the company's customers."""
    return Connection(graph.customer, parts, slot)


def page_arguments(request: PageRequest, only: Condition | None = None) -> PageArguments:
    return PageArguments(request, only, b"identity", plan_for_values=False)


@pytest.mark.parametrize("count", [1, 49, 50, 51, 100, 2_000])
async def test_an_object_may_have_more_members_than_a_function_has_arguments(
    database: Database, records: Records, count: int
) -> None:
    await records.customer(name="Åse")
    ((_, field),) = plain(graph.customer, "name")
    arguments = ListArguments(5)

    asked = statement((("all", listing(tuple((f"m{place}", field) for place in range(count)))),), (arguments,), ())

    expected = {f"m{place}": "Åse" for place in range(count)}
    assert await answered(database, records.company_id, asked, arguments) == {"all": [expected]}


async def test_keys_may_be_longer_than_names_are_in_the_database(database: Database, records: Records) -> None:
    await records.customer(name="Åse", customer_number="1")
    await records.customer(name="Bo", customer_number="2")
    # Cut to 63 bytes, all of these would be the same.
    one, other, third, edges, total = (f"{'k' * 200}{place}" for place in range(5))
    ((_, name),), ((_, number),) = plain(graph.customer, "name"), plain(graph.customer, "customer_number")
    group = Single(
        graph.customer_group, ((one, Constant("1")), (other, Constant("2"))), "customer_group_id", required=True
    )
    parts = [
        (one, Nodes(((one, name), (other, number), (third, group)))),
        (other, Nodes(((one, number), (other, name)))),
        (edges, Edges(((one, Nodes(((other, name),))), (other, Constant("3"))))),
        (total, TotalCount(1)),
    ]
    arguments = page_arguments(PageRequest(graph.CUSTOMERS_BY_NUMBER, 1)), CountArguments(100)

    asked = statement(((one, page(*parts)), (other, Constant("4"))), arguments, ())

    assert await answered(database, records.company_id, asked, *arguments) == {
        one: {
            one: [{one: "Åse", other: "1", third: {one: 1, other: 2}}],
            other: [{one: "1", other: "Åse"}],
            edges: [{one: {other: "Åse"}, other: 3}],
            total: 2,
        },
        other: 4,
    }


class _Astray(Equals):
    """A condition that forgets whose row it is about."""

    __slots__ = ()

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        return customers.c[self.column] == bind(self.value, customers.c[self.column].type)


def test_a_product_of_two_tables_is_warned_of() -> None:
    lookup = Lookup(graph.customer, plain(graph.customer, "name"), 0)

    with pytest.warns(SAWarning, match="cartesian product"):
        statement((("customer", lookup),), (Key(_Astray("name", "x")),), ())


@pytest.mark.parametrize("reads_one_more", [False, True])
def test_a_limit_that_is_fixed_is_a_number_in_the_sql_and_otherwise_a_parameter(*, reads_one_more: bool) -> None:
    surroundings = (("info", PageInfo((("next", "has_next_page"),))),) if reads_one_more else ()
    connection = page(("nodes", Nodes(plain(graph.customer, "name"))), *surroundings)
    shown = (("list", listing(plain(graph.customer, "name"), 1)), ("page", connection))
    arguments = (page_arguments(PageRequest(graph.CUSTOMERS_BY_NUMBER, 77)), ListArguments(88))
    more = " + 1" if reads_one_more else ""

    def limits(*fixed: int) -> list[str]:
        asked = statement(shown, arguments, fixed)
        values = values_of(arguments)
        places = {f"${at}": values[place] for at, place in enumerate(asked.order, 1) if place is not None}
        found = re.findall(r"LIMIT ([$\d]+)(?:::INTEGER)?( \+ 1)?", asked.sql)
        return [f"{'=' if limit in places else ''}{places.get(limit, limit)}{one_more}" for limit, one_more in found]

    assert limits() == ["=88", f"=77{more}"]
    assert limits(0) == ["=88", f"77{more}"]
    assert limits(1) == ["88", f"=77{more}"]
    assert limits(0, 1) == ["88", f"77{more}"]


def test_parameters_are_the_company_and_the_values_of_all_slots_in_their_places() -> None:
    company_id = uuid4()
    only = AllOf((Equals("city", "a city"), Equals("notes", None), HasMetadata(b"a pair")))
    arguments = (
        Key(Equals("customer_number", "a number")),
        page_arguments(PageRequest(MIXED, 77, after=("after", "after id"), before=("before", "before id")), only),
    )
    connection = page(
        ("nodes", Nodes(plain(graph.customer, "name"))), ("edges", Edges((("cursor", Cursor()),))), slot=1
    )
    lookup = Lookup(graph.customer, plain(graph.customer, "name"), 0)

    asked = statement((("customer", lookup), ("customers", connection)), arguments, ())
    parameters = asked.parameters(company_id, values_of(arguments))

    positions = ["after", "after id", "before", "before id"]
    assert set(parameters) == {company_id, "a number", "a city", b"a pair", *positions, 77, b"identity"}
    assert len(parameters) == len(set(re.findall(r"\$\d+", asked.sql)))
    other = (Key(Equals("customer_number", "2")), arguments[1])
    assert statement((("customer", lookup), ("customers", connection)), other, ()) == asked
    changed = asked.parameters(company_id, values_of(other))
    assert [at for at, (one, two) in enumerate(zip(parameters, changed, strict=True)) if one != two] == [
        parameters.index("a number")
    ]


@pytest.mark.parametrize("backward", [False, True])
def test_every_table_has_a_name_of_its_own_wherever_it_is_read(*, backward: bool) -> None:
    surroundings = PageInfo(tuple((name, name) for name in ("has_next_page", "has_previous_page", "start_cursor")))
    parent = Single(
        graph.customer, plain(graph.customer, "name", "customer_group_name"), "parent_customer_id", required=False
    )
    shown: JsonMembers = (*plain(graph.customer, "name", "customer_group_name"), ("parent", parent))
    contacts = Listing(graph.contact, graph.contacts.order, plain(graph.contact, "name"), 2, graph.contacts.key)
    parts = (("nodes", Nodes((*shown, ("contacts", contacts)))), ("info", surroundings), ("count", TotalCount(3)))
    children = Connection(graph.customer, parts, 1, graph.children.key)
    only = AnyOf((HasWords(("a",)), NameBeginsWith("b"), HasMetadata(b"c")))
    start = ("a", uuid4())
    asked = PageRequest(MIXED, 1, backward, after=None if backward else start, before=start if backward else None)
    arguments = (
        page_arguments(asked, only),
        page_arguments(PageRequest(graph.CUSTOMERS_BY_NUMBER, 2, after=(b"1", "id")), only),
        ListArguments(3),
        CountArguments(100),
    )
    nested = page(
        ("edges", Edges((("node", Nodes((*shown, ("children", children)))), ("cursor", Cursor())))), *parts[1:]
    )

    sql = statement((("customers", nested),), arguments, ()).sql

    assert_only_aliases(sql)
    aliases = re.findall(rf"\b(?:{'|'.join(metadata.tables)}) AS (\w+)", sql)
    assert len(aliases) == len(set(aliases))


async def test_names_with_a_prefix_are_found_in_the_order_of_names(database: Database, records: Records) -> None:
    for name in ("Bo", "bo", "Åse", "Bent"):
        await records.customer(name=name)
    order = (SortKey(customers.c.name_key, descending=True), SortKey(customers.c.id))
    arguments = page_arguments(PageRequest(order, 3), NameBeginsWith("B")), CountArguments(100)
    edges = Edges((("node", Nodes(plain(graph.customer, "name"))), ("cursor", Cursor())))

    asked = statement((("page", page(("edges", edges), ("total", TotalCount(1)))),), arguments, ())

    shown = (await answered(database, records.company_id, asked, *arguments))["page"]
    assert [edge["node"]["name"].lower() for edge in shown["edges"]] == ["bo", "bo", "bent"]
    assert shown["total"] == 3


async def test_what_an_enumeration_does_not_have_fails_the_statement(database: Database, records: Records) -> None:
    await records.customer(customer_type="PRIVATE")
    field = next(field for field in graph.customer.fields if field.name == "customer_type")
    arguments = ListArguments(5)

    for names, answer in ((("BUSINESS", "PRIVATE"), {"all": [{"type": "PRIVATE"}]}), (("BUSINESS",), None)):
        asked = statement((("all", listing((("type", Plain(field, names)),))),), (arguments,), ())
        if answer is not None:
            assert await answered(database, records.company_id, asked, arguments) == answer
        else:
            with pytest.raises(asyncpg.DataError):
                await answered(database, records.company_id, asked, arguments)


@pytest.mark.parametrize("count", [1, 2, 100, 101])
async def test_parts_of_the_response_are_columns_unless_there_are_too_many(
    database: Database, records: Records, count: int
) -> None:
    await records.customer(name="Åse")
    shown = plain(graph.customer, "name")
    parts = page(("nodes", Nodes(shown)), ("more", PageInfo((("more", "has_next_page"),)))), listing(shown)
    arguments = page_arguments(PageRequest(graph.CUSTOMERS_BY_NUMBER, 5)), ListArguments(5)
    members = tuple((f"m{place}", replace(parts[place % 2], slot=place % 2)) for place in range(count))

    asked = statement(members, arguments, ())

    nodes = [{"name": "Åse"}]
    expected = {name: {"nodes": nodes, "more": {"more": False}} if node.slot == 0 else nodes for name, node in members}
    assert await answered(database, records.company_id, asked, *arguments) == expected
    columns = sum(2 - node.slot for _, node in members)
    assert sum(isinstance(part, int) for part in asked.parts) == (columns if columns <= 100 else 1)


HOSTILE = [
    "",
    '"',
    "\\",
    "\x01\x1f\x7f",
    "\u2028\u2029",
    "\ud7ff\ue000\uffff",
    "\U0001f600\U0010ffff",
    "</script>",
    "a" * 40,
]


@pytest.mark.parametrize("json_scalar", [False, True], ids=["to_json", "json_scalar"])
async def test_texts_are_written_alike_by_either_function(
    database: Database, records: Records, *, json_scalar: bool
) -> None:
    for place, name in enumerate(HOSTILE):
        await records.customer(customer_number=str(place), name=f"x{name}", email=None if place % 2 else f"a{name}@x")
    arguments = ListArguments(50)

    asked = statement(
        (("all", listing(plain(graph.customer, "name", "email"))),), (arguments,), (), json_scalar=json_scalar
    )
    await database.plan_connections.row("SELECT 1", [], records.company_id, plan_for_values=False)
    if json_scalar and not database.plan_connections.json_scalar:
        pytest.skip("this server is older than PostgreSQL 17")

    assert ("JSON_SCALAR" in asked.sql, "to_json" in asked.sql) == (json_scalar, not json_scalar)
    found = await answered(database, records.company_id, asked, arguments)
    assert found["all"] == [
        {"name": f"x{name}", "email": None if place % 2 else f"a{name}@x"} for place, name in enumerate(HOSTILE)
    ]
