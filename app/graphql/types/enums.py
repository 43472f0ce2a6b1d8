"""The enumerations: the domain's, with what each value means to a caller."""

from collections.abc import Mapping
from enum import Enum

import strawberry
from strawberry.types.enum import EnumValue, StrawberryEnumDefinition

from app.db.customers import CustomerSort
from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.identity import Scope
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

__all__ = [
    "BillingDirection",
    "BillingRelationship",
    "ConsolidationMode",
    "CustomerSort",
    "CustomerType",
    "OrderDirection",
    "PaymentTermType",
    "Scope",
    "SubscriptionStatus",
    "VatZone",
]


class OrderDirection(Enum):
    """Which end of an order comes first."""

    ASC = "ASC"
    DESC = "DESC"


def _show(enumeration: type[Enum], description: str, values: Mapping[str, str], name: str | None = None) -> None:
    """Put a Python enumeration into the schema, every value described."""
    strawberry.enum(enumeration, name=name, description=description)
    definition: StrawberryEnumDefinition = vars(enumeration)["__strawberry_definition__"]
    shown: list[EnumValue] = definition.values
    for value in shown:
        value.description = values[value.name]


_show(
    CustomerType,
    "Whether a customer is a business or a private person.",
    {"BUSINESS": "A company or another organization; the default.", "PRIVATE": "A private person."},
)
_show(
    VatZone,
    "How value-added tax applies to a customer.",
    {
        "DOMESTIC": "In the company's own country, with its VAT.",
        "EU": "Elsewhere in the European Union.",
        "ABROAD": "Outside the European Union.",
        "DOMESTIC_WITHOUT_VAT": "In the company's own country, exempt from VAT.",
    },
)
_show(
    BillingRelationship,
    "Who pays for a customer's subscriptions.",
    {
        "SELF": "The customer is billed directly; the default.",
        "PARENT_PAYS": "The parent customer is billed instead.",
    },
)
_show(
    ConsolidationMode,
    "How a parent's invoices for the children that it pays for are put together.",
    {
        "SINGLE_INVOICE": "All children's subscriptions on one invoice, on the parent's billing day.",
        "PER_CHILD_INVOICE": "An invoice for each child; also what happens where no mode is set.",
    },
)
_show(
    PaymentTermType,
    "From which day the payment terms are counted.",
    {
        "NET": "The invoice date, plus the days.",
        "END_OF_MONTH": "The end of the invoice's month, plus the days.",
    },
)
_show(
    BillingDirection,
    "Whether a subscription's period is billed at its start or at its end.",
    {"ADVANCE": "At the start of the period; the default.", "ARREARS": "At the end of the period."},
)
_show(
    SubscriptionStatus,
    "Where a subscription is in its life. TRIAL, ACTIVE and PENDING_CANCELLATION count as active.",
    {
        "SCHEDULED": "It begins in the future.",
        "TRIAL": "It runs and is not billed yet.",
        "AWAITING_PAYMENT": "It begins when its first payment arrives.",
        "ACTIVE": "It runs and is billed.",
        "PENDING_CANCELLATION": "It runs until the end of its period, then it is cancelled.",
        "PAUSED": "It is interrupted and not billed.",
        "CANCELLED": "It was ended by a cancellation.",
        "EXPIRED": "It reached its agreed end.",
    },
)
_show(
    CustomerSort,
    "What a list of customers may be sorted by.",
    {
        "NUMBER": "The customer number, in its natural order: all-digit numbers first, by value, then the others by code point.",
        "NAME": "The name in the company's alphabet, ignoring case.",
        "CREATED_AT": "When the customer was created.",
    },
    name="CustomerOrderField",
)
_show(
    OrderDirection,
    "Which end of an order comes first.",
    {"ASC": "The smallest first.", "DESC": "The largest first."},
)
_show(
    Scope,
    "A permission that a credential may carry. The names are those that tokens and API keys carry, in upper case.",
    {
        "CUSTOMERS_READ": "`customers-read`: read customers and everything nested in them.",
        "CUSTOMERS_WRITE": "`customers-write`: create and update customers; it does not imply reading.",
    },
)
