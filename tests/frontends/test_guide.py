"""The guide says what the example does and what the schema holds."""

import json
import re
from typing import Any, cast

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLScalarType, is_specified_scalar_type, parse

from app.graphql.schema import executable, schema
from tests.frontends.guide import GUIDE, filled, possible_types, region, unmarked
from tests.support.commands import ROOT

SCHEMA = executable(schema)
TEXT = GUIDE.read_text(encoding="utf-8")
SCALARS = {
    name: kind
    for name, kind in SCHEMA.type_map.items()
    if isinstance(kind, GraphQLScalarType) and not is_specified_scalar_type(kind)
}
OBJECTS = {
    name: kind
    for name, kind in SCHEMA.type_map.items()
    if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
}
ROWS = [
    re.split(r" (?<!\\)\| ", line.strip("| ").replace("`", ""))
    for line in TEXT.split("\n## Scalars\n")[1].split("\n## ")[0].splitlines()
    if line.startswith("| `")
]
PAGING = {"first", "after", "last", "before"}
GATEWAYS = "gateways only"


def test_every_block_of_code_is_what_its_source_holds() -> None:
    assert filled(TEXT) == TEXT, "run `python -m tests.frontends.guide`"
    assert unmarked(TEXT) == 0
    assert TEXT.count("<!-- ") >= 10


def test_a_block_that_differs_from_its_source_is_found() -> None:
    block = "<!-- examples/react/src/client.ts#cache -->\n```ts\nconst cache = null;\n```"

    assert filled(block) != block
    assert region("examples/react/src/client.ts", "cache") in filled(block)
    assert unmarked("```ts\nconst cache = null;\n```") == 1


def test_every_custom_scalar_has_the_type_that_the_example_generates_with() -> None:
    generated = re.findall(r'^ {10}(\w+): "(.*)",$', (ROOT / "examples/react/codegen.ts").read_text(), re.MULTILINE)

    assert {name: kind.replace("\\", "") for name, kind, *_ in ROWS} == dict(generated)
    assert {name for name, *_ in ROWS} == SCALARS.keys()


@pytest.mark.parametrize(("name", "form", "example"), [(name, form, example) for name, _, form, example in ROWS])
def test_the_example_of_a_scalar_is_read_and_shown_alike(name: str, form: str, example: str) -> None:
    value = json.loads(example)

    assert SCALARS[name].serialize(SCALARS[name].parse_value(value)) == value
    forms = form.split(";", maxsplit=1)[0]
    named: dict[type[Any], str] = {dict: "object", list: "value", str: "string"}
    if type(value) is not str or not re.match(r"YYYY|RFC", form):
        assert named[type(value)] in forms
    assert (GATEWAYS in form) == (name == "_Any" or "__" in name)


def test_the_cache_has_a_policy_for_every_connection_by_the_arguments_that_matter() -> None:
    expected = {
        (kind.name, name): sorted(field.args.keys() - PAGING)
        for kind in OBJECTS.values()
        for name, field in kind.fields.items()
        if str(field.type).removesuffix("!").endswith("Connection")
    }
    cache = region("examples/react/src/client.ts", "cache")
    written = {
        (kind, field): sorted(re.findall(r'"(\w+)"', arguments))
        for kind, fields in re.findall(r"^ {4}(\w+): \{\s*fields: \{(.*?)\}", cache, re.MULTILINE | re.DOTALL)
        for field, arguments in re.findall(r"(\w+): relayStylePagination\((.*?)\)", fields)
    }

    assert written == expected
    assert len(expected) >= 4


def test_what_has_no_id_is_named_and_everything_else_has_one() -> None:
    (sentence,) = re.findall(r"payloads,\s+errors,(.*?)\.\n", TEXT, re.DOTALL)
    without = {name for name, kind in OBJECTS.items() if "id" not in kind.fields}
    by_their_names = {name for name in without if re.search(r"(Connection|Edge|Payload|Error)$", name)}
    roots = {"Query", "Mutation", "Subscription", "_Service"}

    assert set(re.findall(r"`(\w+)`", sentence)) == without - by_their_names - roots
    ids = {str(kind.fields["id"].type) for kind in OBJECTS.values() if "id" in kind.fields}
    assert ids == {"ID!"}


def test_the_possible_types_are_those_of_the_schema() -> None:
    assert set(possible_types(SCHEMA)) >= {"Node", "UserError", "_Entity"}
    assert "VersionConflictError" in possible_types(SCHEMA)["UserError"]


def test_every_code_that_the_guide_names_exists() -> None:
    values = cast("Any", SCHEMA.type_map["UserErrorCode"]).values
    others = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/errors.md").read_text(), re.MULTILINE)
    settings = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    named = set(re.findall(r"`((?!VITE_)[A-Z]+_[A-Z_]+)`", TEXT))

    assert named - {*values, *others, *settings} == set()
    assert len(named) >= 5


def test_the_example_sends_an_input_s_own_fields() -> None:
    kind = SCHEMA.type_map["UpdateCustomerInput"]
    assert isinstance(kind, GraphQLInputObjectType)
    (listed,) = re.findall(r"const FIELDS = \[(.*)\]", (ROOT / "examples/react/src/CustomerForm.tsx").read_text())

    assert {"expectedVersion", "idempotencyKey", *re.findall(r'"(\w+)"', listed)} <= kind.fields.keys()


def test_no_package_of_the_example_names_where_it_was_fetched_from() -> None:
    lock = json.loads((ROOT / "examples/react/package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_documents_of_the_example_parse() -> None:
    sources = [path.read_text() for path in (ROOT / "examples/react/src").glob("*.tsx")]
    documents = [text for source in sources for text in re.findall(r"graphql\(`(.*?)`\)", source, re.DOTALL)]
    assert len(documents) >= 8
    for document in documents:
        parse(document)
