"""Valid values of a customer's fields, and what is read of them."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from app.domain.customer_fields import read_fields
from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.errors import ErrorCode, Problem
from app.domain.texts import invisible_in, stored_form

_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def _text(most: int) -> SearchStrategy[str]:
    texts = st.text(_CHARACTERS, min_size=1, max_size=most)
    return texts.filter(lambda value: 0 < len(stored_form(value)) <= most)


def _key(most: int) -> SearchStrategy[str]:
    return _text(most).filter(lambda value: invisible_in(stored_form(value)) is None)


_METADATA: SearchStrategy[dict[str, Any]] = st.dictionaries(
    _key(128),
    st.text(_CHARACTERS, max_size=500)
    | st.integers(-(10**308), 10**308)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans(),
    max_size=50,
).filter(lambda entries: len({stored_form(key) for key in entries}) == len(entries))
_LARGEST = Decimal("9999999999999.99")

VALID: dict[str, SearchStrategy[Any]] = {
    "customer_number": _key(50),
    "customer_type": st.sampled_from(CustomerType),
    "name": _text(255),
    "vat_zone": st.sampled_from(VatZone),
    "customer_group_id": st.uuids() | st.uuids().map(str),
    "is_active": st.booleans(),
    "billing_relationship": st.sampled_from(BillingRelationship),
    "include_child_details_pdf": st.booleans(),
    "email": st.sampled_from(["freja@fjord.example", "søren@æbler.dk", "a+b@company.test"]),
    "phone": _text(255),
    "address": _text(255),
    "city": _text(255),
    "postal_code": _text(255),
    "country_code": st.sampled_from(["DK", "se", "Gl"]),
    "vat_number": _text(255),
    "website": st.sampled_from(["https://fjord.example", "http://æbler.dk:80/?q=1"]),
    "external_system_id": _key(255),
    "notes": _text(2_000),
    "credit_limit": st.decimals(0, _LARGEST, places=2),
    "opening_balance": st.decimals(-_LARGEST, _LARGEST, places=2),
    "payment_terms": st.integers(0, 365),
    "payment_term_type": st.sampled_from(PaymentTermType),
    "default_currency": st.sampled_from(["DKK", "eur", "JPY"]),
    "parent_customer_id": st.uuids(),
    "consolidation_mode": st.sampled_from(ConsolidationMode),
    "billing_day": st.integers(1, 28),
    "parent_invoice_template_id": st.uuids(),
    "metadata": _METADATA,
}
"""Valid values by attribute."""
_REQUIRED = ("name", "vat_zone", "customer_group_id", "country_code", "default_currency")


def valid_fields(*without: str) -> SearchStrategy[dict[str, Any]]:
    """Return a strategy for the fields of a new customer, without those named."""
    return st.fixed_dictionaries(
        {name: VALID[name] for name in _REQUIRED if name not in without},
        optional={name: values for name, values in VALID.items() if name not in {*_REQUIRED, *without}},
    )


def read(**given: Any) -> dict[str, object]:
    """Return what an update reads of valid fields."""
    fields, problems = read_fields(given, creating=False)
    assert problems == []
    return fields


def problem_of(**given: Any) -> Problem:
    """Return the only problem of an update."""
    _, problems = read_fields(given, creating=False)
    (problem,) = problems
    return problem


def code_of(**given: Any) -> ErrorCode:
    """Return the code of the only problem of an update."""
    return problem_of(**given).code
