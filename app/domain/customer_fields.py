"""A customer's own fields: from what an input says to what is stored, with all faults at once."""

import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.errors import ErrorCode, Fault, LimitFault, MetadataFault, Path
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
    invalid,
    is_storable,
    key_text,
    schema_name,
    text,
    web_address,
    whole,
)
from app.domain.metadata import MAX_ENTRIES, MAX_KEY_CHARACTERS, MAX_VALUE_CHARACTERS

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

MetadataEntries = dict[str, str | int | float | bool]


def read_fields(given: Mapping[str, object], *, creating: bool) -> tuple[dict[str, object], list[Fault]]:
    """The values to store of what was given, by attribute, and everything that is wrong with it.

    `given` holds only what was sent; None is null. `metadata_set` and `metadata_unset` come back as they will be merged:
    see `merged_metadata`.
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
    faults += _form_conflicts(given)
    return fields, faults


def merged_metadata(current: Mapping[str, object], fields: Mapping[str, object]) -> tuple[MetadataEntries, list[Fault]]:
    """The metadata after an update whose fields were read, and the fault if there would be too much of it."""
    if "metadata" in fields:
        return dict(cast("MetadataEntries", fields["metadata"])), []
    unset = cast("tuple[str, ...]", fields.get("metadata_unset", ()))
    kept = {key: value for key, value in cast("MetadataEntries", current).items() if key not in unset}
    merged = kept | cast("MetadataEntries", fields.get("metadata_set", {}))
    return merged, list(_limit_faults(merged, ("input", "metadataSet")))


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


def _form_conflicts(given: Mapping[str, object]) -> Iterator[Fault]:
    single = [name for name in ("metadata_set", "metadata_unset") if name in given]
    if "metadata" in given and single:
        names = " and ".join(schema_name(name) for name in single)
        message = f"replaces all entries, so it can't be combined with {names}."
        yield Fault(ErrorCode.FIELD_CONFLICT, ("input", "metadata"), message)
    entries, keys = given.get("metadata_set"), given.get("metadata_unset")
    if isinstance(entries, Mapping) and isinstance(keys, list | tuple):
        for place, key in enumerate(cast("list[object]", keys)):
            if isinstance(key, str) and key in entries:
                message = "names a key that metadataSet sets."
                yield Fault(ErrorCode.FIELD_CONFLICT, ("input", "metadataUnset", place), message)


def _all_entries(given: object, path: Path) -> object:
    """The whole map; too many entries are a fault beside those of the entries."""
    if not isinstance(given, Mapping):
        return _not_entries(path)
    entries = cast("Mapping[object, object]", given)
    return [*_limit_faults(entries, path), *_entry_faults(entries, path)] or _stored(entries)


def _some_entries(given: object, path: Path) -> object:
    """Entries to set; only with the stored ones it shows whether there are too many."""
    if not isinstance(given, Mapping):
        return _not_entries(path)
    entries = cast("Mapping[object, object]", given)
    return list(_entry_faults(entries, path)) or _stored(entries)


def _stored(entries: Mapping[object, object]) -> dict[object, object]:
    """Entries with numbers as the column gives them back, so that sending what was read is no change."""
    return {key: _written_out(value) if isinstance(value, float) else value for key, value in entries.items()}


def _written_out(value: float) -> int | float:
    # The column keeps digits, not exponents, and no negative zero.
    return int(Decimal(repr(value))) if "e+" in repr(value) else value + 0.0


def _not_entries(path: Path) -> Fault:
    return invalid(path, "must be an object of keys and values.")


def _entry_faults(entries: Mapping[object, object], path: Path) -> Iterator[Fault]:
    for key, value in entries.items():
        message = _key_fault(key) or _value_fault(value)
        if message is not None:
            yield MetadataFault(ErrorCode.METADATA_VALUE_INVALID, (*path, str(key)), message, str(key))


def _limit_faults(entries: Mapping[Any, object], path: Path) -> Iterator[Fault]:
    if len(entries) > MAX_ENTRIES:
        message = f"has {len(entries)} entries; at most {MAX_ENTRIES} are allowed."
        yield LimitFault(ErrorCode.METADATA_LIMIT_EXCEEDED, path, message, MAX_ENTRIES, len(entries))


def _key_fault(key: object) -> str | None:
    if not isinstance(key, str) or not 1 <= len(key) <= MAX_KEY_CHARACTERS:
        return f"must have a key of 1 to {MAX_KEY_CHARACTERS} characters."
    return None if is_storable(key) else "must have a key without U+0000 and half surrogate pairs."


def _value_fault(value: object) -> str | None:
    if isinstance(value, str):
        if len(value) > MAX_VALUE_CHARACTERS:
            return f"has {len(value)} characters; at most {MAX_VALUE_CHARACTERS} are allowed."
        return None if is_storable(value) else "must not contain U+0000 or half of a surrogate pair."
    # Beyond a double's range a number would be stored, and be infinite to almost everyone who reads it.
    if isinstance(value, int | float) and abs(value) <= sys.float_info.max:
        return None
    return "must be a string, a finite number (at most 1.79e308) or a boolean."


def _keys(given: object, path: Path) -> object:
    """Keys to unset; one that is not there is no fault."""
    if not isinstance(given, list | tuple):
        return invalid(path, "must be a list of keys.")
    keys = cast("list[object]", given)
    faults = [invalid((*path, place), "must be a key.") for place, key in enumerate(keys) if not isinstance(key, str)]
    return faults or tuple(cast("list[str]", keys))


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
    "metadata": _all_entries,
    "metadata_set": _some_entries,
    "metadata_unset": _keys,
}

ATTRIBUTES = tuple(name for name in _READERS if name not in {"metadata_set", "metadata_unset"})
"""The attributes of a customer's row that an input may set."""
