"""Paths of problems: attributes below, the schema's names in answers."""

import pytest

from app.domain.errors import ErrorCode, MetadataProblem, Path, Problem
from app.graphql.paths import schema_path


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
