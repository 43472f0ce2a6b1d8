"""The types that plain Strawberry shows rows as, with a resolver for each edge."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NewType

import strawberry

from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from bench.peers.python.reading import Page, Reader, Record, cursor_of

if TYPE_CHECKING:
    Metadata = Mapping[str, Any]
else:
    # A name for the scalar: a type checker sees what its values are instead.
    Metadata = NewType("Metadata", object)

for _enumeration in (CustomerType, VatZone, BillingRelationship, PaymentTermType, ConsolidationMode):
    strawberry.enum(_enumeration)

Row = strawberry.Parent[Record]
Info = strawberry.Info[Reader, None]


@strawberry.type
class Company:
    """A company."""

    id: strawberry.ID
    name: str


@strawberry.type
class Viewer:
    """Who is asking."""

    @strawberry.field(graphql_type=Company | None)
    @staticmethod
    async def company(info: Info) -> Record | None:
        """The company of the credential."""
        return await info.context.company()


@strawberry.type
class CustomerGroup:
    """A group of customers."""

    id: strawberry.ID
    number: str
    name: str
    discount: Decimal


@strawberry.type
class Contact:
    """A contact person."""

    id: strawberry.ID
    name: str
    is_default_for_customer: bool
    email: str | None
    phone: str | None


@strawberry.type
class Department:
    """A sub-unit of a customer."""

    id: strawberry.ID
    name: str
    is_default: bool
    ean_number: str | None


@strawberry.type
class Customer:
    """A customer."""

    id: strawberry.ID
    customer_number: str
    customer_type: CustomerType
    name: str
    vat_zone: VatZone
    customer_group_id: strawberry.ID
    customer_group_number: str
    customer_group_name: str
    is_active: bool
    billing_relationship: BillingRelationship
    include_child_details_pdf: bool = strawberry.field(name="includeChildDetailsPdf")
    email: str | None
    phone: str | None
    address: str | None
    city: str | None
    postal_code: str | None
    country_code: str
    vat_number: str | None
    website: str | None
    external_system_id: str | None
    notes: str | None
    credit_limit: Decimal | None
    opening_balance: Decimal | None
    payment_terms: int | None
    payment_term_type: PaymentTermType | None
    default_currency: str
    parent_customer_id: strawberry.ID | None
    consolidation_mode: ConsolidationMode | None
    billing_day: int | None
    parent_invoice_template_id: strawberry.ID | None
    metadata: Metadata
    version: int
    created_at: datetime
    updated_at: datetime

    @strawberry.field(graphql_type=CustomerGroup)
    @staticmethod
    async def group(customer: Row, info: Info) -> Record | None:
        """Its group."""
        return await info.context.group.load(customer.customer_group_id)

    @strawberry.field(graphql_type="Customer | None")
    @staticmethod
    async def parent(customer: Row, info: Info) -> Record | None:
        """Its parent."""
        parent_id = customer.parent_customer_id
        return None if parent_id is None else await info.context.customer.load(parent_id)

    @strawberry.field(graphql_type=list[Contact])
    @staticmethod
    async def contacts(customer: Row, info: Info) -> list[Record]:
        """Its contact persons."""
        return await info.context.contacts.load(customer.id)

    @strawberry.field(graphql_type=list[Department])
    @staticmethod
    async def departments(customer: Row, info: Info) -> list[Record]:
        """Its departments."""
        return await info.context.departments.load(customer.id)

    @strawberry.field(graphql_type="CustomerConnection")
    @staticmethod
    async def children(customer: Row, info: Info, first: int = 50) -> Page:
        """Its children."""
        rows = await info.context.children(first).load(customer.id)
        return Page(rows[:first], len(rows) > first)


@strawberry.type
class PageInfo:
    """Where a page is in its list."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class CustomerEdge:
    """A customer of a page, with its place."""

    cursor: str
    node: Customer


@strawberry.type
class CustomerConnection:
    """A page of customers."""

    @strawberry.field(graphql_type=list[Customer])
    @staticmethod
    def nodes(page: strawberry.Parent[Page]) -> list[Record]:
        """The customers."""
        return page.rows

    @strawberry.field(graphql_type=list[CustomerEdge])
    @staticmethod
    def edges(page: strawberry.Parent[Page]) -> list[dict[str, Any]]:
        """The customers with their places."""
        return [{"cursor": cursor_of(row), "node": row} for row in page.rows]

    @strawberry.field
    @staticmethod
    def page_info(page: strawberry.Parent[Page]) -> PageInfo:
        """Where the page is."""
        return PageInfo(has_next_page=page.has_more, end_cursor=page.end_cursor)
