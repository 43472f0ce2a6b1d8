"""The types of a billing transition, its billing documents (credit notes and invoices), and their lines."""

from datetime import date
from decimal import Decimal
from typing import Optional

import strawberry

from app.db import graph
from app.graphql.types.customer_connection import LazyCustomer
from app.graphql.types.edges import edge_connection, edge_list, edge_to_one
from app.graphql.types.enums import BillingDocumentKind
from app.graphql.types.node import Node, keys_of
from app.graphql.types.subscription import CustomerSubscription, LazyPeriod, SubscriptionPeriod


@strawberry.type(description="A line of a billing document: some days of one subscription.")
class BillingDocumentLine:
    """A billing document line, resolved from its row."""

    line_number: int = strawberry.field(description="The line's number in the billing document, from 1.")
    description: str = strawberry.field(description="The text of the line.")
    subscription_id: strawberry.ID = strawberry.field(description="The id of the billed subscription.")
    period_start: date = strawberry.field(description="The first billed day.")
    period_end: date = strawberry.field(description="The day after the last billed day.")
    days: int = strawberry.field(description="Number of billed days.")
    amount: Decimal = strawberry.field(description="The amount without VAT, in major units; always positive.")
    subscription = edge_to_one(
        graph.line_subscription, CustomerSubscription, "The billed subscription, in its current state."
    )


@strawberry.type(
    description="A credit note or an invoice that a change of the payer has created. It never changes.",
    directives=keys_of(graph.billing_document),
)
class BillingDocument(Node):
    """A billing document, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The billing document's id, a UUID.")
    kind: BillingDocumentKind = strawberry.field(description="Whether it is a credit note or an invoice.")
    currency: str = strawberry.field(description="The currency of its amounts, three letters (ISO 4217).")
    total: Decimal = strawberry.field(description="The sum of its lines without VAT, in major units; always positive.")
    issued_on: date = strawberry.field(description="The day on which it was issued, in the company's time zone.")
    customer = edge_to_one(graph.document_customer, LazyCustomer, "The customer whose subscriptions are billed.")
    payer = edge_to_one(
        graph.document_payer, LazyCustomer, "The customer that receives it: the payer of the billed days."
    )
    lines = edge_list(graph.document_lines, BillingDocumentLine, "Its lines, by number.")
    lines_connection = edge_connection(graph.document_lines, BillingDocumentLine)
    transition = edge_to_one(
        graph.document_transition,
        Optional["BillingTransition"],
        "The change that created it; null if something else did.",
    )


@strawberry.type(
    description="A completed change of who pays for subscriptions, or of how they are billed.",
    directives=keys_of(graph.billing_transition),
)
class BillingTransition(Node):
    """A billing transition, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The transition's id, a UUID.")
    effective_on: date = strawberry.field(description="The first day of the new arrangement.")
    actor: str = strawberry.field(description="The subject of the credential that made the change.")
    customer = edge_to_one(graph.transition_customer, LazyCustomer, "The customer that was changed.")
    documents = edge_list(
        graph.transition_documents,
        BillingDocument,
        "The billing documents that it created, including those for children that the customer pays for.",
    )
    documents_connection = edge_connection(graph.transition_documents, BillingDocument)
    periods = edge_list(
        graph.transition_periods,
        SubscriptionPeriod,
        "The periods that it recorded, including those of children that the customer pays for: the new period of each"
        " subscription, and earlier periods that had not been recorded.",
    )
    periods_connection = edge_connection(graph.transition_periods, LazyPeriod)
