"""The schema, assembled."""

from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLInputObjectType, GraphQLSchema
from strawberry.schema.config import StrawberryConfig

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


schema = _build()
"""The public contract."""


def sdl() -> str:
    """The contract as schema.graphql holds it."""
    return schema.as_str() + "\n"
