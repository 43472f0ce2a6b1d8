"""Immutable row types, one per entity, with attributes in the order in which they are read."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from app.db.stored_json import JsonText

MetadataMap = Mapping[str, str | int | float | bool]
_NOT_STORED = UUID(int=0)


class CompanyRow(NamedTuple):
    """A company, which is a tenant."""

    id: UUID
    name: str
    base_currency: str
    time_zone: str


class LedgerAccountRow(NamedTuple):
    """A ledger account, to which customer groups post."""

    id: UUID
    number: str
    name: str
    version: int


class CustomerGroupRow(NamedTuple):
    """A group of customers, with its ledger account's number and name."""

    id: UUID
    number: str
    name: str
    discount: Decimal
    account_id: UUID
    account_number: str
    account_name: str
    metadata: MetadataMap
    version: int


class CustomerRow(NamedTuple):
    """A customer, with its group's number and name."""

    id: UUID
    customer_number: str
    customer_type: str
    name: str
    vat_zone: str
    customer_group_id: UUID
    customer_group_number: str
    customer_group_name: str
    is_active: bool
    billing_relationship: str
    include_child_details_pdf: bool
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
    payment_term_type: str | None
    default_currency: str
    parent_customer_id: UUID | None
    consolidation_mode: str | None
    billing_day: int | None
    parent_invoice_template_id: UUID | None
    metadata: MetadataMap
    version: int
    created_at: datetime
    updated_at: datetime


class ContactRow(NamedTuple):
    """A contact person of a customer."""

    id: UUID
    name: str
    is_default_for_customer: bool
    email: str | None
    phone: str | None
    version: int
    customer_id: UUID = _NOT_STORED
    """Missing only in answers that an earlier release stored under idempotency keys; their reader sets it."""


class DepartmentRow(NamedTuple):
    """A sub-unit of a customer."""

    id: UUID
    name: str
    is_default: bool
    is_active: bool
    po_number: str | None
    ean_number: str | None
    address: str | None
    city: str | None
    postal_code: str | None
    country_code: str | None
    version: int
    customer_id: UUID = _NOT_STORED
    """As in a contact."""


class SubscriptionRow(NamedTuple):
    """A subscription of a customer, with its current period."""

    id: UUID
    name: str
    status: str
    billing_direction: str
    currency: str
    net_amount: Decimal
    interval_months: int
    started_on: date
    ends_on: date | None
    current_period_start: date
    current_period_end: date
    next_billing_date: date | None
    customer_id: UUID
    external_system_id: str | None
    anchor_day: int
    trial_ends_on: date | None
    version: int


class SubscriptionPeriodRow(NamedTuple):
    """A period of a subscription, past or current."""

    id: UUID
    subscription_id: UUID
    sequence: int
    payer_customer_id: UUID
    starts_on: date
    ends_on: date
    cut_on: date | None
    net_amount: Decimal
    billed_amount: Decimal
    credited_amount: Decimal
    billed_on: date | None


class FieldChangeRow(NamedTuple):
    """A changed field, with the JSON of its values before and after."""

    field: str
    before: JsonText
    after: JsonText


class ChangeRow(NamedTuple):
    """An entry of an object's history."""

    version: int
    operation: str
    actor: str
    occurred_at: datetime
    changes: Sequence[Sequence[str]]
    """For each changed field, its name and the texts of its JSON before and after."""


class EventRow(NamedTuple):
    """An event with its position in the feed of the company."""

    id: UUID
    position: int
    type: str
    subject_id: UUID
    customer_id: UUID | None
    """The customer that the subject is or belongs to; None for groups and ledger accounts."""
    actor: str
    occurred_at: datetime
    version: int | None
    """The subject's version after the change."""
    data: Mapping[str, Any]
    changes: Sequence[Sequence[str]]
    """What the event changed, as in ChangeRow. Empty for ledger accounts, which have no history."""


class BillingTransitionRow(NamedTuple):
    """A change of who pays for a customer's subscriptions, or how."""

    id: UUID
    customer_id: UUID
    effective_on: date
    actor: str


class BillingDocumentRow(NamedTuple):
    """A credit note or an invoice."""

    id: UUID
    kind: str
    customer_id: UUID
    payer_customer_id: UUID
    transition_id: UUID | None
    currency: str
    total: Decimal
    issued_on: date


class BillingDocumentLineRow(NamedTuple):
    """A line of a billing document: some days of one subscription."""

    line_number: int
    description: str
    subscription_id: UUID
    period_start: date
    period_end: date
    days: int
    amount: Decimal
