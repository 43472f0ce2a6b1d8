"""Reading a customer's fields: what is stored, and every fault at once."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db.rows import CustomerRow
from app.db.tables import customers
from app.domain.customer_fields import ATTRIBUTES, CLEARABLE, REQUIRED, merged_metadata, read_fields
from app.domain.customers import VatZone
from app.domain.errors import ErrorCode, Fault, LimitFault, MetadataFault
from app.domain.fields import schema_name
from tests.domain.customer_values import VALID, valid_fields

GROUP = "0198c0de-0000-7000-8000-000000000000"
NEW = {
    "name": "Fjord A/S",
    "vat_zone": VatZone.DOMESTIC,
    "customer_group_id": GROUP,
    "country_code": "DK",
    "default_currency": "DKK",
}


def read(**given: Any) -> dict[str, object]:
    """What an update reads of fields that are right."""
    fields, faults = read_fields(given, creating=False)
    assert faults == []
    return fields


def fault_of(**given: Any) -> Fault:
    """The one fault of an update."""
    _, faults = read_fields(given, creating=False)
    (fault,) = faults
    return fault


def code_of(**given: Any) -> ErrorCode:
    return fault_of(**given).code


def test_the_rules_name_columns_of_the_table_and_nothing_else():
    assert set(ATTRIBUTES) < set(CustomerRow._fields)
    assert {column.name for column in customers.c if column.name in ATTRIBUTES and column.nullable} == CLEARABLE
    assert set(ATTRIBUTES) > REQUIRED


def test_a_new_customer_needs_its_five_required_fields_and_says_all_that_are_missing():
    fields, faults = read_fields({}, creating=True)

    assert fields == {}
    assert {(fault.code, fault.path) for fault in faults} == {
        (ErrorCode.FIELD_REQUIRED, ("input", name))
        for name in ("name", "vatZone", "customerGroupId", "countryCode", "defaultCurrency")
    }


def test_an_update_without_fields_reads_nothing():
    assert read_fields({}, creating=False) == ({}, [])


@pytest.mark.parametrize("name", sorted(CLEARABLE))
@pytest.mark.parametrize("creating", [True, False])
def test_null_unsets_a_clearable_field(name: str, *, creating: bool):
    fields, faults = read_fields((NEW if creating else {}) | {name: None}, creating=creating)

    assert faults == []
    assert fields[name] is None


@pytest.mark.parametrize("name", sorted({*ATTRIBUTES, "metadata_set", "metadata_unset"} - CLEARABLE))
def test_null_is_refused_for_every_other_field(name: str):
    assert fault_of(**{name: None}) == Fault(
        ErrorCode.FIELD_NOT_CLEARABLE, ("input", schema_name(name)), "can't be null; leave it out instead."
    )


@pytest.mark.parametrize("name", ["customer_number", "customer_type", "is_active", "metadata"])
def test_null_for_a_default_is_refused_on_create_too(name: str):
    _, (fault,) = read_fields(NEW | {name: None}, creating=True)

    assert fault.code == ErrorCode.FIELD_NOT_CLEARABLE


def test_null_for_a_required_field_of_a_new_customer_says_that_it_is_required():
    _, (fault,) = read_fields(NEW | {"name": None}, creating=True)

    assert fault.code == ErrorCode.FIELD_REQUIRED


@pytest.mark.parametrize(
    "name",
    ["email", "phone", "address", "city", "postal_code", "vat_number", "website", "external_system_id", "notes"],
)
@pytest.mark.parametrize("blank", ["", " \t\n\u00a0"])
def test_a_blank_text_unsets_a_clearable_field(name: str, blank: str):
    assert read(**{name: blank}) == {name: None}


@pytest.mark.parametrize("name", ["name", "customer_number", "country_code", "default_currency"])
def test_a_blank_text_is_refused_where_a_field_must_say_something(name: str):
    assert code_of(**{name: "  "}) == ErrorCode.FIELD_REQUIRED


def test_texts_are_trimmed_and_otherwise_kept_as_they_are():
    assert read(name="  Søren  & Æbler ", external_system_id=" aB-1 ") == {
        "name": "Søren  & Æbler",
        "external_system_id": "aB-1",
    }


@pytest.mark.parametrize(
    ("name", "most"), [("customer_number", 50), ("name", 255), ("external_system_id", 255), ("notes", 10_000)]
)
def test_a_text_is_measured_in_characters_after_trimming(name: str, most: int):
    assert read(**{name: f" {'🦉' * most} "}) == {name: "🦉" * most}
    assert fault_of(**{name: "x" * (most + 1)}) == LimitFault(
        ErrorCode.FIELD_TOO_LONG,
        ("input", schema_name(name)),
        f"has {most + 1} characters; at most {most} are allowed.",
        most,
        most + 1,
    )


@pytest.mark.parametrize("name", ["name", "notes", "email", "website", "country_code", "customer_number"])
@pytest.mark.parametrize("text", ["a\0b", "\0", "half \ud83e", "\udc00 half"])
def test_what_no_column_can_hold_is_refused(name: str, text: str):
    assert code_of(**{name: text}) == ErrorCode.FIELD_INVALID


@pytest.mark.parametrize(
    "email", ["freja@fjord.example", "freja+invoices@sub.fjord.dk", "søren@æbler.dk", "a@company.test"]
)
def test_an_email_address_is_kept_as_it_was_written(email: str):
    assert read(email=f" {email} ") == {"email": email}


@pytest.mark.parametrize("email", ["freja", "freja@", "@fjord.dk", "a b@fjord.dk", "Freja <f@fjord.dk>", "f@fjord..dk"])
def test_what_is_no_email_address_is_refused(email: str):
    assert code_of(email=email) == ErrorCode.FIELD_INVALID


@pytest.mark.parametrize(
    "url", ["https://fjord.example", "http://fjord.example:8080/a?b=c#d", "HTTPS://Fjord.dk", "https://æbler.dk./"]
)
def test_an_http_url_is_kept_as_it_was_written(url: str):
    assert read(website=url) == {"website": url}


@pytest.mark.parametrize(
    "url",
    [
        "fjord.example",
        "//fjord.example",
        "ftp://fjord.example",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://a..b",
        "https://fjord.example:99999",
        "https://[fjord",
        "https://fjord.example/a b",
        "https://fjord.example/\u202e",
        'https://fjord.example/"',
    ],
)
def test_what_is_no_http_url_is_refused(url: str):
    assert code_of(website=url) == ErrorCode.FIELD_INVALID


def test_countries_and_currencies_are_stored_in_upper_case():
    assert read(country_code=" dk", default_currency="eur") == {"country_code": "DK", "default_currency": "EUR"}


@pytest.mark.parametrize("code", ["XX", "DNK", "D", "208", "ß", "\u017fe"])
def test_what_is_no_country_is_refused_even_if_its_upper_case_would_be_one(code: str):
    assert code_of(country_code=code) == ErrorCode.FIELD_INVALID


@pytest.mark.parametrize("code", ["ABC", "DK", "kr.", "u\u017fd"])
def test_what_is_no_currency_is_refused(code: str):
    assert code_of(default_currency=code) == ErrorCode.FIELD_INVALID


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("0", "0.00"),
        ("1E+3", "1000.00"),
        ("12.5", "12.50"),
        ("1.500", "1.50"),
        ("9999999999999.99", "9999999999999.99"),
    ],
)
def test_an_amount_is_stored_with_two_decimals(given: str, stored: str):
    fields = read(credit_limit=Decimal(given), opening_balance=-Decimal(given))

    assert str(fields["credit_limit"]) == stored
    assert str(fields["opening_balance"]) == ("0.00" if given == "0" else f"-{stored}")


@pytest.mark.parametrize(
    "amount",
    [
        Decimal("0.001"),
        Decimal("9999999999999.999"),
        Decimal("1E+13"),
        Decimal("1E+999999999"),
        Decimal("1E-999999999"),
        Decimal("NaN"),
        Decimal("Infinity"),
        10**400,
        1.5,
        "1",
        True,
    ],
    ids=repr,
)
@pytest.mark.parametrize("name", ["credit_limit", "opening_balance"])
def test_what_the_column_can_not_hold_exactly_is_no_amount(name: str, amount: object):
    assert code_of(**{name: amount}) == ErrorCode.FIELD_INVALID


def test_a_credit_limit_is_not_negative_and_an_opening_balance_may_be():
    assert code_of(credit_limit=Decimal("-0.01")) == ErrorCode.FIELD_INVALID
    assert read(opening_balance=Decimal("-0.01")) == {"opening_balance": Decimal("-0.01")}


@pytest.mark.parametrize(("name", "least", "most"), [("payment_terms", 0, 365), ("billing_day", 1, 28)])
def test_days_have_bounds(name: str, least: int, most: int):
    assert [read(**{name: value}) for value in (least, most)] == [{name: least}, {name: most}]
    assert {code_of(**{name: value}) for value in (least - 1, most + 1, True, "1", 1.0)} == {ErrorCode.FIELD_INVALID}


@pytest.mark.parametrize("name", ["customer_group_id", "parent_customer_id", "parent_invoice_template_id"])
def test_ids_are_uuids_in_either_case(name: str):
    assert read(**{name: GROUP.upper()}) == {name: UUID(GROUP)}
    assert read(**{name: UUID(GROUP)}) == {name: UUID(GROUP)}
    for value in ("", "1", GROUP.replace("-", ""), f"{{{GROUP}}}", GROUP.replace("0198c0de", "0_98c0de"), 1):
        assert code_of(**{name: value}) == ErrorCode.FIELD_INVALID


@pytest.mark.parametrize(
    "name", ["customer_type", "vat_zone", "billing_relationship", "payment_term_type", "consolidation_mode"]
)
def test_an_unknown_value_of_an_enumeration_is_refused_with_those_that_there_are(name: str):
    fault = fault_of(**{name: "NONE"})

    assert fault.code == ErrorCode.FIELD_INVALID
    assert fault.message.startswith("must be one of ")


@pytest.mark.parametrize("name", ["is_active", "include_child_details_pdf"])
def test_flags_are_true_or_false(name: str):
    assert read(**{name: False}) == {name: False}
    assert {code_of(**{name: value}) for value in (0, "false")} == {ErrorCode.FIELD_INVALID}


def test_metadata_keeps_strings_numbers_and_booleans():
    entries = {"a": "", "b": 1, "c": -1.5e308, "d": True, "k" * 128: "v" * 500, " e ": " kept "}

    assert read(metadata=entries) == {"metadata": entries}


@pytest.mark.parametrize(
    "value",
    [None, [], {}, "x" * 501, "\0", "\ud800", float("nan"), float("inf"), float("-inf"), 10**309, -(10**309)],
    ids=lambda value: repr(value)[:20],
)
@pytest.mark.parametrize("form", ["metadata", "metadata_set"])
def test_a_metadata_value_that_is_not_stored_is_refused_with_its_key(form: str, value: object):
    fault = fault_of(**{form: {"fine": 1, "wrong": value}})

    assert isinstance(fault, MetadataFault)
    assert (fault.code, fault.key) == (ErrorCode.METADATA_VALUE_INVALID, "wrong")
    assert fault.path == ("input", schema_name(form), "wrong")


@pytest.mark.parametrize("key", ["", "k" * 129, "\0", "\ud800"])
def test_a_metadata_key_that_is_not_stored_is_refused(key: str):
    assert code_of(metadata={key: 1}) == ErrorCode.METADATA_VALUE_INVALID


def test_the_largest_number_that_others_can_hold_is_stored():
    largest = int(1.7976931348623157e308)

    assert read(metadata={"n": largest}) == {"metadata": {"n": largest}}
    assert code_of(metadata={"n": largest + 1}) == ErrorCode.METADATA_VALUE_INVALID


def test_too_many_entries_are_a_fault_beside_those_of_the_entries():
    entries: dict[str, object] = {str(number): number for number in range(50)}
    assert read(metadata=entries) == {"metadata": entries}

    _, faults = read_fields({"metadata": entries | {"more": None}}, creating=False)

    assert [fault.code for fault in faults] == [ErrorCode.METADATA_LIMIT_EXCEEDED, ErrorCode.METADATA_VALUE_INVALID]
    limit = faults[0]
    assert isinstance(limit, LimitFault)
    assert (limit.path, limit.limit, limit.actual) == (("input", "metadata"), 50, 51)


@pytest.mark.parametrize("value", ["text", [], 1, True])
@pytest.mark.parametrize("form", ["metadata", "metadata_set"])
def test_metadata_is_an_object(form: str, value: object):
    assert code_of(**{form: value}) == ErrorCode.FIELD_INVALID


def test_keys_to_unset_are_a_list_of_keys():
    assert code_of(metadata_unset="key") == ErrorCode.FIELD_INVALID
    assert fault_of(metadata_unset=["a", 1]).path == ("input", "metadataUnset", 1)


def test_the_two_forms_of_metadata_exclude_each_other():
    fault = fault_of(metadata={}, metadata_set={"a": 1}, metadata_unset=["b"])

    assert fault.code == ErrorCode.FIELD_CONFLICT
    assert "metadataSet and metadataUnset" in fault.message


def test_a_key_is_not_both_set_and_unset():
    fault = fault_of(metadata_set={"a": 1}, metadata_unset=["b", "a"])

    assert (fault.code, fault.path) == (ErrorCode.FIELD_CONFLICT, ("input", "metadataUnset", 1))


def test_single_keys_are_merged_into_what_is_stored():
    fields = read(metadata_set={"b": 3, "d": True}, metadata_unset=["a", "unknown"])

    assert merged_metadata({"a": 1, "b": 2, "c": "x"}, fields) == ({"b": 3, "c": "x", "d": True}, [])


def test_the_whole_form_replaces_what_is_stored_and_an_empty_map_clears_it():
    assert merged_metadata({"a": 1}, read(metadata={"b": 2})) == ({"b": 2}, [])
    assert merged_metadata({"a": 1}, read(metadata={})) == ({}, [])


def test_an_update_that_says_nothing_of_metadata_keeps_it():
    assert merged_metadata({"a": 1}, read(name="x")) == ({"a": 1}, [])


def test_the_limit_holds_for_the_merged_map():
    stored = {str(number): number for number in range(50)}

    assert merged_metadata(stored, read(metadata_set={"new": 1}, metadata_unset=["7"]))[1] == []
    _, (fault,) = merged_metadata(stored, read(metadata_set={"new": 1}))
    assert (fault.code, fault.path) == (ErrorCode.METADATA_LIMIT_EXCEEDED, ("input", "metadataSet"))


def test_all_faults_of_an_input_are_reported_at_once():
    wrong: dict[str, object] = {
        "name": " ",
        "email": "nobody",
        "credit_limit": Decimal(-1),
        "billing_day": 29,
        "is_active": None,
        "metadata": {"a": None, "b": []},
    }

    fields, faults = read_fields(wrong | {"city": "Ribe"}, creating=False)

    assert fields == {"city": "Ribe"}
    assert [fault.path for fault in faults] == [
        ("input", "name"),
        ("input", "isActive"),
        ("input", "email"),
        ("input", "creditLimit"),
        ("input", "billingDay"),
        ("input", "metadata", "a"),
        ("input", "metadata", "b"),
    ]


@given(st.fixed_dictionaries({}, optional=VALID))
def test_reading_what_was_read_changes_nothing(given: dict[str, Any]):
    once = read(**given)

    assert read(**once) == once


@given(valid_fields())
def test_valid_fields_have_no_fault(given: dict[str, Any]):
    fields, faults = read_fields(given, creating=True)

    assert faults == []
    assert fields.keys() == given.keys()


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*ATTRIBUTES, "metadata_set", "metadata_unset"]), _ANYTHING), st.booleans())
def test_whatever_is_given_is_read_or_refused_at_its_path(given: dict[str, object], creating: bool):  # noqa: FBT001 - Hypothesis gives it by position
    fields, faults = read_fields(given, creating=creating)

    at_fault = {fault.path[1] for fault in faults}
    assert all(name in fields or schema_name(name) in at_fault for name in given)
    assert not {schema_name(name) for name in fields} & at_fault - {"metadata", "metadataUnset"}
