"""`node` and `nodes`: whatever has an id, in the order asked for, whatever its type."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from graphql import GraphQLInterfaceType, GraphQLObjectType
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import graph
from app.graphql.schema import executable, schema
from tests.graphql.statements import cost
from tests.support.asking import Caller
from tests.support.every_table import World, write_world
from tests.support.records import Records

NODE = "query($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
MALFORMED = "must be a UUID, such as 0198c0de-0000-7000-8000-000000000000."


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def foreign(owner_engine: AsyncEngine) -> World:
    """A row of every table, in another company."""
    return await write_world(owner_engine, uuid4())


def shown(world: World) -> list[dict[str, str]]:
    """What can be asked for by id, as it is answered."""
    return [{"__typename": entity.name, "id": str(world[entity.table.name]["id"])} for entity in graph.NODES]


def ids(nodes: list[dict[str, str]]) -> list[str]:
    """Their ids."""
    return [node["id"] for node in nodes]


async def test_every_kind_of_node_is_found_by_its_id_alone(member: Caller, own: World) -> None:
    for node in shown(own):
        assert await member.data(NODE, id=node["id"]) == {"node": node}


async def test_nodes_come_in_the_order_asked_for_and_as_often(member: Caller, own: World) -> None:
    nodes = shown(own)
    asked = [*reversed(nodes), nodes[3], nodes[0], nodes[3]]

    assert await member.data(NODES, ids=ids(asked)) == {"nodes": asked}


async def test_what_is_missing_or_another_company_s_is_null(member: Caller, own: World, foreign: World) -> None:
    (first, *_, last) = shown(own)
    hidden = [*ids(shown(foreign)), str(foreign["companies"]["id"]), str(own["companies"]["id"]), str(uuid4())]

    answer = await member.data(NODES, ids=[first["id"], *hidden, last["id"]])
    assert answer == {"nodes": [first, *[None] * len(hidden), last]}
    for id_ in hidden:
        assert await member.data(NODE, id=id_) == {"node": None}


async def test_a_malformed_id_is_an_error_of_its_own_place_and_leaves_the_others(member: Caller, own: World) -> None:
    (first, second, *_) = shown(own)

    result = await member.run(NODES, ids=[first["id"], "7", second["id"], ""])
    assert result.data == {"nodes": [first, None, second, None]}
    assert [(error.path, error.message, error.extensions) for error in result.errors or ()] == [
        (
            ["nodes", place],
            f"ids.{place}: {MALFORMED}",
            {
                "code": "BAD_USER_INPUT",
                "problems": [{"code": "BAD_USER_INPUT", "path": ["ids", str(place)], "message": f"IDs {MALFORMED}"}],
            },
        )
        for place in (1, 3)
    ]


async def test_a_malformed_id_of_one_node_is_an_error_as_in_every_look_up(member: Caller) -> None:
    rejection = await member.rejection('{ node(id: "7") { id } }')
    look_up = await member.rejection('{ customer(by: {id: "7"}) { id } }')

    assert (rejection["message"], rejection["field"]) == (f"id: {MALFORMED}", ["node"])
    assert rejection["code"] == look_up["code"]
    assert member.statements == 0


async def test_ids_may_be_written_in_capital_letters(member: Caller, own: World) -> None:
    node = shown(own)[0]
    assert await member.data(NODES, ids=[node["id"].upper(), node["id"]]) == {"nodes": [node, node]}


@pytest.mark.parametrize("most", [500, 501])
async def test_at_most_500_ids_are_taken(caller: Caller, most: int) -> None:
    result = await caller.run(NODES, ids=[str(UUID(int=0))] * most)
    if most == 500:
        assert (result.data, result.errors) == ({"nodes": [None] * 500}, None)
    else:
        assert result.data is None
        assert [error.message for error in result.errors or ()] == ["ids: has 501 items; at most 500 are allowed."]
        assert caller.statements == 0


async def test_no_ids_are_no_nodes_and_no_statement(caller: Caller) -> None:
    assert await caller.data(NODES, ids=[]) == {"nodes": []}
    assert caller.statements == 0


async def test_what_is_selected_below_a_node_is_that_of_its_type(member: Caller, own: World) -> None:
    document = """
    query($ids: [ID!]!) {
      nodes(ids: $ids) {
        id
        ... on Customer { customerNumber contacts { name } }
        ... on Contact { name }
      }
    }
    """
    customer, contact = own["customers"], own["contacts"]
    assert await member.data(document, ids=[str(customer["id"]), str(contact["id"])]) == {
        "nodes": [
            {
                "id": str(customer["id"]),
                "customerNumber": customer["customer_number"],
                "contacts": [{"name": contact["name"]}],
            },
            {"id": str(contact["id"]), "name": contact["name"]},
        ]
    }


async def test_nodes_cost_the_same_statements_at_1_10_and_40_ids(caller: Caller, records: Records) -> None:
    group = await records.group()
    customers = [await records.customer(customer_group_id=group) for _ in range(40)]
    contacts = [await records.contact(customer) for customer in customers]
    document = """
    query($ids: [ID!]!) {
      nodes(ids: $ids) { id ... on Customer { name contacts { id } group { name } } ... on Contact { name } }
    }
    """

    async def at(size: int) -> int:
        return await cost(caller, document, ids=[str(id_) for id_ in customers[:size] + contacts[:size]])

    # Which is which, the customers, the contacts, the customers' contacts, and their group.
    assert {size: await at(size) for size in (1, 10, 40)} == {1: 5, 10: 5, 40: 5}


async def test_single_nodes_of_one_operation_share_their_statements(caller: Caller, records: Records) -> None:
    asked = [await records.customer() for _ in range(5)]
    fields = " ".join(f'n{place}: node(id: "{id_}") {{ id }}' for place, id_ in enumerate(asked))
    assert await cost(caller, f"{{ {fields} }}") == 2


def test_every_type_whose_rows_have_an_id_of_their_own_is_a_node_and_no_other() -> None:
    types: dict[str, Any] = executable(schema).type_map
    node = types["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    nodes = {kind.name for kind in executable(schema).get_possible_types(node)}

    with_id = {name for name, kind in types.items() if isinstance(kind, GraphQLObjectType) and "id" in kind.fields}
    # A credential has one company, which `viewer` shows. Events are read after a cursor, and webhooks are settings.
    others = {"Company", "ChangeEvent", "WebhookEndpoint", "WebhookDelivery"}
    assert nodes == {entity.name for entity in graph.NODES} == with_id - others


def of_aliases(number: int) -> str:
    """A query that asks for the same ids so many times."""
    return "query($ids: [ID!]!) {" + " ".join(f"a{place}: nodes(ids: $ids) {{ id }}" for place in range(number)) + "}"


async def test_a_hundred_malformed_ids_of_an_operation_are_answered_one_by_one(member: Caller) -> None:
    result = await member.run(of_aliases(50), ids=["7", ""])

    assert result.data == {f"a{number}": [None, None] for number in range(50)}
    assert [error.path for error in result.errors or ()] == [
        [f"a{number}", place] for number in range(50) for place in (0, 1)
    ]


@pytest.mark.parametrize(("aliases", "malformed"), [(1, 101), (50, 3), (20, 499)])
async def test_more_malformed_ids_are_rejected_before_anything_is_read(
    member: Caller, own: World, aliases: int, malformed: int
) -> None:
    (first, *_) = shown(own)

    # The same one each time: it counts each time.
    result = await member.run(of_aliases(aliases), ids=[*["7"] * (malformed - 1), "8", first["id"]][:500])

    assert result.data is None
    (error,) = result.errors or []
    assert error.message.startswith(
        f"More than 100 ids or representations of the operation are malformed. The first ones: ids.0: {MALFORMED}"
    )
    assert error.path is None
    assert error.extensions is not None
    assert error.extensions["code"] == "BAD_USER_INPUT"
    assert error.extensions["problems"][0] == {
        "code": "BAD_USER_INPUT",
        "path": ["ids", "0"],
        "message": f"IDs {MALFORMED}",
    }
    assert len(error.extensions["problems"]) <= 10
    assert member.statements == 0


async def test_malformed_ids_of_literal_lists_count_as_well(member: Caller) -> None:
    lists = " ".join(f'a{number}: nodes(ids: ["x", "y{number}", "z"]) {{ id }}' for number in range(50))

    result = await member.run(f"{{ {lists} }}")

    assert [error.path for error in result.errors or ()] == [None]


async def test_an_operation_with_many_long_lists_takes_one_place_in_the_queue(member: Caller) -> None:
    # All lists together would be more than may wait.
    ids_of_nobody = [str(UUID(int=number)) for number in range(200)]
    document = of_aliases(20)

    results = await asyncio.gather(*(member.run(document, ids=ids_of_nobody) for _ in range(8)))

    assert [result.errors for result in results] == [None] * 8
