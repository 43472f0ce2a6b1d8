"""The graph is declared once: rows, columns and types of the schema agree, and every edge can be paged."""

from typing import Any, get_args, get_type_hints

import pytest
from graphql import GraphQLEnumType, GraphQLList, GraphQLNamedType, GraphQLNonNull, GraphQLObjectType, get_named_type
from sqlalchemy import Column, ScalarSelect, Table, UniqueConstraint
from strawberry.types import get_object_definition
from strawberry.types.field import StrawberryField

from app.db import customers, graph, rows, tables
from app.db.customers import CustomerSort
from app.db.database import COMPANY
from app.db.graph import Entity, Field, Render, SortKey, ToMany, ToOne
from app.graphql.schema import executable, schema
from app.graphql.types.contact import Contact
from app.graphql.types.customer import Customer
from app.graphql.types.department import Department
from app.graphql.types.group import CustomerGroup
from app.graphql.types.subscription import CustomerSubscription
from app.graphql.types.viewer import Company

SCHEMA = executable(schema)
ENTITIES: list[Entity[Any]] = [value for value in vars(graph).values() if isinstance(value, Entity)]
EDGES: list[ToOne[Any] | ToMany[Any]] = [value for value in vars(graph).values() if isinstance(value, ToOne | ToMany)]
ORDERS: dict[str, tuple[SortKey, ...]] = {
    **{f"{edge.source.name}.{edge.name}": edge.order for edge in EDGES if isinstance(edge, ToMany)},
    **{sort: customers.order_by((sort, False)) for sort in CustomerSort},
}
TYPES = {kind.__name__: kind for kind in (Company, Contact, Customer, CustomerGroup, CustomerSubscription, Department)}
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
COLUMNS: list[tuple[Entity[Any], Field]] = [(entity, field) for entity in ENTITIES for field in entity.fields]


def shown(entity: Entity[Any]) -> dict[str, StrawberryField]:
    """The plain fields of an entity's type in the schema, by the attribute that they show."""
    fields: list[Any] = list(get_object_definition(TYPES[entity.name], strict=True).fields)
    return {field.python_name: field for field in fields if field.base_resolver is None}


def kind_of(entity: Entity[Any], attribute: str) -> Any:
    """The type of a plain field as it is in the schema."""
    name = schema.config.name_converter.get_graphql_name(shown(entity)[attribute])
    return fields_of(entity)[name].type


def fields_of(entity: Entity[Any]) -> dict[str, Any]:
    """The fields of an entity's type as graphql-core, which is not wholly typed, holds them."""
    kind = SCHEMA.type_map[entity.name]
    assert isinstance(kind, GraphQLObjectType)
    return kind.fields


def nullable(field: Field) -> bool:
    """Whether a plain field's column may be unset; one that is looked up by a foreign key is as its own column."""
    expression: Any = field.expression
    if isinstance(expression, ScalarSelect):
        (expression,) = expression.element.selected_columns
    assert isinstance(expression, Column)
    return bool(expression.nullable)


def test_every_type_with_plain_fields_is_an_entity() -> None:
    assert {entity.name for entity in ENTITIES} == set(TYPES)
    assert {entity.row.__name__ for entity in ENTITIES} == {name for name in vars(rows) if name.endswith("Row")}


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_a_type_its_row_and_its_entity_have_the_same_plain_fields_in_the_same_order(entity: Entity[Any]) -> None:
    declared = [field.name for field in entity.fields]
    assert list(shown(entity)) == list(entity.row._fields) == declared


@pytest.mark.parametrize(("entity", "field"), COLUMNS, ids=lambda each: each.name)
def test_a_field_may_be_null_where_its_column_and_its_row_s_attribute_may_be(entity: Entity[Any], field: Field) -> None:
    in_schema = not isinstance(kind_of(entity, field.name), GraphQLNonNull)
    on_row = type(None) in get_args(get_type_hints(entity.row)[field.name])
    assert in_schema == on_row == nullable(field)


@pytest.mark.parametrize(("entity", "field"), COLUMNS, ids=lambda each: each.name)
def test_a_field_is_rendered_as_its_type_says(entity: Entity[Any], field: Field) -> None:
    kind = get_named_type(kind_of(entity, field.name))
    if isinstance(kind, GraphQLEnumType):
        assert field.render is Render.TEXT
        # Stored as it is shown: no value needs a translation on its way out.
        assert all(name == value.value for name, value in kind.values.items())
    else:
        assert kind.name == RENDERED[field.render]


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge.source.name}.{edge.name}")
def test_an_edge_is_a_field_of_its_type_that_leads_to_the_declared_type(edge: ToOne[Any] | ToMany[Any]) -> None:
    field = fields_of(edge.source)[edge.name]
    target: GraphQLNamedType = get_named_type(field.type)
    if isinstance(edge, ToOne):
        assert target.name == edge.target.name
        # An edge may be missing where the id that it follows may be.
        (key,) = (each for each in edge.source.fields if each.name == edge.key)
        assert isinstance(field.type, GraphQLNonNull) is not nullable(key)
    else:
        assert isinstance(field.type, GraphQLNonNull)
        leads_to = (
            target.name if isinstance(field.type.of_type, GraphQLList) else target.name.removesuffix("Connection")
        )
        assert leads_to == edge.target.name


def test_every_field_that_leads_from_one_entity_to_another_is_a_declared_edge() -> None:
    names = {entity.name for entity in ENTITIES} | {"CustomerConnection"}
    leading = {
        (entity.name, name)
        for entity in ENTITIES
        for name, field in fields_of(entity).items()
        if get_named_type(field.type).name in names
    }
    assert leading == {(edge.source.name, edge.name) for edge in EDGES}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_an_order_ends_with_a_column_that_is_unique_in_the_company(order: tuple[SortKey, ...]) -> None:
    *_, last = (key.column for key in order)
    assert isinstance(last.table, Table)
    unique = [
        {column.name for column in constraint.columns}
        for constraint in (
            last.table.primary_key,
            *(each for each in last.table.constraints if isinstance(each, UniqueConstraint)),
        )
    ]
    assert {"company_id", last.name} in unique


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_no_column_of_an_order_may_be_unset(order: tuple[SortKey, ...]) -> None:
    # A null is neither before nor after anything: a cursor could not name its place.
    assert [key.column.name for key in order if key.column.nullable] == []


@pytest.mark.parametrize("edge", [edge for edge in EDGES if isinstance(edge, ToMany)], ids=lambda edge: edge.name)
def test_an_edge_to_many_is_served_by_an_index_in_its_order(edge: ToMany[Any]) -> None:
    wanted = ["company_id", edge.key.name, *(key.column.name for key in edge.order)]
    indexes = [
        [str(part).split(".")[-1].removesuffix(" DESC") for part in index.expressions]
        for index in edge.target.table.indexes
    ]
    assert wanted in indexes


def test_the_company_s_wall_stands_in_every_statement_over_an_entity() -> None:
    for entity in ENTITIES:
        column = "companies.id" if entity.table is tables.companies else f"{entity.table.name}.company_id"
        assert f"WHERE {column} = :{COMPANY}" in str(entity.select())
