"""The form of a customer's input: what is read of literals, variables and scalars, and what is no valid request."""

import json
from uuid import UUID

import pytest
from graphql import parse, validate

from app.engine.literal_problems import VALIDATION_RULES
from app.graphql.schema import executable, schema
from app.web.graphql_request import from_body
from tests.support.asking import Caller
from tests.support.new_customers import new_customer_input
from tests.support.records import Records

WITH_VARIABLES = (
    "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { creditLimit } } }"
)


@pytest.fixture
async def group(records: Records) -> UUID:
    return await records.group()


LITERAL = """
mutation ($group: ID!, $vip: Boolean, $nothing: String) {
  createCustomer(input: {
    name: "Fjord", vatZone: EU, customerGroupId: $group, countryCode: "DK", defaultCurrency: "DKK",
    creditLimit: 12.50, openingBalance: -3, email: $nothing,
    metadata: { vip: $vip, note: "n", left: $nothing, rating: 1.25, large: 12345678901234567890, half: 5e-1 }
  }) { customer { creditLimit openingBalance email metadata } errors { code path } }
}
"""


async def test_an_input_may_be_written_out_with_variables_inside(caller: Caller, group: UUID):
    payload = (await caller.data(LITERAL, group=str(group), vip=True))["createCustomer"]

    assert payload == {
        "customer": {
            "creditLimit": "12.50",
            "openingBalance": "-3.00",
            "email": None,
            "metadata": {"vip": True, "note": "n", "rating": 1.25, "large": 12345678901234567890, "half": 0.5},
        },
        "errors": [],
    }


async def test_a_null_inside_literal_metadata_is_a_problem_and_a_missing_variable_is_not(caller: Caller, group: UUID):
    payload = (await caller.data(LITERAL, group=str(group), vip=True, nothing=None))["createCustomer"]

    assert payload == {
        "customer": None,
        "errors": [{"code": "METADATA_VALUE_INVALID", "path": ["input", "metadata", "left"]}],
    }


@pytest.mark.parametrize("amount", [1000, 1000.5, "1000.5", "+1000.5", "1000.", ".5"])
async def test_an_amount_may_be_a_string_or_a_number(caller: Caller, group: UUID, amount: object):
    data = await caller.data(WITH_VARIABLES, input=new_customer_input(group, creditLimit=amount))

    assert float(data["createCustomer"]["customer"]["creditLimit"]) == float(str(amount))


AMOUNTS = (
    "mutation ($group: ID!) { createCustomer(input: { name: %s, vatZone: EU, customerGroupId: $group,"
    ' countryCode: "DK", defaultCurrency: "DKK", creditLimit: %s, openingBalance: %s'
    " }) { customer { creditLimit } errors { code path message } } }"
)


@pytest.mark.parametrize("written", ['"12.500"', "12.500", '"0.000"', "1.2500e1", "12345e-3", '"-1.005"'])
async def test_more_than_two_decimals_are_rejected_even_if_they_are_zeros(caller: Caller, group: UUID, written: str):
    document = AMOUNTS % ('"Fjord"', written, written)
    payload = (await caller.data(document, group=str(group)))["createCustomer"]

    assert payload["customer"] is None
    assert [(problem["code"], problem["path"]) for problem in payload["errors"]] == [
        ("FIELD_INVALID", ["input", "creditLimit"]),
        ("FIELD_INVALID", ["input", "openingBalance"]),
    ]
    assert "has 3 decimals; at most 2 are allowed" in payload["errors"][0]["message"]


@pytest.mark.parametrize(("written", "stored"), [("1e3", "1000.00"), ("1.25e1", "12.50"), ("125e-1", "12.50")])
async def test_an_exponent_counts_as_if_the_number_were_written_out(
    caller: Caller, group: UUID, written: str, stored: str
):
    payload = (await caller.data(AMOUNTS % ('"Fjord"', written, "0"), group=str(group)))["createCustomer"]

    assert payload == {"customer": {"creditLimit": stored}, "errors": []}


async def test_a_number_of_a_json_body_keeps_the_decimals_that_were_written(caller: Caller, group: UUID):
    body = json.dumps({"query": WITH_VARIABLES, "variables": {"input": new_customer_input(group, creditLimit=12.5)}})
    variables = from_body(body.replace("12.5", "12.500").encode()).variables

    payload = await caller.data(WITH_VARIABLES.replace("} } }", "} errors { code path } } }"), **variables)

    assert payload["createCustomer"] == {
        "customer": None,
        "errors": [{"code": "FIELD_INVALID", "path": ["input", "creditLimit"]}],
    }


async def test_a_name_of_invisible_characters_is_rejected_and_keys_are_trimmed_of_them(caller: Caller, group: UUID):
    document = (
        "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input)"
        " { customer { customerNumber externalSystemId name metadata } errors { code path } } }"
    )
    blank = (await caller.data(document, input=new_customer_input(group, name="\u200b\u2060")))["createCustomer"]
    given = new_customer_input(
        group,
        name="\ufeffZoe\u0308 ",
        customerNumber="\ufeffK-1\u200b",
        externalSystemId="\u200be\u0301",
        metadata={"\ufeffe\u0301": "A\u030a", "float": 1.50},
    )
    stored = (await caller.data(document, input=given))["createCustomer"]

    assert blank == {"customer": None, "errors": [{"code": "FIELD_REQUIRED", "path": ["input", "name"]}]}
    assert stored == {
        "customer": {
            "customerNumber": "K-1",
            "externalSystemId": "é",
            "name": "Zoë",
            # Values are kept to the letter, keys as other keys are.
            "metadata": {"é": "A\u030a", "float": 1.5},
        },
        "errors": [],
    }


@pytest.mark.parametrize(
    "amount", ["", "1 000", "1e3", "1,5", "\u0661", "NaN", "Infinity", "0x1", float("nan"), float("inf")]
)
async def test_what_is_no_decimal_number_is_a_problem_of_its_field(caller: Caller, group: UUID, amount: object):
    document = WITH_VARIABLES.replace("} } }", "} errors { code path message } } }")
    payload = (await caller.data(document, input=new_customer_input(group, creditLimit=amount)))["createCustomer"]

    assert payload["customer"] is None
    (error,) = payload["errors"]
    assert (error["code"], error["path"]) == ("FIELD_INVALID", ["input", "creditLimit"])
    assert error["message"].startswith("Credit limit must be a decimal number such as 12.50, not ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("creditLimit", True),
        ("creditLimit", [1]),
        ("creditLimit", {"a": 1}),
        ("metadata", "text"),
        ("metadata", 1),
        ("metadata", True),
        ("metadata", [1]),
        ("metadata", [{"a": 1}]),
    ],
)
async def test_a_value_of_another_kind_is_an_invalid_variable(caller: Caller, group: UUID, field: str, value: object):
    rejection = await caller.rejection(WITH_VARIABLES, input={**new_customer_input(group), field: value})

    (problem,) = rejection["problems"]
    assert (problem["code"], problem["path"]) == ("FIELD_INVALID", ["input", field])
    must = "a decimal number such as 12.50" if field == "creditLimit" else "an object of keys and values"
    assert f" must be {must}" in problem["message"]


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("creditLimit: true", "Credit limit must be a decimal number such as 12.50, not true."),
        ("creditLimit: [1]", "Credit limit must be a decimal number such as 12.50, not a list."),
        ("metadata: [1]", "Metadata must be an object of keys and values that are strings, numbers or booleans, not a list."),
        ('metadata: "{}"', 'Metadata must be an object of keys and values that are strings, numbers or booleans, not "{}".'),
        ("metadata: { a: NAME }", "Metadata must be an object of keys and values that are strings, numbers or booleans."),
    ],
)  # fmt: skip
def test_what_is_written_out_wrong_makes_the_document_invalid(field: str, says: str):
    document = f'mutation {{ updateCustomer(input: {{ id: "{UUID(int=1)}", {field} }}) {{ replayed }} }}'

    (problem,) = validate(executable(schema), parse(document), VALIDATION_RULES)

    assert problem.message == says


def test_no_field_of_an_input_has_null_as_its_default():
    assert "= null" not in schema.as_str()


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("customerNumber", "CUSTOMER_NUMBER_ALREADY_EXISTS"),
        ("externalSystemId", "EXTERNAL_SYSTEM_ID_ALREADY_EXISTS"),
    ],
)
async def test_a_key_is_one_however_its_letters_are_composed_and_finds_its_customer(
    caller: Caller, group: UUID, key: str, code: str
):
    document = (
        "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } errors { code } } }"
    )
    created = (await caller.data(document, input=new_customer_input(group, **{key: "A\u030a-1"})))["createCustomer"][
        "customer"
    ]

    again = (await caller.data(document, input=new_customer_input(group, **{key: "\ufeffÅ-1"})))["createCustomer"]
    other = (await caller.data(document, input=new_customer_input(group, **{key: "å-1"})))["createCustomer"]

    assert again == {"customer": None, "errors": [{"code": code}]}
    assert other["errors"] == []
    for written in ("Å-1", "A\u030a-1", "\u212b-1", "\u200bÅ-1 "):
        found = await caller.data("query ($by: CustomerLookup!) { customer(by: $by) { id } }", by={key: written})
        assert found == {"customer": created}, ascii(written)
