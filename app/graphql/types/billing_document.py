"""The types of a billing transition, its billing documents (credit notes and invoices), and their lines."""

from collections.abc import Awaitable
from datetime import date
from decimal import Decimal
from typing import Optional

import strawberry

from app.db import graph
from app.db.rows import (
    BillingDocumentLineRow,
    BillingDocumentRow,
    BillingTransitionRow,
    CustomerRow,
    SubscriptionPeriodRow,
    SubscriptionRow,
)
from app.graphql.context import Info
from app.graphql.field_arguments import read_list
from app.graphql.permissions import READS
from app.graphql.planning.reading import DEFAULT_LIST
from app.graphql.types.customer_connection import LazyCustomer
from app.graphql.types.edge_connection import edge_connection
from app.graphql.types.enums import BillingDocumentKind
from app.graphql.types.node import Node, keys_of
from app.graphql.types.paging import ListFirst
from app.graphql.types.subscription import CustomerSubscription, LazyPeriod, SubscriptionPeriod

BillingDocumentParent = strawberry.Parent[BillingDocumentRow]


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

    @strawberry.field(
        description="The billed subscription, in its current state. Needs customers-read.",
        graphql_type=CustomerSubscription,
        extensions=READS,
    )
    @staticmethod
    def subscription(line: strawberry.Parent[BillingDocumentLineRow], info: Info) -> Awaitable[SubscriptionRow | None]:
        """Load the subscription of the line. A foreign key guarantees that it exists."""
        return info.context.loaders.subscription().load(line.subscription_id)


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

    @strawberry.field(
        description="The customer whose subscriptions are billed. Needs customers-read.",
        graphql_type=LazyCustomer,
        extensions=READS,
    )
    @staticmethod
    def customer(document: BillingDocumentParent, info: Info) -> Awaitable[CustomerRow | None]:
        """Load the customer of the billing document. A foreign key guarantees that it exists."""
        return info.context.loaders.customer().load(document.customer_id)

    @strawberry.field(
        description="The customer that receives it: the payer of the billed days. Needs customers-read.",
        graphql_type=LazyCustomer,
        extensions=READS,
    )
    @staticmethod
    def payer(document: BillingDocumentParent, info: Info) -> Awaitable[CustomerRow | None]:
        """Load the customer that pays. A foreign key guarantees that it exists."""
        return info.context.loaders.customer().load(document.payer_customer_id)

    @strawberry.field(
        description="Its lines, by number. Needs customers-read.",
        graphql_type=list[BillingDocumentLine],
        extensions=READS,
    )
    @staticmethod
    def lines(
        document: BillingDocumentParent, info: Info, first: ListFirst = DEFAULT_LIST
    ) -> Awaitable[list[BillingDocumentLineRow]]:
        """Load the lines of the billing document."""
        return info.context.loaders.lines(read_list(first=first)).load(document.id)

    lines_connection = edge_connection(graph.document_lines, BillingDocumentLine)

    @strawberry.field(
        description="The change that created it; null if something else did. Needs customers-read.",
        graphql_type=Optional["BillingTransition"],
        extensions=READS,
    )
    @staticmethod
    def transition(document: BillingDocumentParent, info: Info) -> Awaitable[BillingTransitionRow | None] | None:
        """Load the transition that created the billing document."""
        transition_id = document.transition_id
        return None if transition_id is None else info.context.loaders.transition().load(transition_id)


@strawberry.type(
    description="A completed change of who pays for subscriptions, or of how they are billed.",
    directives=keys_of(graph.billing_transition),
)
class BillingTransition(Node):
    """A billing transition, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The transition's id, a UUID.")
    effective_on: date = strawberry.field(description="The first day of the new arrangement.")
    actor: str = strawberry.field(description="The subject of the credential that made the change.")

    @strawberry.field(
        description="The customer that was changed. Needs customers-read.", graphql_type=LazyCustomer, extensions=READS
    )
    @staticmethod
    def customer(transition: strawberry.Parent[BillingTransitionRow], info: Info) -> Awaitable[CustomerRow | None]:
        """Load the customer that was updated. A foreign key guarantees that it exists."""
        return info.context.loaders.customer().load(transition.customer_id)

    @strawberry.field(
        description="The billing documents that it created, including those for children that the customer pays for."
        " Needs customers-read.",
        graphql_type=list[BillingDocument],
        extensions=READS,
    )
    @staticmethod
    def documents(
        transition: strawberry.Parent[BillingTransitionRow], info: Info, first: ListFirst = DEFAULT_LIST
    ) -> Awaitable[list[BillingDocumentRow]]:
        """Load the billing documents that the transition created."""
        loader = info.context.loaders.billing_documents(graph.transition_documents, read_list(first=first))
        return loader.load(transition.id)

    documents_connection = edge_connection(graph.transition_documents, BillingDocument)

    @strawberry.field(
        description="The periods that it recorded, including those of children that the customer pays for: the new"
        " period of each subscription, and earlier periods that had not been recorded. Needs customers-read.",
        graphql_type=list[SubscriptionPeriod],
        extensions=READS,
    )
    @staticmethod
    def periods(
        transition: strawberry.Parent[BillingTransitionRow], info: Info, first: ListFirst = DEFAULT_LIST
    ) -> Awaitable[list[SubscriptionPeriodRow]]:
        """Load the periods that the transition recorded."""
        return info.context.loaders.periods(graph.transition_periods, read_list(first=first)).load(transition.id)

    periods_connection = edge_connection(graph.transition_periods, LazyPeriod)
