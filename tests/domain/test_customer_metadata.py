"""Reading and merging a customer's metadata."""

import pytest

from app.domain.customer_fields import read_fields
from app.domain.errors import ErrorCode, LimitProblem, MetadataProblem
from app.domain.metadata_fields import merged_metadata
from tests.support.customer_values import code_of, problem_of, read


def test_metadata_keeps_strings_numbers_and_booleans():
    entries = {"a": "", "b": 1, "c": -1.5, "d": True, "k" * 128: "v" * 500, "e f": " kept\ufeff "}

    assert read(metadata=entries) == {"metadata": entries}


@pytest.mark.parametrize(
    "value",
    [None, [], {}, "x" * 501, "\0", "\ud800", float("nan"), float("inf"), float("-inf"), 10**309, -(10**309)],
    ids=lambda value: repr(value)[:20],
)
@pytest.mark.parametrize("form", ["metadata", "metadata_set"])
def test_a_metadata_value_that_is_not_stored_is_rejected_with_its_key(form: str, value: object):
    problem = problem_of(**{form: {"fine": 1, "wrong": value}})

    assert isinstance(problem, MetadataProblem)
    assert (problem.code, problem.key) == (ErrorCode.METADATA_VALUE_INVALID, "wrong")
    assert problem.path == (form, "wrong")


@pytest.mark.parametrize(
    "key", ["", "k" * 129, "\0", "\ud800", " \ufeff", "a\u200bb", "a\u00a0b", "a\ufff9b", "a\nb"], ids=ascii
)
@pytest.mark.parametrize("form", ["metadata", "metadata_set"])
def test_a_metadata_key_that_is_not_stored_is_rejected(form: str, key: str):
    assert code_of(**{form: {key: 1}}) == ErrorCode.METADATA_VALUE_INVALID


@pytest.mark.parametrize("form", ["metadata", "metadata_set"])
def test_a_metadata_key_is_stored_trimmed_and_in_normal_form_c(form: str):
    assert read(**{form: {"\ufeffid ": 1, "e\u0301": 2}}) == {form: {"id": 1, "é": 2}}


@pytest.mark.parametrize(("one", "other"), [("é", "e\u0301"), ("a", " a"), ("\ufeffa", "a")], ids=ascii)
def test_two_keys_of_one_form_are_rejected(one: str, other: str):
    problem = problem_of(metadata={one: 1, other: 2})

    assert isinstance(problem, MetadataProblem)
    assert (problem.code, problem.key) == (ErrorCode.METADATA_VALUE_INVALID, other)


def test_a_key_of_an_older_release_can_be_unset_as_it_is_and_in_its_form():
    stored = {"\ufeffa": 1, "e\u0301": 2, "x\u200by": 3, "b": 4}

    assert merged_metadata(stored, read(metadata_unset=["\ufeffa", "x\u200by"]))[0] == {"e\u0301": 2, "b": 4}
    assert merged_metadata(stored, read(metadata_unset=["a", "é", "b "]))[0] == {"x\u200by": 3}
    assert merged_metadata({"a": 1, "\ufeffa": 2}, read(metadata_unset=["a"]))[0] == {"\ufeffa": 2}
    assert merged_metadata({"a": 1, "\ufeffa": 2}, read(metadata_unset=["\ufeffa"]))[0] == {"a": 1}


def test_setting_a_key_replaces_one_that_an_older_release_stored_in_another_form():
    stored = {"\ufeffa": 1, "e\u0301": 2, "b": 3}

    merged, problems = merged_metadata(stored, read(metadata_set={"a": 4, "é": 5}))

    assert (merged, problems) == ({"b": 3, "a": 4, "é": 5}, [])


def test_the_largest_number_that_others_can_hold_is_stored():
    largest = int(1.7976931348623157e308)

    assert read(metadata={"n": largest}) == {"metadata": {"n": largest}}
    assert code_of(metadata={"n": largest + 1}) == ErrorCode.METADATA_VALUE_INVALID


def test_numbers_are_written_as_the_column_gives_them_back():
    given = {"large": 1.5e22, "negative": -1e16, "small": 1e-7, "zero": -0.0, "whole": 5.0}

    assert repr(read(metadata=given)["metadata"]) == repr(
        {"large": 15 * 10**21, "negative": -(10**16), "small": 1e-7, "zero": 0.0, "whole": 5.0}
    )


@pytest.mark.parametrize("form", ["metadata", "metadata_set"])
def test_too_many_entries_are_one_problem_whatever_they_are(form: str):
    entries: dict[str, object] = {str(number): number for number in range(50)}
    assert read(**{form: entries}) == {form: entries}

    _, problems = read_fields({form: entries | {"more": None}}, creating=False)

    (limit,) = problems
    assert isinstance(limit, LimitProblem)
    assert limit.code is ErrorCode.METADATA_LIMIT_EXCEEDED
    assert (limit.path, limit.limit, limit.actual) == ((form,), 50, 51)


@pytest.mark.parametrize("value", ["text", [], 1, True])
@pytest.mark.parametrize("form", ["metadata", "metadata_set"])
def test_metadata_is_an_object(form: str, value: object):
    assert code_of(**{form: value}) == ErrorCode.FIELD_INVALID


def test_keys_to_unset_are_a_list_of_keys():
    assert code_of(metadata_unset="key") == ErrorCode.FIELD_INVALID
    assert problem_of(metadata_unset=["a", 1]).path == ("metadata_unset", 1)


@pytest.mark.parametrize(
    "key", ["", " ", "\u200b", "\ufff9", "a\0b", "\ud800", "k" * 129, f" {'k' * 300} "], ids=lambda key: ascii(key)[:12]
)
def test_a_key_that_no_release_could_store_is_rejected_where_it_is_to_be_unset(key: str):
    problem = problem_of(metadata_unset=["a", key])

    assert (problem.code, problem.path) == (ErrorCode.FIELD_INVALID, ("metadata_unset", 1))
    assert problem.message == "must be a key of 1 to 128 visible characters without U+0000."


def test_a_key_that_only_an_older_release_could_store_is_unset_even_if_it_is_longer():
    # U+0958 has no composed form: in normal form C it is two characters.
    for key in ("\u0958" * 128, "a\nb", "a\u200bb", f"{' ' * 99}{'k' * 128}"):
        assert merged_metadata({key: 1}, read(metadata_unset=[key]))[0] == {}


def test_at_most_500_keys_are_unset():
    assert read(metadata_unset=[*"ab"] * 250) == {"metadata_unset": ("a", "b")}

    problem = problem_of(metadata_unset=[""] * 2_000)

    assert isinstance(problem, LimitProblem)
    assert (problem.code, problem.path) == (ErrorCode.METADATA_LIMIT_EXCEEDED, ("metadata_unset",))
    assert (problem.limit, problem.actual) == (500, 2_000)


def test_the_two_forms_of_metadata_exclude_each_other():
    problem = problem_of(metadata={}, metadata_set={"a": 1}, metadata_unset=["b"])

    assert problem.code == ErrorCode.FIELD_CONFLICT
    assert "metadataSet and metadataUnset" in problem.message


def test_a_key_is_not_both_set_and_unset():
    problem = problem_of(metadata_set={"a": 1}, metadata_unset=["b", "a"])

    assert (problem.code, problem.path) == (ErrorCode.FIELD_CONFLICT, ("metadata_unset", 1))
    assert code_of(metadata_set={"a": 1}, metadata_unset=["a "]) == ErrorCode.FIELD_CONFLICT


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
    _, (problem,) = merged_metadata(stored, read(metadata_set={"new": 1}))
    assert (problem.code, problem.path) == (ErrorCode.METADATA_LIMIT_EXCEEDED, ("metadata_set",))
