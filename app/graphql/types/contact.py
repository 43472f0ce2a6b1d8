"""The type Contact."""

from collections.abc import Awaitable

import strawberry
from strawberry import UNSET

from app.db import graph
from app.db.rows import ChangeRow, ContactRow, CustomerRow
from app.graphql.connections import Listed, listed_of
from app.graphql.context import Info
from app.graphql.field_arguments import read_edge_page
from app.graphql.permissions import READS
from app.graphql.types.customer_connection import LazyCustomer
from app.graphql.types.history import ChangeConnection
from app.graphql.types.node import Node, keys_of
from app.graphql.types.paging import After, First

Row = strawberry.Parent[ContactRow]


@strawberry.type(description="A contact person of a customer.", directives=keys_of(graph.contact))
class Contact(Node):
    """A contact, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The contact's unique identifier, a UUID.")
    name: str = strawberry.field(description="The contact's name.")
    is_default_for_customer: bool = strawberry.field(
        description="Whether this is the customer's default contact; at most one is."
    )
    email: str | None = strawberry.field(description="The contact's email address.")
    phone: str | None = strawberry.field(description="The contact's phone number.")
    version: int = strawberry.field(description="The number of the contact's latest change, from 1.")

    @strawberry.field(
        description="The customer that it belongs to. Needs customers-read.",
        graphql_type=LazyCustomer,
        extensions=READS,
    )
    @staticmethod
    def customer(contact: Row, info: Info) -> Awaitable[CustomerRow | None]:
        """Load the customer. A foreign key guarantees that it exists."""
        return info.context.loaders.customer().load(contact.customer_id)

    @strawberry.field(
        description="Its changes, the newest first: actor, time and fields. Needs customers-read.",
        graphql_type=ChangeConnection,
        extensions=READS,
    )
    @staticmethod
    async def history(contact: Row, info: Info, first: First = UNSET, after: After = UNSET) -> Listed[ChangeRow]:
        """Load a page of the contact's history."""
        asked = read_edge_page(info.context.principal.company_id, graph.contact_history, first=first, after=after)
        return await listed_of(info.context, graph.contact_history, contact.id, asked)
