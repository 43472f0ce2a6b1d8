"""Build the schema from its types, and replace Strawberry's resolvers and conversions by faster ones."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)
from strawberry import federation
from strawberry.schema.config import StrawberryConfig

from app.db import graph
from app.graphql.context import Context
from app.graphql.errors import ERROR_TYPES, type_of_problem
from app.graphql.federation import FEDERATION_SCALARS, FEDERATION_VERSION, describe
from app.graphql.input_problems import set_readers
from app.graphql.introduction import INTRODUCTION
from app.graphql.maxima import set_maxima
from app.graphql.mutations.root import Mutation
from app.graphql.planning.compiled_arguments import Inputs
from app.graphql.queries import Query
from app.graphql.strawberry_seam import attribute_of, executable, is_one_of, set_builder, shows_attribute
from app.graphql.subscriptions import Subscription
from app.graphql.types.entity import printed
from app.graphql.types.scalars import EXPECTED, SCALARS


def _plain(name: str) -> Callable[[Any, object], object]:
    """Return the resolver of a plain field. GraphQL's ID is a string, so it converts UUIDs to strings."""

    def resolve(row: Any, _info: object) -> object:
        value = getattr(row, name)
        return str(value) if isinstance(value, UUID) else value

    return resolve


def _problems(name: str) -> Callable[[Any, Any], object]:
    """Return the resolver of the problems of a payload or row, which limits their number for each operation."""

    def resolve(row: Any, info: Any) -> object:
        is_of_row = info.path.prev is not None and isinstance(info.path.prev.key, int)
        context: Context = info.context
        return (context.row_problems if is_of_row else context.problems).of(getattr(row, name))

    return resolve


_TYPES: dict[type[Any], str] = {entity.row: entity.name for entity in graph.NODES}
"""The name of the type that shows a row, by the row's class."""


def _type_of(row: object, _info: object, _abstract: object) -> str:
    return _TYPES[type(row)]


def build(query: type, mutation: type | None = None, subscription: type | None = None) -> strawberry.Schema:
    """Return a schema whose resolvers return rows instead of instances of its types."""
    schema = federation.Schema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=ERROR_TYPES,
        config=StrawberryConfig(scalar_map=SCALARS),
        scalar_overrides=FEDERATION_SCALARS,
        federation_version=FEDERATION_VERSION,
    )
    _resolve_rows(executable(schema))
    _compile_inputs(executable(schema))
    set_maxima(executable(schema))
    set_readers(executable(schema))
    for name, expected in EXPECTED.items():
        if name in executable(schema).type_map:
            executable(schema).type_map[name].extensions["expected"] = expected
    describe(executable(schema))
    executable(schema).description = INTRODUCTION
    executable(schema).type_map["_Service"].extensions["shows_schema"] = True
    # The engine doesn't coerce its values: lists have thousands.
    executable(schema).type_map["_Any"].extensions["takes_anything"] = True
    # graphql-core checks @oneOf, in variables too, if it knows which inputs have it.
    for kind in executable(schema).type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            kind.is_one_of = is_one_of(kind)
    return schema


def _resolve_rows(schema: GraphQLSchema) -> None:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            if {possible.name for possible in schema.get_possible_types(kind)} <= {*_TYPES.values()}:
                kind.resolve_type = _type_of
            elif kind.name == "UserError":
                kind.resolve_type = type_of_problem
        elif isinstance(kind, GraphQLObjectType):
            if kind.name in _TYPES.values():
                # Strawberry's check requires instances of its types, and would run for every row.
                kind.is_type_of = None
            for field in kind.fields.values():
                if shows_attribute(field):
                    # Strawberry's resolver of an attribute takes several calls, and most fields are attributes.
                    named = cast("object", get_named_type(field.type))
                    lists_problems = named is schema.type_map.get("UserError")
                    field.resolve = (_problems if lists_problems else _plain)(attribute_of(field))


def _compile_inputs(schema: GraphQLSchema) -> None:
    """Build inputs with compiled conversions; planning/compiled_arguments.py says what that saves."""
    inputs = Inputs()
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            set_builder(kind, inputs.build)


schema = build(Query, Mutation, Subscription)
"""The schema that the service serves."""


def sdl() -> str:
    """Return the text of schema.graphql."""
    return printed(schema) + "\n"
