"""Rows of the demo data: a class per table, with the written columns as fields."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.subscriptions import BillingDirection, SubscriptionStatus


class Company(NamedTuple):
    """A row of `companies`."""

    id: UUID
    name: str
    base_currency: str
    time_zone: str
    created_at: datetime


class LedgerAccount(NamedTuple):
    """A row of `ledger_accounts`."""

    company_id: UUID
    id: UUID
    number: str
    name: str


class CustomerGroup(NamedTuple):
    """A row of `customer_groups`; its metadata is JSON text."""

    company_id: UUID
    id: UUID
    number: str
    name: str
    discount: Decimal
    account_id: UUID
    metadata: str
    created_at: datetime
    updated_at: datetime


class Customer(NamedTuple):
    """A row of `customers`; its metadata is JSON text."""

    company_id: UUID
    id: UUID
    customer_number: str
    name: str
    vat_zone: VatZone
    customer_group_id: UUID
    country_code: str
    default_currency: str
    created_at: datetime
    updated_at: datetime
    customer_type: CustomerType = CustomerType.BUSINESS
    is_active: bool = True
    billing_relationship: BillingRelationship = BillingRelationship.SELF
    include_child_details_pdf: bool = False
    email: str | None = None
    phone: str | None = None
    address: str | None = None
    city: str | None = None
    postal_code: str | None = None
    vat_number: str | None = None
    website: str | None = None
    external_system_id: str | None = None
    notes: str | None = None
    credit_limit: Decimal | None = None
    opening_balance: Decimal | None = None
    payment_terms: int | None = None
    payment_term_type: PaymentTermType | None = None
    parent_customer_id: UUID | None = None
    consolidation_mode: ConsolidationMode | None = None
    billing_day: int | None = None
    parent_invoice_template_id: UUID | None = None
    metadata: str = "{}"


class Contact(NamedTuple):
    """A row of `contacts`."""

    company_id: UUID
    id: UUID
    customer_id: UUID
    name: str
    is_default_for_customer: bool
    email: str | None
    phone: str | None
    created_at: datetime
    updated_at: datetime


class Department(NamedTuple):
    """A row of `departments`."""

    company_id: UUID
    id: UUID
    customer_id: UUID
    name: str
    is_default: bool
    is_active: bool
    po_number: str | None
    ean_number: str | None
    address: str | None
    city: str | None
    postal_code: str | None
    country_code: str | None
    created_at: datetime
    updated_at: datetime


class Subscription(NamedTuple):
    """A row of `subscriptions`."""

    company_id: UUID
    id: UUID
    customer_id: UUID
    name: str
    status: SubscriptionStatus
    billing_direction: BillingDirection
    currency: str
    net_amount: Decimal
    interval_months: int
    anchor_day: int
    started_on: date
    ends_on: date | None
    trial_ends_on: date | None
    current_period_start: date
    current_period_end: date
    next_billing_date: date | None
    created_at: datetime
    updated_at: datetime


class SubscriptionPeriod(NamedTuple):
    """A row of `subscription_periods`."""

    company_id: UUID
    id: UUID
    subscription_id: UUID
    sequence: int
    payer_customer_id: UUID
    starts_on: date
    ends_on: date
    net_amount: Decimal
    billed_amount: Decimal
    credited_amount: Decimal
    billed_on: date | None
    created_at: datetime


@dataclass(slots=True)
class Batch:
    """Rows that are written together. Each field is named after its table, in an order that satisfies foreign keys."""

    companies: list[Company] = field(default_factory=list[Company])
    ledger_accounts: list[LedgerAccount] = field(default_factory=list[LedgerAccount])
    customer_groups: list[CustomerGroup] = field(default_factory=list[CustomerGroup])
    customers: list[Customer] = field(default_factory=list[Customer])
    contacts: list[Contact] = field(default_factory=list[Contact])
    departments: list[Department] = field(default_factory=list[Department])
    subscriptions: list[Subscription] = field(default_factory=list[Subscription])
    subscription_periods: list[SubscriptionPeriod] = field(default_factory=list[SubscriptionPeriod])
