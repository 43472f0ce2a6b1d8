"""Types, resolvers and arguments that all connections share."""

from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import strawberry
from strawberry.federation.schema_directives import Shareable

from app.db.paging import Position
from app.graphql.connections import Listed, has_other_side
from app.graphql.cursors import Cursors
from app.graphql.planning.reading import DEFAULT_COUNT, read_count

FirstOrLast = Annotated[
    int | None,
    strawberry.argument(description="Page size from the start, 0 to 500. Default: 50 if `last` is not given."),
]
Last = Annotated[int | None, strawberry.argument(description="Page size from the end, 0 to 500.")]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Only rows after this cursor, which must come from the same sort order and filter. Others are"
        " rejected with INVALID_CURSOR. A connection of an object also takes cursors of the same connection of another"
        " object."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(
        description="Only rows before this cursor, which must come from the same sort order and filter. Others are"
        " rejected with INVALID_CURSOR. A connection of an object also takes cursors of the same connection of another"
        " object."
    ),
]
AtMost = Annotated[
    int,
    strawberry.argument(
        description="The number at which counting stops, 1 to 1,000,000. The time is proportional to the counted"
        " rows: a few milliseconds for 10,000, up to half a second for a million."
    ),
]
ListFirst = Annotated[
    int, strawberry.argument(description="Maximum number of rows, 0 to 500. A connection beside the list shows more.")
]


@strawberry.type(description="The position of a page in its list.", directives=[Shareable()])
class PageInfo:
    """Whether rows come before and after a page, and its first and last cursor."""

    @strawberry.field(description="Whether more rows follow the page.")
    @staticmethod
    async def has_next_page(listed: strawberry.Parent[Listed[Any]]) -> bool:
        """Return whether rows follow. A page that was read forward knows it."""
        return await has_other_side(listed) if listed.asked.request.backward else listed.page.has_more

    @strawberry.field(description="Whether rows precede the page.")
    @staticmethod
    async def has_previous_page(listed: strawberry.Parent[Listed[Any]]) -> bool:
        """Return whether rows come before. A page that was read backward knows it."""
        return listed.page.has_more if listed.asked.request.backward else await has_other_side(listed)

    @strawberry.field(description="The cursor of the page's first row; null for an empty page.")
    @staticmethod
    def start_cursor(listed: strawberry.Parent[Listed[Any]]) -> str | None:
        """Return the cursor, which is built only if selected."""
        return listed.asked.cursors.encode(listed.page.positions[0]) if listed.page.positions else None

    @strawberry.field(description="The cursor of the page's last row; null for an empty page.")
    @staticmethod
    def end_cursor(listed: strawberry.Parent[Listed[Any]]) -> str | None:
        """Return the cursor, which is built only if selected."""
        return listed.asked.cursors.encode(listed.page.positions[-1]) if listed.page.positions else None


class EdgeRow(NamedTuple):
    """A row and its cursor, which is built only if selected."""

    node: Any
    position: Position
    cursors: Cursors

    @property
    def cursor(self) -> str:
        """Build the cursor."""
        return self.cursors.encode(self.position)


# Resolvers of all connections. Each connection is a separate type, because its rows have different types.
def nodes(listed: strawberry.Parent[Listed[Any]]) -> list[Any]:
    """Return the rows of the page."""
    return listed.page.rows


def edges(listed: strawberry.Parent[Listed[Any]]) -> list[Any]:
    """Return the rows with their cursors."""
    cursors = listed.asked.cursors
    return [
        EdgeRow(row, position, cursors) for position, row in zip(listed.page.positions, listed.page.rows, strict=True)
    ]


def page_info(listed: strawberry.Parent[Listed[Any]]) -> Any:
    """Return the page."""
    return listed


async def total_count(listed: strawberry.Parent[Listed[Any]], at_most: AtMost = DEFAULT_COUNT) -> int:
    """Count the rows of the whole list."""
    return await listed.count(read_count(at_most).at_most)


NodeT = TypeVar("NodeT")


@strawberry.type(description="A row of a list, with its cursor.")
class Edge(Generic[NodeT]):
    """An edge of a connection: a row and its cursor."""

    cursor: str = strawberry.field(description="The row's cursor: the position to continue from.")
    node: NodeT = strawberry.field(description="The row.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeT]):
    """A page of rows, in the shape of Relay's specification. `Connection[Company]` is the type CompanyConnection."""

    nodes: list[NodeT] = strawberry.field(resolver=nodes, description="The rows of the page.")
    edges: list[Edge[NodeT]] = strawberry.field(resolver=edges, description="The rows of the page, with their cursors.")
    page_info: PageInfo = strawberry.field(resolver=page_info, description="The position of the page in its list.")
    total_count: int = strawberry.field(
        resolver=total_count,
        description="Number of rows in the whole list, counted up to `atMost`: if it equals `atMost`, there may be"
        " more. Counted only if selected.",
    )
