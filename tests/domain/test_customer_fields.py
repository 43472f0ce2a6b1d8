"""Reading a customer's fields: what is stored, and every problem at once."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db.rows import CustomerRow
from app.db.tables import customers
from app.domain.customer_fields import FIELDS, read_fields
from app.domain.customers import VatZone
from app.domain.errors import ErrorCode, Problem
from tests.support.customer_values import VALID, code_of, problem_of, read, valid_fields

GROUP = "0198c0de-0000-7000-8000-000000000000"
NEW = {
    "name": "Fjord A/S",
    "vat_zone": VatZone.DOMESTIC,
    "customer_group_id": GROUP,
    "country_code": "DK",
    "default_currency": "DKK",
}
CLEARABLE = {name for name, field in FIELDS.items() if field.clearable}


def test_the_fields_are_columns_that_are_nullable_where_they_can_be_unset():
    assert set(FIELDS) < set(CustomerRow._fields)
    assert {column.name for column in customers.c if column.name in FIELDS and column.nullable} == CLEARABLE


def test_a_new_customer_has_a_value_in_every_column_that_needs_one():
    given = {name for name, field in FIELDS.items() if field.required or field.default is not None}
    # The number is counted out where none is given.
    assert given | CLEARABLE | {"customer_number"} == set(FIELDS)
    assert not given & CLEARABLE


def test_a_new_customer_needs_five_fields_and_all_that_are_missing_are_named():
    fields, problems = read_fields({}, creating=True)

    assert fields == {}
    assert {(problem.code, problem.path) for problem in problems} == {
        (ErrorCode.FIELD_REQUIRED, (name,))
        for name in ("name", "vat_zone", "customer_group_id", "country_code", "default_currency")
    }


def test_an_update_without_fields_reads_nothing():
    assert read_fields({}, creating=False) == ({}, [])


@pytest.mark.parametrize("name", sorted(CLEARABLE))
@pytest.mark.parametrize("creating", [True, False])
def test_null_unsets_a_clearable_field(name: str, *, creating: bool):
    fields, problems = read_fields((NEW if creating else {}) | {name: None}, creating=creating)

    assert problems == []
    assert fields[name] is None


@pytest.mark.parametrize("name", sorted({*FIELDS, "metadata_set", "metadata_unset"} - CLEARABLE))
def test_null_is_rejected_for_every_other_field(name: str):
    assert problem_of(**{name: None}) == Problem(
        ErrorCode.FIELD_NOT_CLEARABLE, (name,), "can't be null; leave it out instead."
    )


@pytest.mark.parametrize("name", ["customer_number", "customer_type", "is_active", "metadata"])
def test_null_for_a_default_is_rejected_on_create_too(name: str):
    _, (problem,) = read_fields(NEW | {name: None}, creating=True)

    assert problem.code == ErrorCode.FIELD_NOT_CLEARABLE


def test_null_for_a_required_field_of_a_new_customer_says_that_it_is_required():
    _, (problem,) = read_fields(NEW | {"name": None}, creating=True)

    assert problem.code == ErrorCode.FIELD_REQUIRED


@pytest.mark.parametrize(
    "name",
    ["email", "phone", "address", "city", "postal_code", "vat_number", "website", "external_system_id", "notes"],
)
@pytest.mark.parametrize("blank", ["", " \t\n\u00a0"])
def test_a_blank_text_unsets_a_clearable_field(name: str, blank: str):
    assert read(**{name: blank}) == {name: None}


@pytest.mark.parametrize("name", ["name", "customer_number", "country_code", "default_currency"])
def test_a_blank_text_is_rejected_where_a_field_must_say_something(name: str):
    assert code_of(**{name: "  "}) == ErrorCode.FIELD_REQUIRED


def test_all_problems_of_an_input_are_reported_at_once():
    wrong: dict[str, object] = {
        "name": " ",
        "email": "nobody",
        "credit_limit": Decimal(-1),
        "billing_day": 29,
        "is_active": None,
        "metadata": {"a": None, "b": []},
    }

    fields, problems = read_fields(wrong | {"city": "Ribe"}, creating=False)

    assert fields == {"city": "Ribe"}
    assert [problem.path for problem in problems] == [
        ("name",),
        ("is_active",),
        ("email",),
        ("credit_limit",),
        ("billing_day",),
        ("metadata", "a"),
        ("metadata", "b"),
    ]


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=VALID))
def test_reading_what_was_read_changes_nothing(given: dict[str, Any]):
    once = read(**given)

    assert read(**once) == once


@settings(deadline=None)
@given(valid_fields())
def test_valid_fields_have_no_problem(given: dict[str, Any]):
    fields, problems = read_fields(given, creating=True)

    assert problems == []
    assert fields.keys() == given.keys()


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*FIELDS, "metadata_set", "metadata_unset"]), _ANYTHING), st.booleans())
def test_whatever_is_given_is_read_or_rejected_at_its_path(given: dict[str, object], creating: bool):  # noqa: FBT001 - Hypothesis gives it by position
    fields, problems = read_fields(given, creating=creating)

    at_problem = {problem.path[0] for problem in problems}
    assert all(name in fields or name in at_problem for name in given)
    assert not fields.keys() & at_problem - {"metadata", "metadata_unset"}
