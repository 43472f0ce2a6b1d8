"""The field of a connection that leads from a row to many others."""

from typing import Any

import strawberry
from strawberry import UNSET

from app.db.declarations import ToMany
from app.domain.fields import schema_name
from app.graphql.connections import Listed, listed_of
from app.graphql.context import Info
from app.graphql.field_arguments import read_edge_page
from app.graphql.permissions import READS
from app.graphql.types.paging import After, Before, Connection, FirstOrLast, Last


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

    return strawberry.field(
        resolver=resolve,
        description=f"{description or beside(schema_name(edge.name))} Needs {edge.target.scope}.",
        graphql_type=Connection[node],
        extensions=READS,
    )


def beside(name: str) -> str:
    """Return the description of a connection that shows the same rows as a list."""
    return f"The rows of `{name}` in pages, for lists of any length."
