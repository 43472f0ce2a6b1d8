"""What a composer of supergraphs reads: keys, scopes, and the version of federation."""

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
)
from graphql.language import DirectiveNode
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from strawberry.types.field import StrawberryField

from app.db import graph
from app.db.declarations import Entity
from app.graphql.federation import FEDERATION_VERSION, without_scopes
from app.graphql.permissions import Requires
from app.graphql.schema import executable, schema, sdl

SCHEMA = executable(schema)
PRINTED = {
    node.name.value: node
    for node in parse(sdl()).definitions
    if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | UnionTypeDefinitionNode)
}
GUIDE = Path(__file__).parents[2] / "docs/federation.md"
KEYS = {
    "BillingDocument": ["id"],
    "BillingTransition": ["id"],
    "Contact": ["id"],
    "Customer": ["id", "customerNumber", "externalSystemId"],
    "CustomerGroup": ["id", "number"],
    "CustomerSubscription": ["id"],
    "Department": ["id"],
    "LedgerAccount": ["id", "number"],
    "SubscriptionPeriod": ["id"],
}


def arguments(of: Any, name: str) -> list[dict[str, Any]]:
    """The arguments of each application of a directive to a type or field, as they are printed."""
    applied: list[DirectiveNode] = [directive for directive in of.directives or () if directive.name.value == name]
    return [{given.name.value: given.value for given in directive.arguments or ()} for directive in applied]


def fields() -> dict[tuple[str, str], StrawberryField]:
    """Every field with what Strawberry knows of it."""
    return {
        (kind.name, name): field.extensions["strawberry-definition"]
        for kind in SCHEMA.type_map.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__")
        for name, field in kind.fields.items()
    }


def test_the_keys_are_those_that_others_are_told_of() -> None:
    printed = {
        name: [argument["fields"].value for argument in arguments(node, "key")]
        for name, node in PRINTED.items()
        if arguments(node, "key")
    }
    assert printed == KEYS


@pytest.mark.parametrize("entity", graph.NODES, ids=lambda entity: entity.name)
def test_a_key_is_unique_in_the_company(entity: Entity[Any]) -> None:
    table: Any = entity.table
    indexes = [index for index in table.indexes if index.unique]
    constraints = [
        constraint
        for constraint in table.constraints
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint)
    ]
    unique = [{column.name for column in key.columns} for key in (*constraints, *indexes)]
    assert [key for key in entity.keys if {"company_id", key} not in unique] == []


def test_what_others_may_refer_to_is_what_has_keys() -> None:
    union = SCHEMA.type_map["_Entity"]
    assert isinstance(union, GraphQLUnionType)
    assert {kind.name for kind in union.types} == {entity.name for entity in graph.NODES} == set(KEYS)


def test_every_field_that_needs_a_scope_and_no_other_tells_a_gateway_so() -> None:
    needed = {
        place: [
            scope.value
            for extension in field.extensions
            if isinstance(extension, Requires)
            for scope in extension.scopes
        ]
        for place, field in fields().items()
    }
    told: dict[tuple[str, str], list[str]] = {}
    for kind, field in needed:
        (printed,) = (
            definition for definition in getattr(PRINTED[kind], "fields", ()) if definition.name.value == field
        )
        applied = arguments(printed, "requiresScopes")
        told[kind, field] = [
            scope.value for directive in applied for group in directive["scopes"].values for scope in group.values
        ]
    assert told == needed
    assert sum(map(bool, needed.values())) > 40


def test_the_schema_links_to_a_known_version_and_imports_only_what_it_uses() -> None:
    (version, imported) = re.findall(
        r'@link\(url: "https://specs.apollo.dev/federation/v([\d.]+)", import: \[(.*?)\]\)', sdl()
    )[0]
    assert sdl().count("schema @link(") == sdl().count(" @link(") - 1 == 1
    assert version == FEDERATION_VERSION
    assert tuple(map(int, version.split("."))) <= (2, 9)
    names = re.findall(r'"@(\w+)"', imported)
    body = re.sub(r"(?m)^(schema|directive) @.*$", "", sdl())
    assert names == sorted(names)
    assert [name for name in names if not re.search(rf"@{name}\b", body)] == []
    known = {*names, "link", "specifiedBy", "oneOf", "deprecated"}
    assert {match.group(1) for match in re.finditer(r"[)}!\]\w] @(\w+)", re.sub(r'"""(?s:.*?)"""', "", sdl()))} <= known


def test_the_subgraph_that_the_guide_shows_refers_to_customers_by_a_key() -> None:
    (shown,) = re.findall(r"```graphql\n(extend schema @link.*?)```", GUIDE.read_text(), re.DOTALL)
    (extended,) = (definition for definition in parse(shown).definitions if _is_customer(definition))
    assert [argument["fields"].value for argument in arguments(extended, "key")] == ["customerNumber"]
    assert "customerNumber" in KEYS["Customer"]
    assert shown.count(f"/federation/v{FEDERATION_VERSION}") == 1


def test_the_guide_names_every_key_and_no_other() -> None:
    rows = re.findall(r"^\| (`[A-Z].*?) \| (`.*?) \|$", GUIDE.read_text(), re.MULTILINE)
    named = {kind: re.findall(r"`(\w+)`", keys) for kinds, keys in rows for kind in re.findall(r"`(\w+)`", kinds)}
    assert named == KEYS


def _is_customer(node: object) -> bool:
    return isinstance(node, ObjectTypeDefinitionNode) and node.name.value == "Customer"


def test_pages_may_be_told_by_other_subgraphs_too() -> None:
    assert arguments(PRINTED["PageInfo"], "shareable") == [{}]


def test_without_scopes_the_schema_is_the_same_but_for_them() -> None:
    with_scopes, without = sdl(), without_scopes(sdl())

    assert "requiresScopes" in with_scopes
    assert "requiresScopes" not in without
    definition = (
        r'"""[^"]*"""\ndirective @requiresScopes\((?s:.*?)\) on .*\n|"""[^"]*"""\nscalar federation__Scope .*\n'
    )
    used = r' @requiresScopes\(scopes: [^)]*\)|, "@requiresScopes"|"@requiresScopes", '
    kept = re.sub(used, "", re.sub(definition, "", with_scopes))
    assert "federation__Scope" not in without
    assert print_ast(parse(kept)) == without
