"""The fields of payloads: what each needs is known before the mutation runs."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, get_named_type

from app.db import graph
from app.domain.fields import schema_name
from app.domain.identity import Scope
from app.graphql.permissions import Requires, RequiresUnlessWritten, scopes_of
from app.graphql.schema import executable, schema
from app.graphql.strawberry_seam import extensions_of
from tests.support.asking import Caller
from tests.support.every_mutation import MUTATIONS, TABLE, document, ids_of
from tests.support.records import Records

TYPES = executable(schema).type_map
ENTITIES = {entity.name for entity in graph.NODES}


def selection_of(kind: GraphQLObjectType, allowed: Callable[[GraphQLField], bool], above: tuple[str, ...] = ()) -> str:
    """All fields of a type, and of what hangs on it, that are allowed; no type within itself."""
    parts: list[str] = []
    for name, field in kind.fields.items():
        named = cast("Any", get_named_type(field.type))
        if not allowed(field) or str(named) in above:
            continue
        if isinstance(named, GraphQLObjectType):
            below = selection_of(named, allowed, (*above, kind.name))
            parts += [f"{name} {{ {below} }}"] if below else []
        elif not isinstance(named, GraphQLInterfaceType):
            parts.append(name)
    return " ".join(parts)


@pytest.mark.parametrize("name", MUTATIONS)
async def test_whatever_may_be_selected_before_a_mutation_runs_is_no_error_after_it(
    caller: Caller, records: Records, name: str
) -> None:
    """The only errors for a missing scope are those that come before anything is written."""
    ids, row = await ids_of(records), TABLE[name]
    caller.scopes = [row.writes, *row.also]
    payload = cast("GraphQLObjectType", get_named_type(MUTATIONS[name].type))
    selected = selection_of(payload, lambda field: not scopes_of(field))
    assert "{" in selected

    # The second time there is nothing left to do.
    for _ in range(2):
        await caller.data(document(name, selected), input=row.input(ids))


REFERRED = [
    (entity.name, schema_name(field.name)) for entity in graph.NODES for field in entity.fields if field.reference
]
"""Plain fields whose value is another object's."""


@pytest.mark.parametrize(("kind", "field"), REFERRED)
def test_a_plain_field_of_another_object_needs_the_scope_before_a_mutation_runs(kind: str, field: str) -> None:
    assert scopes_of(cast("GraphQLObjectType", TYPES[kind]).fields[field]) == [Scope.CUSTOMERS_READ]


def test_there_are_plain_fields_of_other_objects() -> None:
    assert {kind for kind, _ in REFERRED} == {"Customer", "CustomerGroup"}


def payload_fields(kind: GraphQLObjectType) -> list[tuple[str, GraphQLField]]:
    """The fields of a payload that show an entity, those of its rows among them."""
    found: list[tuple[str, GraphQLField]] = []
    for name, field in kind.fields.items():
        shown = cast("Any", get_named_type(field.type))
        if str(shown) in ENTITIES:
            found.append((f"{kind.name}.{name}", field))
        elif isinstance(shown, GraphQLObjectType):
            found += payload_fields(shown)
    return found


def test_every_object_of_a_payload_says_what_it_takes_to_see_it() -> None:
    payloads = {cast("GraphQLObjectType", get_named_type(field.type)).name for field in MUTATIONS.values()}
    fields = dict(shown for name in payloads for shown in payload_fields(cast("GraphQLObjectType", TYPES[name])))
    assert len(fields) >= len(MUTATIONS)
    guards = (Requires, RequiresUnlessWritten)
    open_to_all = [
        name
        for name, field in fields.items()
        if not any(isinstance(extension, guards) for extension in extensions_of(field))
    ]
    assert open_to_all == []
