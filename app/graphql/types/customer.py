"""The type Customer."""

from collections.abc import Awaitable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Optional

import strawberry
from strawberry import UNSET

from app.db import graph
from app.db.rows import CustomerRow, SubscriptionRow
from app.graphql.connections import CustomerList, Listed, listed_of
from app.graphql.context import Info
from app.graphql.field_arguments import PageGiven, read_edge_page, read_list
from app.graphql.permissions import READS
from app.graphql.planning.reading import DEFAULT_LIST
from app.graphql.types.billing_document import BillingDocument
from app.graphql.types.contact import Contact
from app.graphql.types.customer_connection import CustomerConnection
from app.graphql.types.customer_filter import OrderBy, Where
from app.graphql.types.department import Department
from app.graphql.types.edges import beside, edge_connection, edge_list, edge_to_one
from app.graphql.types.enums import (
    BillingRelationship,
    ConsolidationMode,
    CustomerType,
    PaymentTermType,
    SubscriptionStatus,
    VatZone,
)
from app.graphql.types.group import CustomerGroup
from app.graphql.types.history import CHANGES, Change
from app.graphql.types.node import Node, keys_of
from app.graphql.types.paging import After, Before, Connection, FirstOrLast, Last, ListFirst
from app.graphql.types.scalars import Metadata
from app.graphql.types.subscription import CustomerSubscription

Statuses = Annotated[
    list[SubscriptionStatus] | None,
    strawberry.argument(description="Only subscriptions of these statuses, at most 8; an empty list matches nothing."),
]
Row = strawberry.Parent[CustomerRow]


@strawberry.type(description="A customer of the company.", directives=keys_of(graph.customer))
class Customer(Node):
    """A customer, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The customer's id, a UUID.")
    customer_number: str = strawberry.field(description="The customer number, unique in the company.")
    customer_type: CustomerType = strawberry.field(
        description="Whether the customer is a business or a private person."
    )
    name: str = strawberry.field(description="The customer's name.")
    vat_zone: VatZone = strawberry.field(description="How value-added tax applies.")
    customer_group_id: strawberry.ID = strawberry.field(description="The id of its customer group.")
    customer_group_number: str = strawberry.field(
        description="The number of its customer group. Needs customers-read.", extensions=READS
    )
    customer_group_name: str = strawberry.field(
        description="The name of its customer group. Needs customers-read.", extensions=READS
    )
    is_active: bool = strawberry.field(description="Whether the customer is active.")
    billing_relationship: BillingRelationship = strawberry.field(description="Who pays for its subscriptions.")
    include_child_details_pdf: bool = strawberry.field(
        name="includeChildDetailsPdf",
        description="Whether a zip of per-child detail PDFs goes with consolidated invoices."
        " Only relevant for parents in SINGLE_INVOICE mode.",
    )
    email: str | None = strawberry.field(description="The email address.")
    phone: str | None = strawberry.field(description="The phone number.")
    address: str | None = strawberry.field(description="The street address.")
    city: str | None = strawberry.field(description="The city.")
    postal_code: str | None = strawberry.field(description="The postal code.")
    country_code: str = strawberry.field(description="The country, two letters (ISO 3166-1 alpha-2).")
    vat_number: str | None = strawberry.field(description="The VAT registration number.")
    website: str | None = strawberry.field(description="The website's URL.")
    external_system_id: str | None = strawberry.field(
        description="The customer's id in another system, unique in the company if set."
    )
    notes: str | None = strawberry.field(description="Additional notes, at most 10,000 characters.")
    credit_limit: Decimal | None = strawberry.field(description="The credit limit in the company's base currency.")
    opening_balance: Decimal | None = strawberry.field(
        description="The opening balance in the company's base currency. A positive balance is owed by the customer."
    )
    payment_terms: int | None = strawberry.field(description="The payment terms, in days, 0 to 365.")
    payment_term_type: PaymentTermType | None = strawberry.field(
        description="The day from which the payment terms are counted."
    )
    default_currency: str = strawberry.field(description="The currency it is billed in, three letters (ISO 4217).")
    parent_customer_id: strawberry.ID | None = strawberry.field(
        description="The id of its parent; null unless the customer is a child."
    )
    consolidation_mode: ConsolidationMode | None = strawberry.field(
        description="How its children's invoices are combined; null for no mode. A child has none."
    )
    billing_day: int | None = strawberry.field(
        description="The day of the month, 1 to 28, of the consolidated invoice; set if the mode is SINGLE_INVOICE."
    )
    parent_invoice_template_id: strawberry.ID | None = strawberry.field(
        description="The id of the PDF template of the consolidated invoice, a UUID; null for the default template."
    )
    metadata: Metadata = strawberry.field(description="Key-value metadata attached to the customer.")
    version: int = strawberry.field(description="The number of the customer's latest change, from 1.")
    created_at: datetime = strawberry.field(description="When the customer was created.")
    updated_at: datetime = strawberry.field(description="When the customer was last changed.")
    parent = edge_to_one(graph.parent, Optional["Customer"], "The parent; null unless the customer is a child.")

    @strawberry.field(
        description="Its children, by customer number unless `orderBy` is given. Needs customers-read.",
        graphql_type=CustomerConnection,
        extensions=READS,
    )
    @staticmethod
    async def children(
        customer: Row,
        info: Info,
        first: FirstOrLast = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        where: Where = UNSET,
        order_by: OrderBy = UNSET,
    ) -> CustomerList:
        """Load a page of the customer's children."""
        company_id, edge = info.context.principal.company_id, graph.children
        page = PageGiven(first=first, after=after, last=last, before=before)
        asked = read_edge_page(company_id, edge, where=where, order_by=order_by, **page)
        return await listed_of(info.context, edge, customer.id, asked)

    group = edge_to_one(graph.group, CustomerGroup, "Its customer group.")
    contacts = edge_list(
        graph.contacts, Contact, "Its contact persons: the default one first, then by name, ignoring case."
    )
    contacts_connection = edge_connection(graph.contacts, Contact)
    departments = edge_list(
        graph.departments,
        Department,
        "Its departments, inactive ones too: the default one first, then by name, ignoring case.",
    )
    departments_connection = edge_connection(graph.departments, Department)

    @strawberry.field(
        description="Its subscriptions, the oldest first. Needs customers-read.",
        graphql_type=list[CustomerSubscription],
        extensions=READS,
    )
    @staticmethod
    def subscriptions(
        customer: Row, info: Info, status: Statuses = UNSET, first: ListFirst = DEFAULT_LIST
    ) -> Awaitable[list[SubscriptionRow]]:
        """Load the subscriptions, filtered by status."""
        return info.context.loaders.many(graph.subscriptions, read_list(first=first, status=status)).load(customer.id)

    @strawberry.field(
        description=f"{beside('subscriptions')} Needs customers-read.",
        graphql_type=Connection[CustomerSubscription],
        extensions=READS,
    )
    @staticmethod
    async def subscriptions_connection(
        customer: Row,
        info: Info,
        status: Statuses = UNSET,
        first: FirstOrLast = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Listed[SubscriptionRow]:
        """Load a page of the subscriptions, filtered by status."""
        company_id, edge = info.context.principal.company_id, graph.subscriptions
        asked = read_edge_page(company_id, edge, status=status, first=first, after=after, last=last, before=before)
        return await listed_of(info.context, edge, customer.id, asked)

    history = edge_connection(graph.customer_history, Change, CHANGES)
    billing_documents = edge_list(
        graph.customer_documents,
        BillingDocument,
        "The credit notes and invoices for its subscriptions that changes of the payer have created, for all payers,"
        " the newest first.",
    )
    billing_documents_connection = edge_connection(graph.customer_documents, BillingDocument)
