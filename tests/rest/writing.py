"""Bodies of customers in the reference's names, and what is answered of each value."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.rest.examples import TEMPLATE

REQUIRED = ("name", "vatZone", "customerGroupId", "countryCode", "defaultCurrency")
SENT: dict[str, Any] = {
    "customerType": "PRIVATE",
    "customerNumber": "A-77",
    "name": "Fjord ApS",
    "vatZone": "domestic_without_vat",
    "countryCode": "SE",
    "defaultCurrency": "SEK",
    "email": "ap@fjord.example",
    "phone": "+45 12 34 56 78",
    "address": "Ærøvej 1",
    "city": "Rønne",
    "postalCode": "3700",
    "vatNumber": "DK12345678",
    "website": "https://fjord.example",
    "externalSystemId": "crm:77",
    "notes": "Call before noon.",
    "creditLimit": 12.5,
    "openingBalance": -0.1,
    "paymentTerms": 30,
    "paymentTermType": "NET",
    "isActive": False,
    "billingRelationship": "parent_pays",
    "consolidationMode": "single_invoice",
    "billingDay": 28,
    "includeChildDetailsPdf": True,
    "parentInvoiceTemplateId": TEMPLATE,
    "metadata": {"segment": "gold", "size": 12},
}
"""A value of each field of a body that is no id of another object."""
SHOWN = {**SENT, "creditLimit": Decimal("12.50"), "openingBalance": Decimal("-0.10")}
"""The same values as they are answered."""
CLEARABLE = (
    *("email", "phone", "address", "city", "postalCode", "vatNumber", "website", "externalSystemId", "notes"),
    *("creditLimit", "openingBalance", "paymentTerms", "paymentTermType", "consolidationMode", "billingDay"),
    "parentInvoiceTemplateId",
)
TEXTS = CLEARABLE[:9]
"""Fields that an empty text clears, too."""
ALWAYS_SET = (
    *("customerType", "customerNumber", "name", "vatZone", "customerGroupId", "countryCode", "defaultCurrency"),
    *("isActive", "billingRelationship", "includeChildDetailsPdf", "metadata"),
)


def required(group: UUID | str, **fields: Any) -> dict[str, Any]:
    """Return the body of a new customer with the required fields, and these."""
    needed = {name: SENT[name] for name in REQUIRED if name in SENT}
    return {**needed, "countryCode": "DK", "defaultCurrency": "DKK", "customerGroupId": str(group), **fields}


def settled(field: str) -> dict[str, Any]:
    """Return the fields without which the rules would reject the value of this one."""
    return {"billingDay": 28} if field == "consolidationMode" else {}
