"""The type Contact."""

from collections.abc import Awaitable

import strawberry

from app.db import graph
from app.db.rows import ContactRow, CustomerRow
from app.graphql.context import Info
from app.graphql.permissions import READS
from app.graphql.types.customer_connection import LazyCustomer
from app.graphql.types.edge_connection import edge_connection
from app.graphql.types.history import CHANGES, Change
from app.graphql.types.node import Node, keys_of

Row = strawberry.Parent[ContactRow]


@strawberry.type(description="A contact person of a customer.", directives=keys_of(graph.contact))
class Contact(Node):
    """A contact, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The contact's id, a UUID.")
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

    history = edge_connection(graph.contact_history, Change, CHANGES)
