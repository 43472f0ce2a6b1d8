"""The type Department."""

import strawberry

from app.db import graph
from app.graphql.types.customer_connection import LazyCustomer
from app.graphql.types.edges import edge_connection, edge_to_one
from app.graphql.types.history import CHANGES, Change
from app.graphql.types.node import Node, keys_of


@strawberry.type(
    description="A sub-unit of a customer with its own address, EAN and purchase order number,"
    " used to route invoices within larger organizations.",
    directives=keys_of(graph.department),
)
class Department(Node):
    """A department, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The department's id, a UUID.")
    name: str = strawberry.field(description="The department's name.")
    is_default: bool = strawberry.field(
        description="Whether this is the customer's default department; at most one is."
    )
    is_active: bool = strawberry.field(description="Whether the department is in use.")
    po_number: str | None = strawberry.field(description="The purchase order number for its invoices.")
    ean_number: str | None = strawberry.field(
        description="The EAN for electronic invoicing: 13 digits, the last a check digit."
    )
    address: str | None = strawberry.field(description="The street address.")
    city: str | None = strawberry.field(description="The city.")
    postal_code: str | None = strawberry.field(description="The postal code.")
    country_code: str | None = strawberry.field(description="The country, two letters (ISO 3166-1 alpha-2).")
    version: int = strawberry.field(description="The number of the department's latest change, from 1.")
    customer = edge_to_one(graph.department_customer, LazyCustomer, "The customer that it belongs to.")
    history = edge_connection(graph.department_history, Change, CHANGES)
