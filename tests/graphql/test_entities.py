"""`_entities` and `_service`: what gateways ask for, in the order asked for."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import graph
from app.domain.labels import label
from app.engine.documents import Documents
from app.graphql.planning.references import key_names
from app.graphql.schema import executable, schema, sdl
from app.settings import Settings
from tests.graphql.statements import cost
from tests.support.asking import Caller
from tests.support.every_table import World
from tests.support.records import Records, new_company
from tests.support.toy import LIMITS

ENTITIES = "query($of: [_Any!]!) { _entities(representations: $of) { __typename ... on Node { id } } }"
CUSTOMERS = "query($of: [_Any!]!) { _entities(representations: $of) { ... on Customer { name } } }"
TYPES = ", ".join(entity.name for entity in graph.NODES)
ID = "00000000-0000-7000-8000-000000000000"
Representation = dict[str, Any]


def customer(**key: Any) -> Representation:
    """A representation of a customer."""
    return {"__typename": "Customer"} | key


async def test_every_entity_is_found_by_each_of_its_keys(
    caller: Caller, member: Caller, own: World, records: Records
) -> None:
    entities = [entity for entity in graph.NODES if entity.table.name in own]
    asked, expected = list[Representation](), list[Representation]()
    for entity in entities:
        row = own[entity.table.name]
        for name, key in key_names(entity).items():
            if row.get(key) is not None:
                asked.append({"__typename": entity.name, name: str(row[key])})
                expected.append({"__typename": entity.name, "id": str(row["id"])})
    assert len(asked) >= len(graph.NODES) + 2
    assert await member.data(ENTITIES, of=asked) == {"_entities": expected}

    found = await records.customer(external_system_id="ERP-7")
    answer = await caller.data(ENTITIES, of=[customer(externalSystemId="ERP-7"), customer(externalSystemId="erp-7")])
    assert answer == {"_entities": [{"__typename": "Customer", "id": str(found)}, None]}


async def test_entities_come_in_the_order_asked_for_whatever_their_keys(caller: Caller, records: Records) -> None:
    group = await records.group(number="G1", name="Group")
    first = await records.customer(name="First", customer_number="A", external_system_id="X")
    second = await records.customer(name="Second", customer_number="B")
    document = """
    query($of: [_Any!]!) {
      _entities(representations: $of) { ... on Customer { name } ... on CustomerGroup { number groupName: name } }
    }
    """
    asked = [
        customer(customerNumber="B"),
        {"__typename": "CustomerGroup", "number": "G1"},
        customer(externalSystemId="X"),
        customer(id=str(first)),
        {"__typename": "CustomerGroup", "id": str(group)},
        customer(id=str(second)),
    ]
    a_group, one, two = {"number": "G1", "groupName": "Group"}, {"name": "First"}, {"name": "Second"}
    assert await caller.data(document, of=asked) == {"_entities": [two, a_group, one, one, a_group, two]}


async def test_what_is_unknown_or_another_company_s_is_null_without_an_error(
    caller: Caller, records: Records, owner_engine: AsyncEngine
) -> None:
    await records.customer(name="Ours", customer_number="1", external_system_id="X")
    elsewhere = Records(owner_engine, await new_company(owner_engine))
    hidden = await elsewhere.customer(name="Theirs", customer_number="2", external_system_id="Y")
    asked = [
        customer(id=str(hidden)),
        customer(customerNumber="2"),
        customer(externalSystemId="Y"),
        customer(id=ID),
        customer(customerNumber="3"),
        {"__typename": "CustomerGroup", "id": str(hidden)},
        customer(customerNumber="1"),
    ]
    assert await caller.data(CUSTOMERS, of=asked) == {"_entities": [None] * 6 + [{"name": "Ours"}]}


async def test_a_key_that_is_null_refers_to_nothing(caller: Caller, records: Records) -> None:
    found = await records.customer(name="Without")
    asked = [customer(externalSystemId=None), customer(externalSystemId=None, id=str(found)), customer(id=None)]
    assert await caller.data(CUSTOMERS, of=asked) == {"_entities": [None, {"name": "Without"}, None]}


async def test_what_a_representation_holds_beside_its_key_is_left_alone(caller: Caller, records: Records) -> None:
    found = await records.customer(name="Kept")
    asked = customer(id=str(found), name="Other", address={"city": ["Aarhus"]})
    assert await caller.data(CUSTOMERS, of=[asked]) == {"_entities": [{"name": "Kept"}]}


MALFORMED: dict[str, tuple[Any, list[str], str]] = {
    "no object": ("Customer", [], "must be an object of `__typename` and a key."),
    "no type": ({"id": ID}, ["__typename"], f"must be one of {TYPES}."),
    "a type that is no name": ({"__typename": ["Customer"], "id": ID}, ["__typename"], f"must be one of {TYPES}."),
    "an unknown type": ({"__typename": "Invoice", "id": ID}, ["__typename"], f"must be one of {TYPES}."),
    "a type without keys": ({"__typename": "Viewer", "id": ID}, ["__typename"], f"must be one of {TYPES}."),
    "no key": (customer(name="x"), [], "has no key of Customer: give id or customerNumber or externalSystemId."),
    "another type's key": (
        {"__typename": "Contact", "customerNumber": "1"},
        [],
        "has no key of Contact: give id.",
    ),
    "no UUID": (customer(id="7"), ["id"], "must be a UUID, such as 0198c0de-0000-7000-8000-000000000000."),
    "a number as an id": (customer(id=7), ["id"], "must be a string."),
    "a number": (customer(customerNumber=7), ["customerNumber"], "must be a string."),
    "a list": (customer(externalSystemId=["X"]), ["externalSystemId"], "must be a string."),
    "blank": (customer(customerNumber=" "), ["customerNumber"], "must not be blank."),
    "a NUL": (customer(customerNumber="a\0"), ["customerNumber"], "must not contain U+0000."),
    "too long": (
        customer(externalSystemId="x" * 256),
        ["externalSystemId"],
        "has 256 characters; at most 255 are allowed.",
    ),
}


@pytest.mark.parametrize(("representation", "path", "message"), MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_representation_is_an_error_at_its_place_and_spares_the_others(
    caller: Caller, records: Records, representation: Any, path: list[str], message: str
) -> None:
    found = await records.customer(name="Found")
    well = customer(id=str(found))

    result = await caller.run(CUSTOMERS, of=[well, representation, well])
    assert result.data == {"_entities": [{"name": "Found"}, None, {"name": "Found"}]}
    (error,) = result.errors or []
    assert error.path == ["_entities", 1]
    assert error.extensions == {
        "code": "BAD_USER_INPUT",
        "problems": [
            {
                "code": "BAD_USER_INPUT",
                "path": ["representations", "1", *path],
                "message": f"{label(path[0] if path else 'representations')} {message}",
            }
        ],
    }


async def test_every_malformed_representation_has_its_error(caller: Caller) -> None:
    result = await caller.run(CUSTOMERS, of=[representation for representation, _, _ in MALFORMED.values()])
    assert result.data == {"_entities": [None] * len(MALFORMED)}
    assert [error.path for error in result.errors or ()] == [["_entities", place] for place in range(len(MALFORMED))]
    assert caller.statements == 0


async def test_many_malformed_representations_are_rejected_before_anything_is_read(caller: Caller) -> None:
    result = await caller.run(CUSTOMERS, of=[customer(id="7")] * 101)

    assert result.data is None
    (error,) = result.errors or []
    assert error.message.startswith("More than 100 ids or representations of the operation are malformed.")
    assert "representations.0.id: must be a UUID" in error.message
    assert caller.statements == 0

    result = await caller.run(CUSTOMERS, of=[customer(id="7")] * 100)
    assert result.data == {"_entities": [None] * 100}
    assert [error.path for error in result.errors or ()] == [["_entities", place] for place in range(100)]


async def test_representations_may_be_literals_with_variables(caller: Caller, records: Records) -> None:
    found = await records.customer(name="Found")
    document = """
    query($id: ID!) { _entities(representations: [{__typename: "Customer", id: $id}]) { ... on Customer { name } } }
    """
    assert await caller.data(document, id=str(found)) == {"_entities": [{"name": "Found"}]}


async def test_entities_cost_the_same_statements_at_1_10_and_40_and_when_repeated(
    caller: Caller, records: Records
) -> None:
    group = await records.group()
    ids = [
        await records.customer(customer_group_id=group, customer_number=f"N{place}", external_system_id=f"X{place}")
        for place in range(40)
    ]
    for id_ in ids:
        await records.contact(id_)
    document = "query($of: [_Any!]!) { _entities(representations: $of) { ... on Customer { name contacts { id } } } }"

    def asked(size: int) -> list[Representation]:
        by_id = [customer(id=str(id_)) for id_ in ids[:size]]
        by_number = [customer(customerNumber=f"N{place}") for place in range(size)]
        return by_id + by_number + [customer(externalSystemId=f"X{place}") for place in range(size)]

    # The customers by each of three keys, and the contacts of them all.
    costs = {
        (size, times): await cost(caller, document, of=asked(size) * times) for size in (1, 10, 40) for times in (1, 5)
    }
    assert set(costs.values()) == {4}


@pytest.mark.parametrize("count", [3, 4])
async def test_the_number_of_representations_is_bounded_repeated_ones_counted(caller: Caller, count: int) -> None:
    caller.max_representations = 3
    result = await caller.run(CUSTOMERS, of=[customer(id=ID)] * count)
    if count == 3:
        assert (result.data, result.errors) == ({"_entities": [None] * 3}, None)
    else:
        assert result.data is None
        assert [(error.path, error.message) for error in result.errors or ()] == [
            (["_entities"], "representations: has 4 representations; at most 3 are allowed.")
        ]
        assert caller.statements == 0


async def test_as_many_representations_are_taken_as_the_setting_says_unless_it_is_set(caller: Caller) -> None:
    most = Settings().max_representations
    assert len((await caller.data(CUSTOMERS, of=[customer(id=ID)] * most))["_entities"]) == most
    assert (await caller.run(CUSTOMERS, of=[customer(id=ID)] * (most + 1))).data is None


async def test_no_representations_are_no_entities_and_no_statement(caller: Caller) -> None:
    assert await caller.data(CUSTOMERS, of=[]) == {"_entities": []}
    assert caller.statements == 0


async def test_the_subgraph_shows_its_schema_to_every_credential(caller: Caller) -> None:
    caller.scopes = []
    assert await caller.data("{ _service { sdl } }") == {"_service": {"sdl": sdl().removesuffix("\n")}}
    assert caller.statements == 0


async def test_a_customer_number_is_trimmed_as_in_every_look_up(caller: Caller, records: Records) -> None:
    found = await records.customer(customer_number="12")
    answer = await caller.data(ENTITIES, of=[customer(customerNumber=" 12 "), customer(customerNumber="12")])
    assert answer == {"_entities": [{"__typename": "Customer", "id": str(found)}] * 2}


def test_what_is_asked_for_often_counts_once_towards_the_rows_of_an_operation() -> None:
    document = (
        "query($of: [_Any!]!) { _entities(representations: $of) { ... on Customer { contacts(first: 100) { id } } } }"
    )
    rows = Documents(executable(schema), LIMITS, 10).prepare(document).select(None).rows
    asked = [customer(customerNumber=str(place)) for place in range(20)] * 5
    assert rows.count({"of": asked}) == 20 * (1 + 100)
