"""Values that don't fit their types are reported together, each with a code, a path and a message for people."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from graphql import DocumentNode, OperationDefinitionNode, ValuesOfCorrectTypeRule, parse, validate
from hypothesis import assume, event, given, settings

from app.domain.errors import MOST_LISTED
from app.engine.input_values import InputValues
from app.engine.literal_problems import LiteralsRule
from app.engine.request_errors import ValueCode
from app.engine.value_problems import PROBLEMS_OF
from app.engine.variable_problems import uses_of
from app.engine.variables import OperationVariables
from tests.engine.variables import asked, nested
from tests.support.input_values import SCHEMA
from tests.support.thorough import examples

INPUTS = InputValues()
PYTHON = re.compile(r"\bNone\b|\bTrue\b|\bFalse\b|Undefined|<class|Decimal\(|\{'|'\}|\[\]|Error\b")


def operation_in(document: DocumentNode) -> OperationDefinitionNode:
    """The operation of a document."""
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def problems_of(text: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """The problems that a client is shown for the variables of a document."""
    document = parse(text)
    operation = operation_in(document)
    variables = OperationVariables(SCHEMA, operation, INPUTS)
    assert variables.coerce(values) is None
    error = variables.problems(values, uses_of(document, operation)).error([])
    return (error.extensions or {})["problems"]


def told(text: str, values: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Code, path and message of each problem."""
    return [
        (problem["code"], ".".join(map(str, problem["path"])), problem["message"])
        for problem in problems_of(text, values)
    ]


@contextmanager
def without_the_domain() -> Generator[None]:
    """Let only coercion find problems."""
    kinds = [kind for kind in SCHEMA.type_map.values() if PROBLEMS_OF in kind.extensions]
    finders = [kind.extensions.pop(PROBLEMS_OF) for kind in kinds]
    assert finders
    try:
        yield
    finally:
        for kind, finder in zip(kinds, finders, strict=True):
            kind.extensions[PROBLEMS_OF] = finder


@given(asked())
@settings(max_examples=examples(400), deadline=None)
def test_problems_are_found_in_exactly_those_variables_that_cannot_be_coerced(
    example: tuple[str, dict[str, Any]],
) -> None:
    definitions, values = example
    document = parse(f"query({definitions}) {{__typename}}")
    assume(not validate(SCHEMA, document, [ValuesOfCorrectTypeRule]))
    variables = OperationVariables(SCHEMA, operation_in(document), INPUTS)

    with without_the_domain():
        found = [problem for problem, _ in variables.problems(values, {}).found]

    event("does not fit" if found else "fits")
    assert (variables.coerce(values) is None) == bool(found)
    assert {problem.code for problem in found} <= {*ValueCode}
    assert [problem.message for problem in found if PYTHON.search(problem.message)] == []


@given(asked())
@settings(max_examples=examples(200), deadline=None)
def test_the_literals_that_are_rejected_are_those_that_graphql_core_rejects(
    example: tuple[str, dict[str, Any]],
) -> None:
    document = parse(f"query({example[0]}) {{__typename}}")

    expected = validate(SCHEMA, document, [ValuesOfCorrectTypeRule])
    found = validate(SCHEMA, document, [LiteralsRule])

    assert bool(found) == bool(expected)
    assert all((error.extensions or {})["problems"] for error in found)


CREATE = "mutation($data: CreateCustomerInput!) { createCustomer(input: $data) { errors { code } } }"
REQUIRED: dict[str, Any] = {"name": "A", "vatZone": "EU", "customerGroupId": "0198c2f0-0000-7000-8000-000000000001"} | {
    "countryCode": "DK",
    "defaultCurrency": "DKK",
}


def test_all_problems_of_an_input_come_together_with_those_of_the_domain() -> None:
    data: dict[str, Any] = REQUIRED | {
        "name": 5,
        "vatZone": "MARS",
        "paymentTerms": "30",
        "nmae": "x",
        "creditLimit": "12,5",
        "email": "nobody",
        "idempotencyKey": "",
    }
    del data["countryCode"]

    assert told(CREATE, {"data": data}) == [
        ("FIELD_INVALID", "input.paymentTerms", 'Payment terms must be a whole number, not the text "30".'),
        ("FIELD_INVALID", "input.name", "Name must be text, not 5."),
        (
            "FIELD_INVALID",
            "input.vatZone",
            'VAT zone must be one of DOMESTIC, EU, ABROAD, DOMESTIC_WITHOUT_VAT, not "MARS".',
        ),
        ("FIELD_REQUIRED", "input.countryCode", "Country code must be given."),
        ("FIELD_UNKNOWN", "input.nmae", '"nmae" is not a field of CreateCustomerInput: did you mean name?'),
        ("FIELD_INVALID", "input.email", 'Email must be an address such as name@example.com, not "nobody".'),
        (
            "FIELD_INVALID",
            "input.creditLimit",
            "Credit limit must be a decimal number such as 12.50, not text with a comma.",
        ),
        ("FIELD_INVALID", "input.idempotencyKey", "Idempotency key must not be blank."),
    ]


def test_a_row_s_problems_have_its_index_and_every_row_is_looked_at() -> None:
    upsert = "mutation($data: UpsertCustomersInput!) { upsertCustomers(input: $data) { errors { code } } }"
    rows: list[Any] = [{"name": "A"}, {"name": 1, "website": "x"}, {"billingDay": 31}, {"isActive": "yes"}, 7]
    missing = "External system ID must be given, because it is the key that finds the customer."

    assert told(upsert, {"data": {"rows": rows}}) == [
        ("FIELD_INVALID", "input.rows.1.name", "Name must be text, not 1."),
        (
            "FIELD_INVALID",
            "input.rows.1.website",
            'Website must be an http or https URL, such as https://company.example, not "x".',
        ),
        ("FIELD_INVALID", "input.rows.2.billingDay", "Billing day must be between 1 and 28, not 31."),
        ("FIELD_INVALID", "input.rows.3.isActive", 'Active must be true or false, not the text "yes".'),
        ("FIELD_INVALID", "input.rows.4", "The row must be an object, not 7."),
        *(("FIELD_REQUIRED", f"input.rows.{index}.externalSystemId", missing) for index in range(4)),
    ]


LIST = """
query($n: Int!, $big: Int, $filter: CustomerFilter!, $by: CustomerLookup!, $id: ID!) {
  customers(first: $n, last: $big, where: {and: [{isActive: true}, $filter]}) { totalCount }
  customer(by: $by) { ...Shown }
  node(id: $id) { id }
}
fragment Shown on Customer { children(where: $filter) { totalCount } }
"""


def test_paths_begin_with_the_argument_and_every_variable_is_looked_at() -> None:
    where: dict[str, Any] = {"ids": ["x", None, {}], "metadata": [{"key": "a", "value": None}], "customerType": 1}
    values: dict[str, Any] = {"big": 2**31, "filter": where, "by": {"id": "x", "customerNumber": "1"}, "id": None}

    assert told(LIST, values) == [
        ("FIELD_REQUIRED", "first", 'The argument "first" must be given.'),
        ("FIELD_INVALID", "last", 'The argument "last" must be between -2147483648 and 2147483647, not 2147483648.'),
        ("FIELD_REQUIRED", "where.and.1.ids.1", "IDs must not be null."),
        ("FIELD_INVALID", "where.and.1.ids.2", "IDs must be an ID as text, not an object."),
        ("FIELD_REQUIRED", "where.and.1.metadata.0.value", "Value must not be null."),
        ("FIELD_INVALID", "where.and.1.customerType", "Customer type must be one of BUSINESS, PRIVATE, not 1."),
        (
            "FIELD_CONFLICT",
            "by",
            'The argument "by" must have exactly one of id, customerNumber and externalSystemId, not 2.',
        ),
        ("FIELD_REQUIRED", "id", 'The argument "id" must not be null.'),
    ]
    assert [problem["variable"] for problem in problems_of(LIST, values)][:3] == ["n", "big", "filter"]


def test_the_use_of_a_variable_is_found_in_fragments_and_directives() -> None:
    document = parse("""
        query($a: Boolean!, $b: Int) { customers { nodes @include(if: $a) { ...F } } }
        fragment F on Customer { contacts(first: $b) { id } ...G }
        fragment G on Customer { departments(first: $b) { id } }
    """)
    assert uses_of(document, operation_in(document)) == {"a": ("if",), "b": ("first",)}


def test_the_listed_problems_are_bounded_and_what_follows_is_not_looked_at() -> None:
    problems = problems_of(CREATE, {"data": {"x" * 200 + str(number): 1 for number in range(100_000)}})

    assert len(problems) == MOST_LISTED + 1
    assert problems[-1] == {
        "code": "MORE_PROBLEMS",
        "path": [],
        "message": "The input has more than 100 problems: correct those listed, then try again.",
        "limit": 100,
    }
    assert max(len(str(problem)) for problem in problems) < 400


def test_a_value_that_is_nested_too_deep_is_a_problem_of_its_argument() -> None:
    query = "query($where: CustomerFilter) { customers(where: $where) { totalCount } }"
    assert told(query, {"where": nested(5_000)}) == [
        ("FIELD_INVALID", "where", 'The argument "where" must not be nested that deep.')
    ]


LITERALS = [
    ('customers(first: "x") { totalCount }', "FIELD_INVALID", "first", 'The argument "first" must be a whole number, not the text "x".'),
    ("customers(first: 2147483648) { totalCount }", "FIELD_INVALID", "first", 'The argument "first" must be between -2147483648 and 2147483647, not 2147483648.'),
    ("customers(where: {metadata: [{key: 1, value: 1}]}) { totalCount }", "FIELD_INVALID", "where.metadata.0.key", "Key must be text, not 1."),
    ("customers(where: {metadata: [{key: true, value: 1}]}) { totalCount }", "FIELD_INVALID", "where.metadata.0.key", "Key must be text, not true."),
    ("customers(where: {metadata: [{value: 1}]}) { totalCount }", "FIELD_REQUIRED", "where.metadata.0.key", "Key must be given."),
    ("customers(where: {metadata: [{key: null, value: 1}]}) { totalCount }", "FIELD_REQUIRED", "where.metadata.0.key", "Key must not be null."),
    ('customers(orderBy: {field: "NAME"}) { totalCount }', "FIELD_INVALID", "orderBy.field", 'Field must be one of NUMBER, NAME, CREATED_AT, UPDATED_AT, written without quotation marks, not "NAME".'),
    ("customers(orderBy: [NAME]) { totalCount }", "FIELD_INVALID", "orderBy.0", "Order by must be an object, not NAME."),
    ("customers(where: {isActiv: true}) { totalCount }", "FIELD_UNKNOWN", "where.isActiv", '"isActiv" is not a field of CustomerFilter: did you mean isActive?'),
    ("customer(by: {}) { id }", "FIELD_REQUIRED", "by", 'The argument "by" must have exactly one of id, customerNumber and externalSystemId, not 0.'),
    ("customer(by: {id: null}) { id }", "FIELD_REQUIRED", "by.id", "ID must not be null."),
]  # fmt: skip


@pytest.mark.parametrize(("field", "code", "path", "message"), LITERALS)  # fmt: skip
def test_a_literal_is_reported_like_the_value_of_a_variable(field: str, code: str, path: str, message: str) -> None:
    (error,) = validate(SCHEMA, parse(f"{{ {field} }}"), [LiteralsRule])

    assert error.message == message
    (problem,) = (error.extensions or {})["problems"]
    assert (problem["code"], ".".join(map(str, problem["path"])), problem["message"]) == (code, path, message)
    assert error.locations


def test_every_wrong_literal_of_a_document_is_reported() -> None:
    document = parse('{ customers(first: "x", where: {isActive: 1, x: 1}) { totalCount } node(id: {}) { id } }')
    errors = validate(SCHEMA, document, [LiteralsRule])
    assert [error.message for error in errors] == [
        'The argument "first" must be a whole number, not the text "x".',
        "Active must be true or false, not 1.",
        '"x" is not a field of CustomerFilter: leave it out.',
        'The argument "id" must be an ID as text, not an object.',
    ]
