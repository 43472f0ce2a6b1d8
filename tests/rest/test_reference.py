"""Every sentence of the reference has a test, and the endpoints, parameters and fields are the reference's."""

import re
from pathlib import Path

import pytest
from graphql import FieldNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode, parse

from app.rest.documents import TEXTS
from app.rest.endpoints import ENDPOINTS
from tests.rest import reference

FOLDER = Path(__file__).parent
TESTS = {
    name
    for file in FOLDER.glob("test_reference_*.py")
    for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
}
CLAIMED = {name for endpoint in reference.ENDPOINTS.values() for names in endpoint.claims.values() for name in names}
OF_THE_EXAMPLES = {name for name in TESTS if name.startswith("test_the_examples_")}
BEYOND = {"limit", "after"}
"""Parameters that the reference doesn't have: for callers that page."""
BY_NAME = {f"{endpoint.method} {endpoint.path}": endpoint for endpoint in ENDPOINTS}


def test_every_sentence_names_tests_that_exist() -> None:
    assert sorted(CLAIMED - TESTS) == []


def test_every_test_belongs_to_a_sentence() -> None:
    assert sorted(TESTS - CLAIMED - OF_THE_EXAMPLES) == []


def test_the_endpoints_are_those_of_the_reference() -> None:
    assert sorted(BY_NAME) == sorted(reference.ENDPOINTS)


@pytest.mark.parametrize("name", reference.ENDPOINTS)
def test_an_endpoint_has_the_parameters_and_the_body_of_the_reference(name: str) -> None:
    endpoint, given = BY_NAME[name], reference.ENDPOINTS[name]
    beyond = BEYOND if given.is_list else set[str]()

    assert {parameter.name for parameter in endpoint.parameters} == given.parameters | beyond
    assert set(endpoint.body.fields if endpoint.body else ()) == given.body


@pytest.mark.parametrize("name", reference.ENDPOINTS)
def test_a_document_selects_the_fields_of_the_reference_in_their_order(name: str) -> None:
    selected = _rows(TEXTS[BY_NAME[name].document])

    assert tuple(field for field in selected if field != "version") == reference.ENDPOINTS[name].shown
    assert "version" not in selected[:-1]


def _rows(text: str) -> list[str]:
    """Return the fields of the deepest selection whose first one is `id`: that of the rows."""
    found: list[list[str]] = []

    def look(selection: SelectionSetNode | None) -> None:
        fields = [node for node in (selection.selections if selection else ()) if isinstance(node, FieldNode)]
        if fields and fields[0].name.value == "id":
            found.append([field.name.value for field in fields])
        for field in fields:
            look(field.selection_set)

    for definition in parse(text).definitions:
        assert isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
        look(definition.selection_set)
    return found[-1]
