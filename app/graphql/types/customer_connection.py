"""The connection of customers, and references to Customer for types that Customer imports."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from app.graphql.types.paging import Connection

if TYPE_CHECKING:
    from app.graphql.types.customer import Customer

LazyCustomer = Annotated["Customer", strawberry.lazy("app.graphql.types.customer")]
CustomerConnection = Connection[LazyCustomer]
