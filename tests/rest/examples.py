"""A parent and its child whose fields have all kinds of values, as they are stored and as REST shows them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.records import Records, new_company

TEMPLATE = "0190a000-0000-7000-8000-0000000000aa"
TEXTS = {
    "email": "ap@nordlys.example",
    "phone": "+45 12 34 56 78",
    "address": 'Ærøvej 1, "bagsiden"',
    "city": "Ærøskøbing",
    "postal_code": "5970",
    "vat_number": "DK12345678",
    "website": "https://nordlys.example",
    "external_system_id": "crm:1",
}
METADATA = {"segment": "gold", "size": 12, "ratio": 1.5, "isVip": True, "billingRelationship": "SELF"}


@dataclass(frozen=True, slots=True)
class Example:
    """A company, and what REST shows of its two customers."""

    company: UUID
    parent: dict[str, Any]
    child: dict[str, Any]


async def example(engine: AsyncEngine) -> Example:
    """Write a company with the two customers."""
    records = Records(engine, await new_company(engine))
    account = await records.account(number="1010", name="Sales")
    group = await records.group(number="7", name="Everyone", account_id=account)
    parent = await records.customer(
        customer_number="100",
        name="Nordlys Gruppen A/S",
        customer_group_id=group,
        customer_type="BUSINESS",
        vat_zone="DOMESTIC_WITHOUT_VAT",
        billing_relationship="SELF",
        consolidation_mode="SINGLE_INVOICE",
        billing_day=15,
        include_child_details_pdf=True,
        parent_invoice_template_id=UUID(TEMPLATE),
        credit_limit=Decimal("12.50"),
        opening_balance=Decimal("-9999999999999.99"),
        payment_terms=30,
        payment_term_type="END_OF_MONTH",
        metadata=METADATA,
        notes="Nobody sees these notes.",
        **TEXTS,
    )
    child = await records.customer(
        customer_number="A-2",
        name="Nordlys Ærø",
        customer_group_id=group,
        customer_type="PRIVATE",
        vat_zone="EU",
        is_active=False,
        country_code="SE",
        default_currency="SEK",
        parent_customer_id=parent,
        billing_relationship="PARENT_PAYS",
        credit_limit=Decimal(0),
    )
    return Example(records.company_id, _parent(parent, group), _child(child, group, parent))


def _parent(id_: UUID, group: UUID) -> dict[str, Any]:
    return {
        "id": str(id_),
        "customerNumber": "100",
        "customerType": "BUSINESS",
        "name": "Nordlys Gruppen A/S",
        "vatZone": "domestic_without_vat",
        "customerGroupId": str(group),
        "isActive": True,
        "billingRelationship": "self",
        "includeChildDetailsPdf": True,
        "customerGroupNumber": "7",
        "customerGroupName": "Everyone",
        "email": TEXTS["email"],
        "phone": TEXTS["phone"],
        "address": TEXTS["address"],
        "city": TEXTS["city"],
        "postalCode": TEXTS["postal_code"],
        "countryCode": "DK",
        "vatNumber": TEXTS["vat_number"],
        "website": TEXTS["website"],
        "externalSystemId": TEXTS["external_system_id"],
        "creditLimit": Decimal("12.50"),
        "openingBalance": Decimal("-9999999999999.99"),
        "paymentTerms": 30,
        "paymentTermType": "END_OF_MONTH",
        "defaultCurrency": "DKK",
        "parentCustomerId": None,
        "consolidationMode": "single_invoice",
        "billingDay": 15,
        "parentInvoiceTemplateId": TEMPLATE,
        "metadata": {**METADATA, "ratio": Decimal("1.5")},
    }


UNSET = (
    *("email", "phone", "address", "city", "postalCode", "vatNumber", "website", "externalSystemId", "openingBalance"),
    *("paymentTerms", "paymentTermType", "consolidationMode", "billingDay", "parentInvoiceTemplateId"),
)
"""Fields without a value of the child."""


def _child(id_: UUID, group: UUID, parent: UUID) -> dict[str, Any]:
    return {
        **_parent(id_, group),
        **dict.fromkeys(UNSET),
        "customerNumber": "A-2",
        "customerType": "PRIVATE",
        "name": "Nordlys Ærø",
        "vatZone": "eu",
        "isActive": False,
        "billingRelationship": "parent_pays",
        "includeChildDetailsPdf": False,
        "countryCode": "SE",
        # The digits that are stored.
        "creditLimit": Decimal("0.00"),
        "defaultCurrency": "SEK",
        "parentCustomerId": str(parent),
        "metadata": {},
    }
