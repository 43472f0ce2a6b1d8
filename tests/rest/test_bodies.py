"""What a body becomes, and why it is rejected: all problems at once, in its own order and in REST's spelling."""

import re
from enum import StrEnum
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    get_named_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    get_nullable_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    is_list_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)
from hypothesis import given
from hypothesis import strategies as st

from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.errors import MOST_LISTED
from app.rest.bodies import Body, input_of
from app.rest.problems import Invalid
from app.rest.rejections import in_rest_spelling, validation_problems
from app.web.strict_json import json_of
from tests.rest.checking import CREATION, SCHEMA, UPDATE, UUID, fits, read, told

REQUIRED = {
    "name": "Nordlys",
    "vatZone": "domestic",
    "customerGroupId": UUID,
    "countryCode": "DK",
    "defaultCurrency": "DKK",
}
ENUMERATIONS: dict[str, type[StrEnum]] = {
    "customerType": CustomerType,
    "vatZone": VatZone,
    "paymentTermType": PaymentTermType,
    "billingRelationship": BillingRelationship,
    "consolidationMode": ConsolidationMode,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("body", [CREATION, UPDATE])
def test_members_become_fields_as_they_are_and_in_their_order(body: Body) -> None:
    value = {"notes": "x", "creditLimit": json_of(b"12.50", "body"), "email": None, "metadata": {"b": 1, "a": None}}

    found = read(body, value)

    assert found == value
    assert [*found] == [*value]
    assert found["creditLimit"] is value["creditLimit"]


@pytest.mark.parametrize("body", [CREATION, UPDATE])
def test_nothing_is_an_empty_input(body: Body) -> None:
    assert read(body, {}) == {}


@pytest.mark.parametrize(("value", "kind"), [(None, "null"), (True, "true"), (5, "5"), ("x", '"x"'), (["x"], "a list")])
def test_a_body_is_an_object(value: object, kind: str) -> None:
    with pytest.raises(Invalid) as rejected:
        input_of(CREATION, value)

    assert [*rejected.value.problems] == [("", "FIELD_INVALID", f"The body must be an object, not {kind}.")]


@pytest.mark.parametrize(
    ("name", "value"), [(name, option.value) for name, options in ENUMERATIONS.items() for option in options]
)
@pytest.mark.parametrize("spell", [str.upper, str.lower, str.title])
def test_enumerations_are_read_in_any_case(name: str, value: str, spell: Any) -> None:
    assert read(UPDATE, {name: spell(value)}) == {name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vatZone", "europe"),
        ("vatZone", ""),
        ("vatZone", " eu"),
        ("vatZone", "eu\0"),
        ("vatZone", 5),
        ("vatZone", ["eu"]),
        ("vatZone", {"eu": "eu"}),
        ("billingRelationship", "\u017felf"),
        ("billingRelationship", "SELF, PARENT_PAYS"),
        ("billingRelationship", "parent-pays"),
        ("consolidationMode", "per_child"),
        ("paymentTermType", ""),
    ],
)
def test_other_values_are_rejected_with_those_of_rest(name: str, value: object) -> None:
    ((named, code, message),) = told(UPDATE, {name: value})

    # The reference writes all but these two in lower case.
    names = [option.value for option in ENUMERATIONS[name]]
    texts = ", ".join(names if name in {"customerType", "paymentTermType"} else map(str.lower, names))
    assert (named, code) == (name, "FIELD_INVALID")
    assert f"must be one of {texts}, not " in message
    assert not isinstance(value, str) or f'"{value}"' in message.replace("\\u0000", "\0")


def test_the_key_of_a_metadata_entry_is_part_of_its_property_unless_it_is_too_long() -> None:
    found = told(CREATION, REQUIRED | {"metadata": {"k" * 128: None, "long " * 100: 1, "a.b c": [1]}, "x": 1})

    assert [name for name, _, _ in found] == [
        "metadata.a.b c",
        f"metadata.{'k' * 128}",
        f"metadata.{('long ' * 100)[:141]}…",
        "x",
    ]


def test_what_callers_wrote_is_quoted_as_they_wrote_it() -> None:
    message = r'Name can\'t be PARENT_PAYS or DOMESTIC, not "SELF \" EU \\" or SELF or SELFISH.'

    assert in_rest_spelling(message) == (
        r'Name can\'t be parent_pays or domestic, not "SELF \" EU \\" or self or SELFISH.'
    )


@pytest.mark.parametrize("body", [CREATION, UPDATE])
@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("creditLimt", "did you mean creditLimit?"),
        ("credit_limit", "did you mean creditLimit?"),
        ("Name", "did you mean name?"),
        ("id", "leave it out."),
        ("idempotencyKey", "send it in the header Idempotency-Key."),
        ("expectedVersion", "send it in the header If-Match."),
        ("metadataSet", "did you mean metadata?"),
        ("metadataUnset", "did you mean metadata?"),
        ("transitionDigest", "leave it out."),
        ("__proto__", "leave it out."),
        ("", "leave it out."),
    ],
)
def test_unknown_members_are_rejected_even_if_graphql_has_them(body: Body, name: str, advice: str) -> None:
    problem = (name, "FIELD_UNKNOWN", f'"{name}" is not a property of the body: {advice}')

    assert told(body, REQUIRED | {name: 1}) == [problem]
    assert told(body, REQUIRED | {name: None}) == [problem]


def test_only_an_update_acknowledges_subscriptions() -> None:
    acknowledged = {"subscriptionTransitions": [{"subscriptionId": UUID}]}

    assert fits(UPDATE, acknowledged)
    assert [code for _, code, _ in told(CREATION, REQUIRED | acknowledged)] == ["FIELD_UNKNOWN"]


@pytest.mark.parametrize("value", ["x", {"subscriptionId": UUID}, {}, 5, True])
def test_one_item_does_not_stand_for_a_list(value: object) -> None:
    ((name, code, message),) = told(UPDATE, {"subscriptionTransitions": value})

    assert (name, code) == ("subscriptionTransitions", "FIELD_INVALID")
    assert message.startswith("Subscription transitions must be a list, not ")


def test_problems_of_items_name_their_place() -> None:
    found = told(UPDATE, {"subscriptionTransitions": [{}, None, UUID, {"subscriptionId": UUID, "id": UUID}]})

    assert found == [
        (
            "subscriptionTransitions.0.subscriptionId",
            "FIELD_REQUIRED",
            "Subscription ID must be given.",
        ),
        ("subscriptionTransitions.1", "FIELD_REQUIRED", "Subscription transitions must not be null."),
        (
            "subscriptionTransitions.2",
            "FIELD_INVALID",
            f'Subscription transitions must be an object, not "{UUID}".',
        ),
        ("subscriptionTransitions.3.id", "FIELD_UNKNOWN", '"id" is not a property of the body: leave it out.'),
    ]


def test_all_problems_come_at_once_in_the_order_of_the_body() -> None:
    body = {
        "billingDay": 29,
        "creditLimt": 5,
        "email": "nobody",
        "vatZone": "mars",
        "metadata": {"a.b": None, "c": "x" * 501},
        "countryCode": None,
        "idempotencyKey": "k",
        "openingBalance": "12,5",
        "paymentTerms": "30",
        "name": " ",
    }

    assert [(name, code) for name, code, _ in told(CREATION, body)] == [
        ("billingDay", "FIELD_INVALID"),
        ("creditLimt", "FIELD_UNKNOWN"),
        ("email", "FIELD_INVALID"),
        ("vatZone", "FIELD_INVALID"),
        ("metadata.a.b", "METADATA_VALUE_INVALID"),
        ("metadata.c", "METADATA_VALUE_INVALID"),
        ("countryCode", "FIELD_REQUIRED"),
        ("idempotencyKey", "FIELD_UNKNOWN"),
        ("openingBalance", "FIELD_INVALID"),
        ("paymentTerms", "FIELD_INVALID"),
        ("name", "FIELD_REQUIRED"),
        ("customerGroupId", "FIELD_REQUIRED"),
        ("defaultCurrency", "FIELD_REQUIRED"),
    ]


def test_an_update_without_a_customer_of_its_own_type_tells_what_it_cannot_clear() -> None:
    found = told(UPDATE, {"name": None, "isActive": None, "metadata": None, "x": 1})

    assert [(name, code) for name, code, _ in found] == [
        ("name", "FIELD_NOT_CLEARABLE"),
        ("isActive", "FIELD_NOT_CLEARABLE"),
        ("metadata", "FIELD_NOT_CLEARABLE"),
        ("x", "FIELD_UNKNOWN"),
    ]


def test_a_body_of_thousands_of_unknown_members_lists_the_first_hundred() -> None:
    found = told(UPDATE, {f"p{number}": 1 for number in range(5_000)})

    assert len(found) == MOST_LISTED + 1
    assert found[-1] == (
        "",
        "MORE_PROBLEMS",
        "The request has more than 100 problems: correct those listed, then try again.",
    )


def test_similar_names_are_told_for_the_first_unknown_members_only() -> None:
    found = told(UPDATE, {f"{name}s": 1 for name in ("name", "email", "phone", "city", "notes", "website", "address")})

    hints = [message.rpartition(": ")[2] for _, _, message in found]
    assert hints == [
        *(f"did you mean {name}?" for name in ("name", "email", "phone", "city", "notes")),
        *["leave it out."] * 2,
    ]


def test_a_long_name_is_shortened() -> None:
    ((name, code, message),) = told(UPDATE, {"x" * 100_000: 1})

    assert code == "FIELD_UNKNOWN"
    assert re.fullmatch("x{150}…", name)
    assert len(message) < 150


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"12.5", "12.5"),
        (b"12.50", "12.50"),
        (b'"12.50"', "12.50"),
        (b"1234567890123.45", "1234567890123.45"),
        (b"0.1", "0.1"),
        (b"-0", "0"),
        (b"1e1", "1E+1"),
    ],
)
def test_amounts_keep_the_digits_that_were_written(written: bytes, expected: str) -> None:
    given = json_of(b'{"openingBalance":%b}' % written, "body")

    coerced = SCHEMA.type_map["Decimal"]
    assert str(coerced.coerce_input_value(read(UPDATE, given)["openingBalance"])) == expected  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType] - a scalar


def test_problems_of_payloads_are_translated_like_those_of_values() -> None:
    found: list[dict[str, Any]] = [
        {"code": "FIELD_INVALID", "path": ["input", "idempotencyKey"], "message": "Idempotency key must not be blank."},
        {"code": "FIELD_REQUIRED", "path": ["input", "name"], "message": "Name must be given and not be blank."},
        {
            "code": "X",
            "path": ["input", "billingRelationship"],
            "message": "Billing relationship can't be PARENT_PAYS.",
        },
        {"code": "FIELD_INVALID", "path": ["input"], "message": "The input must not be nested that deep."},
    ]

    problems = validation_problems(found, (), {})
    assert [(problem.property, problem.message) for problem in problems] == [
        ("Idempotency-Key", "Idempotency key must not be blank."),
        ("name", "Name must be given and not be blank."),
        ("billingRelationship", "Billing relationship can't be parent_pays."),
        ("", "The body must not be nested that deep."),
    ]


def test_only_members_of_the_body_itself_are_enumerations_or_lists() -> None:
    kinds: list[Any] = [SCHEMA.type_map[body.input_type] for body in (CREATION, UPDATE)]
    inner: list[Any] = [get_named_type(field.type) for kind in kinds for field in kind.fields.values()]
    inputs = [kind for kind in inner if isinstance(kind, GraphQLInputObjectType)]
    nested: list[Any] = [field.type for kind in inputs for field in kind.fields.values()]

    assert nested
    # Otherwise `input_of` would have to read them below the first level, too.
    assert not [of for of in nested if is_list_type(get_nullable_type(of)) or isinstance(of, GraphQLEnumType)]


@given(
    st.sampled_from([CREATION, UPDATE]),
    st.dictionaries(st.sampled_from([*UPDATE.fields, "id", "expectedVersion"]) | st.text(max_size=9), JSON),
)
def test_a_body_fits_or_is_rejected_at_its_own_properties(body: Body, value: dict[str, Any]) -> None:
    is_strange = not value.keys() <= {*body.fields}

    if fits(body, value):
        assert not is_strange
        return
    found = told(body, value)
    tops = {name.split(".")[0] for name, _, _ in found}
    assert found
    assert {*value} - {*body.fields} <= {name for name, code, _ in found if code == "FIELD_UNKNOWN"}
    assert all(message for _, _, message in found)
    assert tops - {*REQUIRED} <= {name.split(".")[0] for name in value} | {""}
