"""Paths and messages of problems: attributes below, the schema's names and whole sentences in answers."""

import pytest

from app.domain.errors import ErrorCode, MetadataProblem, Path, Problem
from app.graphql.paths import full_message, schema_path


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ((), ("input",)),
        (("postal_code",), ("input", "postalCode")),
        (("rows", 3, "metadata_unset", 0), ("input", "rows", 3, "metadataUnset", 0)),
    ],
)
def test_a_path_is_shown_in_the_names_of_the_schema(attributes: Path, shown: Path) -> None:
    assert schema_path(Problem(ErrorCode.FIELD_INVALID, attributes, "")) == shown


@pytest.mark.parametrize("key", ["my_key", "input", ""])
def test_a_key_of_metadata_is_shown_as_it_was_sent(key: str) -> None:
    problem = MetadataProblem(ErrorCode.METADATA_VALUE_INVALID, ("rows", 0, "metadata_set", key), "", key)
    assert schema_path(problem) == ("input", "rows", 0, "metadataSet", key)


def test_a_path_that_an_earlier_release_stored_is_shown_as_it_is() -> None:
    stored = ("input", "rows", 0, "metadataSet", "my_key")
    assert schema_path(MetadataProblem(ErrorCode.METADATA_VALUE_INVALID, stored, "", "my_key")) == stored


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ((), "The input must be right."),
        (("rows", 3), "The row must be right."),
        (("email",), "Email must be right."),
        (("parent_customer_id",), "Parent customer ID must be right."),
        (("is_active",), "Active must be right."),
        (("rows", 3, "metadata_unset", 0), "Metadata unset must be right."),
        (("input",), "The input must be right."),
        (("input", "rows", 3), "The row must be right."),
        (("input", "rows", 3, "vatNumber"), "VAT number must be right."),
    ],
)
def test_a_message_is_a_sentence_that_names_its_subject(path: Path, message: str) -> None:
    assert full_message(Problem(ErrorCode.FIELD_INVALID, path, "must be right.")) == message


def test_a_message_about_metadata_names_the_entry() -> None:
    problem = MetadataProblem(ErrorCode.METADATA_VALUE_INVALID, ("metadata", "my_key"), "must be text.", "my_key")
    assert full_message(problem) == 'Metadata entry "my_key" must be text.'
