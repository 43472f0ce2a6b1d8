"""Values that can't be read are problems of their fields, beside those of all other fields, and nothing is written."""

from typing import Any, cast
from uuid import UUID

import pytest
from graphql import (
    GraphQLInputObjectType,
    get_named_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)
from sqlalchemy.ext.asyncio import AsyncEngine

from app.graphql.input_problems import READERS
from app.graphql.schema import executable, schema
from tests.support.asking import Caller
from tests.support.new_customers import new_customer_input
from tests.support.records import Records
from tests.support.untouched import everything_of

CREATE = "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { errors { code path message } } }"
GROUP = """mutation ($input: CreateCustomerGroupInput!) {
  createCustomerGroup(input: $input) { errors { code path message } }
}"""
COMMA = "must be a decimal number such as 12.50, not text with a comma."


@pytest.fixture
async def group(records: Records) -> UUID:
    return await records.group(number="7", name="Retail")


def told(errors: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(error["code"], ".".join(error["path"]), error["message"]) for error in errors]


async def test_an_unreadable_amount_is_reported_with_the_problems_of_other_fields(
    caller: Caller, group: UUID, owner_engine: AsyncEngine
) -> None:
    before = await everything_of(owner_engine, caller.company_id)
    given = new_customer_input(group, creditLimit="12,5", openingBalance="a lot", email="nobody", billingDay=31)

    payload = (await caller.data(CREATE, input=given))["createCustomer"]

    assert told(payload["errors"]) == [
        ("FIELD_INVALID", "input.email", 'Email must be an address such as name@example.com, not "nobody".'),
        ("FIELD_INVALID", "input.creditLimit", f"Credit limit {COMMA}"),
        (
            "FIELD_INVALID",
            "input.openingBalance",
            'Opening balance must be a decimal number such as 12.50, not "a lot".',
        ),
        ("FIELD_INVALID", "input.billingDay", "Billing day must be between 1 and 28, not 31."),
    ]
    assert await everything_of(owner_engine, caller.company_id) == before


@pytest.mark.parametrize("written", ['"12,5"', '"1 200"', '"1e3"', '""', '"12.5.0"', '"NaN"', "1e99999999999999999999"])
async def test_a_literal_and_a_variable_that_cannot_be_read_get_the_same_answer(
    caller: Caller, group: UUID, written: str
) -> None:
    given = new_customer_input(group)
    fields = " ".join(
        f"{name}: {value if name == 'vatZone' else chr(34) + str(value) + chr(34)}" for name, value in given.items()
    )
    literal = f"mutation {{ createCustomer(input: {{{fields} creditLimit: {written}}}) {{ errors {{ code path message }} }} }}"

    by_literal = (await caller.data(literal))["createCustomer"]["errors"]
    by_variable = (await caller.data(CREATE, input={**given, "creditLimit": written.strip('"')}))["createCustomer"]

    assert by_literal == by_variable["errors"]
    assert [(error["code"], error["path"]) for error in by_literal] == [("FIELD_INVALID", ["input", "creditLimit"])]


async def test_a_variable_in_a_literal_is_reported_at_its_field(caller: Caller) -> None:
    document = """mutation ($limit: Decimal) {
      createCustomer(input: {
        name: " ", vatZone: EU, customerGroupId: "x", countryCode: "DK", defaultCurrency: "DKK", creditLimit: $limit
      }) { errors { code path } }
    }"""
    errors = (await caller.data(document, limit="12,5"))["createCustomer"]["errors"]
    assert [(error["code"], error["path"][1]) for error in errors] == [
        ("FIELD_REQUIRED", "name"),
        ("FIELD_INVALID", "customerGroupId"),
        ("FIELD_INVALID", "creditLimit"),
    ]


async def test_a_percentage_is_read_like_an_amount(caller: Caller) -> None:
    given = {"number": "", "name": "A", "discount": "12,5", "accountId": "x"}
    errors = (await caller.data(GROUP, input=given))["createCustomerGroup"]["errors"]
    assert [(error["code"], error["path"][1]) for error in errors] == [
        ("FIELD_REQUIRED", "number"),
        ("FIELD_INVALID", "discount"),
        ("FIELD_INVALID", "accountId"),
    ]


UPSERT = """mutation ($input: UpsertCustomersInput!) {
  upsertCustomers(input: $input) { replayed errors { code } results { outcome errors { code path message } } }
}"""


async def test_a_row_that_cannot_be_read_is_rejected_alone_and_so_again_under_its_key(
    caller: Caller, group: UUID
) -> None:
    good, wrong = (
        {**new_customer_input(group), "externalSystemId": "a"},
        {**new_customer_input(group), "externalSystemId": "b", "creditLimit": "12,5"},
    )
    given = {"rows": [good, wrong], "onRefusal": "ROW_BY_ROW", "idempotencyKey": "k"}

    first = (await caller.data(UPSERT, input=given))["upsertCustomers"]
    again = (await caller.data(UPSERT, input=given))["upsertCustomers"]

    assert [row["outcome"] for row in first["results"]] == ["CREATED", "REFUSED"]
    assert told(first["results"][1]["errors"]) == [
        ("FIELD_INVALID", "input.rows.1.creditLimit", f"Credit limit {COMMA}")
    ]
    assert again == {**first, "replayed": True}


NESTED: dict[str, dict[str, Any]] = {
    "UpsertSubscriptionRow": {
        "externalSystemId": "a",
        "customer": {"customerNumber": "1"},
        "currentPeriod": {"startsOn": "2026-06-01", "endsOn": "2026-07-01"},
        "anchorDay": "1",
    },
    "UpsertContactRow": {"customer": {"externalSystemId": "a"}, "name": "Ann", "isDefaultForCustomer": "yes"},
    "UpsertDepartmentRow": {"customer": {"customerNumber": "1"}, "name": "Depot", "isDefault": "yes"},
}
"""Rows in which only the last field is wrong, beside objects that are right."""


@pytest.mark.parametrize("kind", NESTED)
async def test_an_object_that_is_right_is_no_problem_beside_a_field_that_is_wrong(caller: Caller, kind: str) -> None:
    name = f"{kind.removesuffix('Row')}s"
    row = NESTED[kind]
    document = (
        f"mutation ($input: {name}Input!) {{ {name[0].lower()}{name[1:]}(input: $input) {{ errors {{ code }} }} }}"
    )

    rejection = await caller.rejection(
        document, input={"rows": [row], "matchBy": "NAME"} if "Contact" in kind else {"rows": [row]}
    )

    assert [problem["path"] for problem in rejection["problems"]] == [["input", "rows", "0", [*row][-1]]]


def inputs_below(root: str) -> dict[str, GraphQLInputObjectType]:
    """The inputs that the fields of a root type take, nested ones too."""
    found: dict[str, GraphQLInputObjectType] = {}
    fields = cast("Any", executable(schema).type_map[root]).fields.values()
    kinds = [named(argument.type) for field in fields for argument in field.args.values()]
    while kinds:
        kind = kinds.pop()
        if isinstance(kind, GraphQLInputObjectType) and kind.name not in found:
            found[kind.name] = kind
            kinds += [named(field.type) for field in kind.fields.values()]
    return found


def named(kind: Any) -> Any:
    """A type without its wrappers."""
    return cast("Any", get_named_type(kind))


READ_WITH_OTHERS = {"CurrentPeriodInput", "CustomerLookup", "SubscriptionTransitionInput"}
"""What the reader of the input or row that holds them reads."""


def test_the_domain_looks_at_every_input_of_a_mutation() -> None:
    assert {*inputs_below("Mutation")} - {kind.__name__ for kind in READERS} == READ_WITH_OTHERS


def test_only_inputs_that_the_domain_reads_have_fields_whose_text_may_be_unreadable() -> None:
    readers = {kind.__name__ for kind in READERS} | READ_WITH_OTHERS
    inputs = [kind for kind in executable(schema).type_map.values() if isinstance(kind, GraphQLInputObjectType)]
    lenient = {
        kind.name
        for kind in inputs
        if any(named(field.type).name in {"Decimal", "Date"} for field in kind.fields.values())
    }
    assert lenient
    assert lenient <= readers
    arguments: list[str] = [
        named(argument.type).name
        for kind in executable(schema).type_map.values()
        for field in getattr(kind, "fields", {}).values()
        for argument in getattr(field, "args", {}).values()
    ]
    assert not {"Decimal", "Date"} & {*arguments}
