"""The type Contact."""

import strawberry

from app.db import graph
from app.graphql.types.customer_connection import LazyCustomer
from app.graphql.types.edges import edge_connection, edge_to_one
from app.graphql.types.history import CHANGES, Change
from app.graphql.types.node import Node, keys_of


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
    customer = edge_to_one(graph.contact_customer, LazyCustomer, "The customer that it belongs to.")
    history = edge_connection(graph.contact_history, Change, CHANGES)
