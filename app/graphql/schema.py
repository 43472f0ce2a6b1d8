"""The schema, assembled."""

from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLInputObjectType, GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.types import arguments
from strawberry.types.field import StrawberryField

from app.graphql.errors import ERROR_TYPES
from app.graphql.mutations.root import Mutation
from app.graphql.queries import Query
from app.graphql.types.scalars import SCALARS


def _shown(row: Any, name: str) -> object:
    """A plain field's value. GraphQL's ID is a string, so ids become one here, for every type alike."""
    value = getattr(row, name)
    return str(value) if isinstance(value, UUID) else value


def _build() -> strawberry.Schema:
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        types=ERROR_TYPES,
        config=StrawberryConfig(default_resolver=_shown, scalar_map=SCALARS),
    )
    # graphql-core checks @oneOf itself, in variables too and with its own words, once it knows which inputs have it.
    for kind in executable(schema).type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            definition = kind.extensions.get("strawberry-definition")
            kind.is_one_of = definition is not None and definition.is_one_of
    return schema


def executable(schema: strawberry.Schema) -> GraphQLSchema:
    """The schema as graphql-core executes it."""
    return schema._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - Strawberry has no public name for it


def convert_arguments(field: StrawberryField, coerced: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a field as its resolver takes them."""
    registry = schema.schema_converter.scalar_registry
    return arguments.convert_arguments(coerced, field.arguments, scalar_registry=registry, config=schema.config)


def name_of(each: Any) -> str:
    """The name in the schema of an argument, or of a field of an input."""
    return schema.config.name_converter.get_graphql_name(each)


schema = _build()
"""The public contract."""


def sdl() -> str:
    """The contract as schema.graphql holds it."""
    return schema.as_str() + "\n"
