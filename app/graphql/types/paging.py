"""Pages of customers as Relay connections, and the arguments that choose a page."""

from typing import TYPE_CHECKING, Annotated, NamedTuple

import strawberry

from app.db.rows import CustomerRow
from app.graphql.connections import CustomerList, has_other_side

if TYPE_CHECKING:
    from app.graphql.types.customer import Customer

First = Annotated[
    int | None,
    strawberry.argument(
        description="At most this many rows from the start: 0 to 500, 50 unless `first` or `last` is given."
    ),
]
Last = Annotated[int | None, strawberry.argument(description="At most this many rows from the end: 0 to 500.")]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Only rows after the one with this cursor, which must come from the same sort order and filter."
        " Others are refused with INVALID_CURSOR."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(
        description="Only rows before the one with this cursor, which must come from the same sort order and filter."
        " Others are refused with INVALID_CURSOR."
    ),
]
ListFirst = Annotated[int, strawberry.argument(description="At most this many rows: 0 to 500.")]

LazyCustomer = Annotated["Customer", strawberry.lazy("app.graphql.types.customer")]


@strawberry.type(description="Where a page is in its list.")
class PageInfo:
    """What a page says of its surroundings."""

    @strawberry.field(description="Whether more rows follow the page.")
    @staticmethod
    async def has_next_page(listed: strawberry.Parent[CustomerList]) -> bool:
        """Known from the page where it was read forward."""
        return await has_other_side(listed) if listed.request.backward else listed.page.has_more

    @strawberry.field(description="Whether rows lie before the page.")
    @staticmethod
    async def has_previous_page(listed: strawberry.Parent[CustomerList]) -> bool:
        """Known from the page where it was read backward."""
        return listed.page.has_more if listed.request.backward else await has_other_side(listed)

    @strawberry.field(description="The cursor of the page's first row; null for an empty page.")
    @staticmethod
    def start_cursor(listed: strawberry.Parent[CustomerList]) -> str | None:
        """Cursors are made only where they are asked for."""
        return listed.cursors.encode(listed.page.positions[0]) if listed.page.positions else None

    @strawberry.field(description="The cursor of the page's last row; null for an empty page.")
    @staticmethod
    def end_cursor(listed: strawberry.Parent[CustomerList]) -> str | None:
        """Cursors are made only where they are asked for."""
        return listed.cursors.encode(listed.page.positions[-1]) if listed.page.positions else None


class EdgeRow(NamedTuple):
    """What an edge shows."""

    cursor: str
    node: CustomerRow


@strawberry.type(description="A customer in a list, with its place in it.")
class CustomerEdge:
    """A row and its cursor."""

    cursor: str = strawberry.field(description="The row's place, for `after` and `before`.")
    node: LazyCustomer = strawberry.field(description="The customer.")


@strawberry.type(description="A page of a list of customers.")
class CustomerConnection:
    """A page as Relay's clients expect it."""

    @strawberry.field(description="The customers of the page.", graphql_type=list[LazyCustomer])
    @staticmethod
    def nodes(listed: strawberry.Parent[CustomerList]) -> list[CustomerRow]:
        """The rows themselves."""
        return listed.page.rows

    @strawberry.field(description="The customers of the page, each with its cursor.", graphql_type=list[CustomerEdge])
    @staticmethod
    def edges(listed: strawberry.Parent[CustomerList]) -> list[EdgeRow]:
        """Rows and cursors."""
        encode = listed.cursors.encode
        return [
            EdgeRow(encode(position), row)
            for position, row in zip(listed.page.positions, listed.page.rows, strict=True)
        ]

    @strawberry.field(description="Where the page is in its list.", graphql_type=PageInfo)
    @staticmethod
    def page_info(listed: strawberry.Parent[CustomerList]) -> CustomerList:
        """Shown from the page itself."""
        return listed

    @strawberry.field(description="How many customers the whole list holds; counted only when it is asked for.")
    @staticmethod
    async def total_count(listed: strawberry.Parent[CustomerList]) -> int:
        """A statement of its own."""
        return await listed.count()
