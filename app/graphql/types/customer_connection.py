"""The connection of customers, and references to Customer for types that Customer imports."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from app.graphql.types.paging import CURSOR, PAGE_INFO, TOTAL_COUNT, PageInfo, edges, nodes, page_info, total_count

if TYPE_CHECKING:
    from app.graphql.types.customer import Customer

LazyCustomer = Annotated["Customer", strawberry.lazy("app.graphql.types.customer")]


@strawberry.type(description="A customer in a list, with its cursor.")
class CustomerEdge:
    """An edge of a connection: a customer and its cursor."""

    cursor: str = strawberry.field(description=CURSOR)
    node: LazyCustomer = strawberry.field(description="The customer.")


@strawberry.type(description="A page of a list of customers.")
class CustomerConnection:
    """A page of customers, in the shape of Relay's specification."""

    nodes: list[LazyCustomer] = strawberry.field(resolver=nodes, description="The customers of the page.")
    edges: list[CustomerEdge] = strawberry.field(
        resolver=edges, description="The customers of the page, each with its cursor."
    )
    page_info: PageInfo = strawberry.field(resolver=page_info, description=PAGE_INFO)
    total_count: int = strawberry.field(resolver=total_count, description=TOTAL_COUNT)
