"""The fields that lead from a row to others, made from the declarations of edges."""

from collections.abc import Awaitable
from typing import Any

import strawberry
from strawberry import UNSET

from app.db.declarations import ToMany, ToOne
from app.domain.fields import schema_name
from app.graphql.connections import Listed, listed_of
from app.graphql.context import Info
from app.graphql.field_arguments import read_edge_page, read_list
from app.graphql.permissions import Requires
from app.graphql.planning.reading import DEFAULT_LIST
from app.graphql.types.paging import After, Before, Connection, FirstOrLast, Last, ListFirst


def edge_to_one(edge: ToOne[Any], node: Any, description: str) -> Any:
    """Return the field that shows the row of an edge as a type; null if its key is null."""

    def resolve(row: strawberry.Parent[Any], info: Info) -> Awaitable[Any] | None:
        key = getattr(row, edge.key)
        return None if key is None else info.context.loaders.one(edge.target).load(key)

    return _field(resolve, edge, node, description)


def edge_list(edge: ToMany[Any], node: Any, description: str) -> Any:
    """Return the field that shows the first rows of an edge as a list of a type."""

    def resolve(row: strawberry.Parent[Any], info: Info, first: ListFirst = DEFAULT_LIST) -> Awaitable[list[Any]]:
        return info.context.loaders.many(edge, read_list(first=first)).load(row.id)

    return _field(resolve, edge, list[node], description)


def edge_connection(edge: ToMany[Any], node: Any, description: str | None = None) -> Any:
    """Return the field that shows an edge as a connection of a type.

    Beside the list of the same edge, its name is the list's and `_connection`, and it needs no description.
    """

    async def resolve(
        row: strawberry.Parent[Any],
        info: Info,
        first: FirstOrLast = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Listed[Any]:
        company_id = info.context.principal.company_id
        asked = read_edge_page(company_id, edge, first=first, after=after, last=last, before=before)
        return await listed_of(info.context, edge, row.id, asked)

    return _field(resolve, edge, Connection[node], description or beside(schema_name(edge.name)))


def beside(name: str) -> str:
    """Return the description of a connection that shows the same rows as a list."""
    return f"The rows of `{name}` in pages, for lists of any length."


def _field(resolve: Any, edge: ToOne[Any] | ToMany[Any], shown: Any, description: str) -> Any:
    return strawberry.field(
        resolver=resolve,
        description=f"{description} Needs {edge.target.scope}.",
        graphql_type=shown,
        extensions=[Requires(edge.target.scope)],
    )
