"""Reading and merging a customer's metadata."""

import pytest

from app.domain.customer_fields import merged_metadata, read_fields
from app.domain.errors import ErrorCode, LimitFault, MetadataFault
from app.domain.fields import schema_name
from tests.domain.customer_values import code_of, fault_of, read


def test_metadata_keeps_strings_numbers_and_booleans():
    entries = {"a": "", "b": 1, "c": -1.5, "d": True, "k" * 128: "v" * 500, " e ": " kept "}

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


def test_numbers_are_written_as_the_column_gives_them_back():
    given = {"large": 1.5e22, "negative": -1e16, "small": 1e-7, "zero": -0.0, "whole": 5.0}

    assert repr(read(metadata=given)["metadata"]) == repr(
        {"large": 15 * 10**21, "negative": -(10**16), "small": 1e-7, "zero": 0.0, "whole": 5.0}
    )


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
