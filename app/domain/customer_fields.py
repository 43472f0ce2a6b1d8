"""A customer's own fields: from what an input says to what is stored, with all faults at once."""

from collections.abc import Mapping
from typing import cast

from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.errors import ErrorCode, Fault, Path
from app.domain.fields import (
    Reader,
    amount,
    choice,
    country,
    currency,
    email,
    flag,
    formed,
    identifier,
    key_text,
    schema_name,
    text,
    web_address,
    whole,
)
from app.domain.inputs import as_read
from app.domain.metadata_fields import all_entries, canonical_metadata, form_conflicts, keys, some_entries

REQUIRED = frozenset({"name", "vat_zone", "customer_group_id", "country_code", "default_currency"})
"""Attributes that a new customer can't be without."""
CLEARABLE = frozenset(
    {
        "email",
        "phone",
        "address",
        "city",
        "postal_code",
        "vat_number",
        "website",
        "external_system_id",
        "notes",
        "credit_limit",
        "opening_balance",
        "payment_terms",
        "payment_term_type",
        "parent_customer_id",
        "consolidation_mode",
        "billing_day",
        "parent_invoice_template_id",
    }
)
"""Attributes that may be unset: null does it, and a blank text."""
DEFAULTS: Mapping[str, object] = {
    "customer_type": CustomerType.BUSINESS,
    "is_active": True,
    "billing_relationship": BillingRelationship.SELF,
    "include_child_details_pdf": False,
    "metadata": {},
}
"""What a new customer has where it doesn't say, as the table does."""


FAMILY_FIELDS = frozenset(
    {
        "parent_customer_id",
        "billing_relationship",
        "consolidation_mode",
        "billing_day",
        "parent_invoice_template_id",
        "default_currency",
        "is_active",
    }
)
"""Attributes whose rules look at the parent and the children."""


def read_fields(given: Mapping[str, object], *, creating: bool) -> tuple[dict[str, object], list[Fault]]:
    """The values to store of what was given, by attribute, and everything that is wrong with it.

    `given` holds only what was sent; None is null. `metadata_set` and `metadata_unset` come back as they will be merged:
    see `metadata_fields.merged_metadata`.
    """
    fields: dict[str, object] = {}
    faults: list[Fault] = []
    for name, reader in _READERS.items():
        if name in given:
            value = _read(name, given[name], reader, creating=creating)
            if isinstance(value, list):
                faults += cast("list[Fault]", value)
            else:
                fields[name] = value
        elif creating and name in REQUIRED:
            faults.append(_missing(name))
    faults += form_conflicts(given)
    return fields, faults


def canonical(given: Mapping[str, object]) -> dict[str, object]:
    """Return fields by what they mean."""
    return canonical_metadata(as_read(given, read_fields(given, creating=False)[0]))


def _read(name: str, given: object, reader: Reader, *, creating: bool) -> object:
    """The value to store, or a list of faults."""
    path = ("input", schema_name(name))
    if given is None:
        if name in CLEARABLE:
            return None
        return [_missing(name) if creating and name in REQUIRED else _not_clearable(path)]
    value = reader(given, path)
    if value is None and name not in CLEARABLE:
        return [_missing(name)]
    return [value] if isinstance(value, Fault) else value


def _missing(name: str) -> Fault:
    return Fault(ErrorCode.FIELD_REQUIRED, ("input", schema_name(name)), "must be given and not be blank.")


def _not_clearable(path: Path) -> Fault:
    return Fault(ErrorCode.FIELD_NOT_CLEARABLE, path, "can't be null; leave it out instead.")


_READERS: dict[str, Reader] = {
    "customer_number": key_text(50),
    "customer_type": choice(CustomerType),
    "name": text(),
    "vat_zone": choice(VatZone),
    "customer_group_id": identifier,
    "is_active": flag,
    "billing_relationship": choice(BillingRelationship),
    "include_child_details_pdf": flag,
    "email": formed(email, "must be an email address, such as name@company.example"),
    "phone": text(),
    "address": text(),
    "city": text(),
    "postal_code": text(),
    "country_code": formed(country, "must be a country of ISO 3166-1, two letters, such as DK"),
    "vat_number": text(),
    "website": formed(web_address, "must be an http or https URL, such as https://company.example"),
    "external_system_id": key_text(),
    "notes": text(10_000),
    "credit_limit": amount(signed=False),
    "opening_balance": amount(signed=True),
    "payment_terms": whole(0, 365),
    "payment_term_type": choice(PaymentTermType),
    "default_currency": formed(currency, "must be a currency of ISO 4217, three letters, such as DKK"),
    "parent_customer_id": identifier,
    "consolidation_mode": choice(ConsolidationMode),
    "billing_day": whole(1, 28),
    "parent_invoice_template_id": identifier,
    "metadata": all_entries,
    "metadata_set": some_entries,
    "metadata_unset": keys,
}

ATTRIBUTES = tuple(name for name in _READERS if name not in {"metadata_set", "metadata_unset"})
"""The attributes of a customer's row that an input may set."""
