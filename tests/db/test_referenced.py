"""Rows that references lead to, in a plan's statement: each is looked up once, by its key's index, however often it is
named."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import graph
from app.db.arguments import References
from app.db.database import Database
from app.db.declarations import Entity
from app.db.plans.slots import values_of
from app.db.plans.statement import Statement, statement
from app.db.plans.tree import Plain, Referenced
from tests.support.records import Records, new_company

Plan = dict[str, Any]


def asked(arguments: References, *, is_list: bool = True) -> Statement:
    """The names of customers and groups that references lead to."""
    choices = [
        (entity, (("name", Plain(_field(entity, "name"), None)),)) for entity in (graph.customer, graph.customer_group)
    ]
    return statement((("found", Referenced(tuple(choices), 0, is_list)),), (arguments,), ())


def _field(entity: Entity[Any], name: str) -> Any:
    return next(field for field in entity.fields if field.name == name)


async def run(database: Database, records: Records, arguments: References, *, prefix: str = "") -> Any:
    """What the statement answers, or what EXPLAIN says of it."""
    one = asked(arguments)
    parameters = one.parameters(records.company_id, values_of((arguments,)))
    row = await database.plan_connections.row(
        prefix + one.sql, parameters, records.company_id, plan_for_values=one.plan_for_values
    )
    return row[0] if prefix else json.loads(one.answer(row, str.encode) or b"null")


def nodes(plan: Plan) -> Iterator[Plan]:
    """A node of PostgreSQL's plan, and all below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


async def test_a_row_that_is_named_often_is_looked_up_once(database: Database, records: Records) -> None:
    ids = [await records.customer(name=f"Customer {place}") for place in range(5)]
    places = tuple(1 + place % 5 for place in range(100))
    arguments = References(((graph.customer, "id"),), tuple((0, id_) for id_ in ids), places)

    found = (await run(database, records, arguments))["data"]["found"]
    (explained,) = await run(database, records, arguments, prefix="EXPLAIN (ANALYZE, FORMAT JSON) ")

    assert found == [{"name": f"Customer {place - 1}"} for place in places]
    scans = [node for node in nodes(explained["Plan"]) if node.get("Relation Name") == "customers"]
    assert [scan["Actual Loops"] for scan in scans] == [5]


async def test_keys_of_several_kinds_each_lead_to_their_row(database: Database, records: Records) -> None:
    customer = await records.customer(name="Åse", customer_number="7", external_system_id="crm-7")
    group = await records.group(name="Retail", number="7")
    kinds = (
        (graph.customer, "id"),
        (graph.customer, "customer_number"),
        (graph.customer, "external_system_id"),
        (graph.customer_group, "id"),
        (graph.customer_group, "number"),
    )
    wanted = ((0, customer), (1, "7"), (2, "crm-7"), (3, group), (4, "7"), (0, group), (1, "crm-7"), (2, "7"))

    found = await run(database, records, References(kinds, wanted, (*range(9), 0, 3)))

    names = [row and row["name"] for row in found["data"]["found"]]
    assert names == [None, *["Åse"] * 3, *["Retail"] * 2, None, None, None, None, "Åse"]


async def test_an_id_of_any_kind_is_found_and_no_ids_find_nothing(database: Database, records: Records) -> None:
    ids = [await records.customer(name="Åse"), await records.group(name="Retail"), records.company_id]

    found = await run(database, records, References((None,), tuple((0, id_) for id_ in ids), (2, 1, 3)))
    assert found["data"]["found"] == [{"name": "Retail"}, {"name": "Åse"}, None]
    assert (await run(database, records, References((), (), (0, 0))))["data"]["found"] == [None, None]
    assert (await run(database, records, References((), (), ())))["data"]["found"] == []


async def test_another_companys_rows_are_not_found(
    database: Database, records: Records, owner_engine: AsyncEngine
) -> None:
    other_records = Records(owner_engine, await new_company(owner_engine))
    foreign = await other_records.customer(name="Bo", customer_number="9")
    kinds = ((graph.customer, "id"), (graph.customer, "customer_number"))

    found = await run(database, records, References(kinds, ((0, foreign), (1, "9")), (1, 2)))

    assert found["data"]["found"] == [None, None]
