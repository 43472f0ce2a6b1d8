"""Fields of a customer: how each is read, whether it can be unset, and its default."""

from collections.abc import Iterable, Mapping

from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.errors import Problem
from app.domain.fields import MOST_NUMBER_CHARACTERS, amount, choice, flag, formed, key_text, read_uuid, text, whole
from app.domain.forms import country, currency, email, web_address
from app.domain.inputs import Field, as_read, read_input
from app.domain.metadata_fields import METADATA_FIELDS, canonical_metadata, form_conflicts

FIELDS: Mapping[str, Field] = {
    "customer_number": Field(key_text(MOST_NUMBER_CHARACTERS), clearable=False),
    "customer_type": Field(choice(CustomerType), clearable=False, default=CustomerType.BUSINESS),
    "name": Field(text(), clearable=False, required=True),
    "vat_zone": Field(choice(VatZone), clearable=False, required=True),
    "customer_group_id": Field(read_uuid, clearable=False, required=True),
    "is_active": Field(flag, clearable=False, default=True, touches_family=True),
    "billing_relationship": Field(
        choice(BillingRelationship), clearable=False, default=BillingRelationship.SELF, touches_family=True
    ),
    "include_child_details_pdf": Field(flag, clearable=False, default=False),
    "email": Field(formed(email, "must be an address such as name@example.com")),
    "phone": Field(text()),
    "address": Field(text()),
    "city": Field(text()),
    "postal_code": Field(text()),
    "country_code": Field(
        formed(country, "must be an ISO 3166-1 code of two letters, such as DK"), clearable=False, required=True
    ),
    "vat_number": Field(text()),
    "website": Field(formed(web_address, "must be an http or https URL, such as https://company.example")),
    "external_system_id": Field(key_text()),
    "notes": Field(text(10_000)),
    "credit_limit": Field(amount(signed=False)),
    "opening_balance": Field(amount(signed=True)),
    "payment_terms": Field(whole(0, 365)),
    "payment_term_type": Field(choice(PaymentTermType)),
    "default_currency": Field(
        formed(currency, "must be an ISO 4217 code of three letters, such as DKK"),
        clearable=False,
        required=True,
        touches_family=True,
    ),
    "parent_customer_id": Field(read_uuid, touches_family=True),
    "consolidation_mode": Field(choice(ConsolidationMode), touches_family=True),
    "billing_day": Field(whole(1, 28), touches_family=True),
    "parent_invoice_template_id": Field(read_uuid, touches_family=True),
    "metadata": METADATA_FIELDS["metadata"],
}
"""Fields by attribute of a customer's row, in the order in which problems are reported."""
_ALL_FIELDS = {**FIELDS, **METADATA_FIELDS}
_FAMILY_FIELDS = frozenset(name for name, field in FIELDS.items() if field.touches_family)


def read_fields(given: Mapping[str, object], *, creating: bool) -> tuple[dict[str, object], list[Problem]]:
    """Return the values of the fields that were given, by attribute, and all problems.

    `given` holds only fields that were sent; None is null. `merged_metadata` applies the values of `metadata_set` and
    `metadata_unset`.
    """
    values, problems = read_input(given, _ALL_FIELDS, creating=creating)
    return values, [*problems, *form_conflicts(given)]


def touches_family(names: Iterable[str]) -> bool:
    """Return whether the rules of any of these fields depend on the parent or the children."""
    return not _FAMILY_FIELDS.isdisjoint(names)


def canonical(given: Mapping[str, object]) -> dict[str, object]:
    """Return fields with every value in its stored form."""
    return canonical_metadata(as_read(given, read_fields(given, creating=False)[0]))
