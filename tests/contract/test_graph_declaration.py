"""The graph is declared once: rows, columns and types of the schema agree, and every edge can be paged."""

from typing import Any, cast, get_args, get_type_hints

import pytest
from graphql import GraphQLEnumType, GraphQLList, GraphQLNamedType, GraphQLNonNull, GraphQLObjectType, get_named_type
from sqlalchemy import UniqueConstraint
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from app.db import customers, graph, rows, tables
from app.db.customers import CustomerSort
from app.db.declarations import Embedded, Entity, PlainField, Render, SortKey, ToMany, ToOne
from app.db.read_session import COMPANY
from app.graphql.schema import executable, schema

SCHEMA = executable(schema)
ENTITIES: list[Entity[Any]] = [value for value in vars(graph).values() if isinstance(value, Entity)]
EMBEDDED: list[Embedded[Any]] = [value for value in vars(graph).values() if isinstance(value, Embedded)]
EDGES: list[ToOne[Any] | ToMany[Any]] = [value for value in vars(graph).values() if isinstance(value, ToOne | ToMany)]
TO_MANY = [edge for edge in EDGES if isinstance(edge, ToMany)]
ORDERS: dict[str, tuple[set[str], tuple[SortKey, ...]]] = {
    **{f"{edge.source.name}.{edge.name}": ({"company_id", edge.key.name}, edge.order) for edge in TO_MANY},
    **{sort: ({"company_id"}, customers.order_by((sort, False))) for sort in CustomerSort},
}
RENDERED = {
    Render.TEXT: "String",
    Render.IDENTIFIER: "ID",
    Render.INTEGER: "Int",
    Render.BOOLEAN: "Boolean",
    Render.DECIMAL: "Decimal",
    Render.DATE: "Date",
    Render.TIMESTAMP: "DateTime",
    Render.JSON: "Metadata",
}


def shown(entity: Entity[Any]) -> dict[str, StrawberryField]:
    """The plain fields of an entity's type in the schema, by the attribute that they show."""
    definition = schema.get_type_by_name(entity.name)
    assert isinstance(definition, StrawberryObjectDefinition)
    fields: list[Any] = list(definition.fields)
    return {field.python_name: field for field in fields if field.base_resolver is None}


def kind_of(entity: Entity[Any], attribute: str) -> Any:
    """The type of a plain field as it is in the schema."""
    name = schema.config.name_converter.get_graphql_name(shown(entity)[attribute])
    return fields_of(entity)[name].type


def fields_of(entity: Entity[Any] | Embedded[Any]) -> dict[str, Any]:
    """The fields of an entity's type as graphql-core, which is not wholly typed, holds them."""
    kind = SCHEMA.type_map[entity.name]
    assert isinstance(kind, GraphQLObjectType)
    return kind.fields


def named(kind: Any) -> GraphQLNamedType:
    """A type without its lists and non-nulls."""
    return cast("GraphQLNamedType", get_named_type(kind))


OBJECTS = [kind for kind in SCHEMA.type_map.values() if isinstance(kind, GraphQLObjectType)]
PAGE = {"first", "after", "last", "before"}
LISTS = [
    (kind.name, name)
    for kind in OBJECTS
    for name, field in kind.fields.items()
    if "first" in field.args and "after" not in field.args
]
PLAIN = [(entity, field) for entity in ENTITIES for field in entity.fields if field.name in shown(entity)]


def name_of(edge: ToOne[Any] | ToMany[Any]) -> str:
    """An edge's name as the schema shows it."""
    return schema.config.name_converter.apply_naming_config(edge.name)


def nullable(field: PlainField) -> bool:
    """Whether a plain field's column may be unset; one that is looked up by a foreign key is as its own column."""
    return bool(field.column.nullable)


def test_every_row_is_one_entity_s_or_embedded_in_one() -> None:
    kinds = [*ENTITIES, *EMBEDDED]
    assert len({kind.name for kind in kinds}) == len(kinds)
    declared = {kind.row.__name__ for kind in kinds}
    # Events are no entity: they are read by positions, together with what they changed.
    assert declared | {"EventRow"} == {name for name in vars(rows) if name.endswith("Row")}


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_every_plain_field_of_a_type_is_on_its_row_which_its_entity_declares(entity: Entity[Any]) -> None:
    assert list(entity.row._fields) == [field.name for field in entity.fields]
    assert [name for name in shown(entity) if name not in entity.row._fields] == []


@pytest.mark.parametrize(("entity", "field"), PLAIN, ids=lambda declared: declared.name)
def test_a_field_may_be_null_where_its_column_and_its_row_s_attribute_may_be(
    entity: Entity[Any], field: PlainField
) -> None:
    in_schema = not isinstance(kind_of(entity, field.name), GraphQLNonNull)
    on_row = type(None) in get_args(get_type_hints(entity.row)[field.name])
    assert in_schema == on_row == nullable(field)


@pytest.mark.parametrize(("entity", "field"), PLAIN, ids=lambda declared: declared.name)
def test_a_field_is_rendered_as_its_type_says(entity: Entity[Any], field: PlainField) -> None:
    kind = named(kind_of(entity, field.name))
    if isinstance(kind, GraphQLEnumType):
        assert field.render is Render.TEXT
        # Stored as it is shown: no value needs a translation on its way out.
        assert all(name == value.value for name, value in kind.values.items())
    else:
        assert kind.name == RENDERED[field.render]


@pytest.mark.parametrize("kind", EMBEDDED, ids=lambda kind: kind.name)
def test_embedded_objects_are_a_list_of_one_entity_and_show_their_name_and_json(kind: Embedded[Any]) -> None:
    ((entity, name),) = (
        (entity, field.name) for entity in ENTITIES for field in entity.fields if field.embedded is kind
    )
    assert kind.column.table is entity.table
    assert named(fields_of(entity)[name].type).name == kind.name
    assert [field.name for field in kind.fields] == list(kind.row._fields) == list(fields_of(kind))
    first, *others = (named(field.type).name for field in fields_of(kind).values())
    assert (first, set(others)) == ("String", {"JSON"})


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge.source.name}.{edge.name}")
def test_an_edge_is_a_field_of_its_type_that_leads_to_the_declared_type(edge: ToOne[Any] | ToMany[Any]) -> None:
    kind = fields_of(edge.source)[name_of(edge)].type
    target = named(kind)
    if isinstance(edge, ToOne):
        assert target.name == edge.target.name
        # An edge may be missing where the id that it follows may be, or where the target needs a scope of its own.
        (key,) = (field for field in edge.source.fields if field.name == edge.key)
        may_be_missing = nullable(key) or edge.target.scope is not edge.source.scope
        assert isinstance(kind, GraphQLNonNull) is not may_be_missing
    else:
        assert isinstance(kind, GraphQLNonNull)
        is_list = isinstance(cast("Any", kind).of_type, GraphQLList)
        leads_to = target.name if is_list else target.name.removesuffix("Connection")
        assert leads_to == edge.target.name


def test_every_field_that_leads_from_one_entity_to_another_is_a_declared_edge() -> None:
    names = {name for entity in ENTITIES for name in (entity.name, f"{entity.name}Connection")}
    leading = {
        (entity.name, name)
        for entity in ENTITIES
        for name, field in fields_of(entity).items()
        if named(field.type).name in names
    }
    # An edge that is a list has a connection beside it.
    declared = {(edge.source.name, name_of(edge)) for edge in EDGES}
    assert leading == declared | {(source, f"{name}Connection") for source, name in LISTS if source != "Query"}


@pytest.mark.parametrize(("source", "name"), LISTS, ids=".".join)
def test_a_list_that_ends_has_a_connection_beside_it_that_takes_the_same_conditions(source: str, name: str) -> None:
    kind = SCHEMA.type_map[source]
    assert isinstance(kind, GraphQLObjectType)
    listed, connected = kind.fields[name], kind.fields[f"{name}Connection"]
    assert named(connected.type).name == f"{named(listed.type).name}Connection"
    assert connected.args.keys() - PAGE == listed.args.keys() - PAGE


def test_every_connection_is_read_in_both_directions() -> None:
    found = [
        field for kind in OBJECTS for field in kind.fields.values() if named(field.type).name.endswith("Connection")
    ]
    assert len(found) > 15
    assert [field for field in found if not field.args.keys() >= PAGE] == []


@pytest.mark.parametrize(("within", "order"), ORDERS.values(), ids=ORDERS)
def test_an_order_ends_with_a_column_that_is_unique_in_its_list(within: set[str], order: tuple[SortKey, ...]) -> None:
    *_, last = (key.column for key in order)
    unique = [columns for columns in keys_of(last.table) if last.name in columns]
    assert [columns for columns in unique if set(columns) <= within | {last.name}]


@pytest.mark.parametrize(("_within", "order"), ORDERS.values(), ids=ORDERS)
def test_no_column_of_an_order_may_be_unset(_within: set[str], order: tuple[SortKey, ...]) -> None:
    # A null is neither before nor after anything: a cursor could not name its place.
    assert [key.column.name for key in order if key.column.nullable] == []


@pytest.mark.parametrize("edge", TO_MANY, ids=lambda edge: f"{edge.source.name}.{edge.name}")
def test_an_edge_to_many_is_served_by_an_index_in_its_order(edge: ToMany[Any]) -> None:
    table = edge.target.table
    wanted = ["company_id", edge.key.name, *(key.column.name for key in edge.order)]
    indexes = [
        [str(part).split(".")[-1].removesuffix(" DESC") for part in index.expressions] for index in table.indexes
    ]
    assert [columns for columns in [*indexes, *keys_of(table)] if columns[: len(wanted)] == wanted]


def keys_of(table: Any) -> list[list[str]]:
    """The columns of a table's primary key and of each of its unique constraints."""
    unique = [key for key in table.constraints if isinstance(key, UniqueConstraint)]
    return [[column.name for column in constraint.columns] for constraint in (table.primary_key, *unique)]


def test_the_company_s_wall_stands_in_every_statement_over_an_entity() -> None:
    for entity in ENTITIES:
        column = "companies.id" if entity.table is tables.companies else f"{entity.table.name}.company_id"
        assert f"WHERE {column} = :{COMPANY}" in str(entity.select())
