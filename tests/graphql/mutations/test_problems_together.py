"""A value of a wrong type hides no problem of another field: all come together, in every input of a mutation.

What the other fields get is what the mutation itself says of them when no value has a wrong type.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, cast

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    get_nullable_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)
from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine.request_errors import RequestError
from tests.support.asking import ENGINE, Caller
from tests.support.every_mutation import MUTATIONS, TABLE
from tests.support.input_values import Token, written
from tests.support.untouched import everything_of

HIDDEN = "a\u200bb"
"""A key with an invisible character."""
WRONG: Mapping[str, object] = {
    "Boolean": "yes",
    "Date": 5,
    "Decimal": True,
    "ID": True,
    "Int": "x",
    "Metadata": "x",
    "String": 5,
}
"""Values that don't fit, by type."""
ADDRESS = {"countryCode": "Denmark", "city": "x" * 256, "address": "\0", "postalCode": "x" * 256}
CUSTOMER: dict[str, Any] = {"name": " ", "customerGroupId": "x", "defaultCurrency": "KR", **ADDRESS}
MORE: dict[str, Any] = {
    "email": "nobody",
    "website": "x",
    "creditLimit": "12,5",
    "openingBalance": "a lot",
    "paymentTerms": -1,
    "billingDay": 31,
    "isActive": None,
    "parentCustomerId": "x",
}
CONTACT: dict[str, Any] = {"name": " ", "email": "nobody", "phone": "x" * 256}
DEPARTMENT: dict[str, Any] = {"name": " ", "isActive": None, "eanNumber": "1", **ADDRESS}
GROUP: dict[str, Any] = {"name": " ", "discount": "7,5", "accountId": "x"}
ENDPOINT: dict[str, Any] = {
    "url": "ftp://somebody@receiver.example/#x",
    "types": ["CUSTOMER_CREATED"] * 51,
    "document": "x" * 10_001,
}
DEFAULT_IDS = {"id": "x", "newDefaultId": "y", "expectedVersion": 0}
SUBSCRIPTION: dict[str, Any] = {
    "externalSystemId": HIDDEN,
    "customer": {"customerNumber": HIDDEN},
    "name": None,
    "currency": "KR",
    "netAmount": "1e3",
    "anchorDay": 32,
    "startedOn": "2026-02-30",
    "currentPeriod": {"startsOn": "today", "netAmount": "-1"},
}
KEY = {"idempotencyKey": " "}
MALFORMED: dict[str, dict[str, Any]] = {
    "createCustomer": {**CUSTOMER, **MORE, "vatZone": "EU", "customerNumber": "", "metadata": {"a": [1]}, **KEY},
    "updateCustomer": {
        **MORE,
        "id": "x",
        "vatZone": None,
        "metadataSet": {"a": [1]},
        "metadataUnset": ["b", " "],
        "subscriptionTransitions": [{"subscriptionId": "x"}, {"subscriptionId": "y"}],
        **KEY,
    },
    "upsertCustomers": {
        "rows": [
            {**CUSTOMER, "externalSystemId": HIDDEN},
            {**MORE, "website": "https://company.example", "subscriptionTransitions": [{"subscriptionId": "x"}]},
        ],
        **KEY,
    },
    "createContact": {**CONTACT, "customerId": "x", "isDefaultForCustomer": None, **KEY},
    "updateContact": {**CONTACT, **DEFAULT_IDS, **KEY},
    "deleteContact": {**DEFAULT_IDS, **KEY},
    "upsertContacts": {
        "rows": [
            {**CONTACT, "customer": {"id": "x"}},
            {**CONTACT, "id": "x", "expectedVersion": 0},
            {"isDefaultForCustomer": None},
        ],
        **KEY,
    },
    "createDepartment": {**DEPARTMENT, "customerId": "x", "isDefault": None, **KEY},
    "updateDepartment": {**DEPARTMENT, **DEFAULT_IDS, **KEY},
    "deleteDepartment": {**DEFAULT_IDS, **KEY},
    "upsertDepartments": {
        "rows": [{**DEPARTMENT, "customer": {"externalSystemId": ""}}, {"id": "x"}, {"poNumber": "\0"}],
        **KEY,
    },
    "createCustomerGroup": {**GROUP, "number": HIDDEN, "metadata": {"a": [1]}, **KEY},
    "updateCustomerGroup": {**GROUP, "id": "x", "expectedVersion": 0, "metadataSet": {"a": [1]}, **KEY},
    "deleteCustomerGroup": {"id": "x", "expectedVersion": 0, **KEY},
    "upsertCustomerGroups": {"rows": [{**GROUP, "number": HIDDEN}, {"metadataUnset": [" "]}, {"id": "x"}], **KEY},
    "upsertLedgerAccounts": {"rows": [{"number": HIDDEN, "name": " "}, {}, {"name": "x" * 256}], **KEY},
    "upsertSubscriptions": {"rows": [SUBSCRIPTION, {}, {"id": "x"}], **KEY},
    "createWebhookEndpoint": {**ENDPOINT, **KEY},
    "updateWebhookEndpoint": {**ENDPOINT, "id": "x", "status": None, "expectedVersion": 0, **KEY},
    "deleteWebhookEndpoint": {"id": "x", "expectedVersion": 0, **KEY},
    "rotateWebhookSecret": {"id": "x", "expectedVersion": 0, **KEY},
    "testWebhookEndpoint": {"id": "x", **KEY},
    "replayWebhookEndpoint": {"id": "x", "after": " ", **KEY},
}
"""An input of every mutation in which the domain finds a problem with almost each field, at most ten in a row."""

CODES = {"FIELD_REQUIRED", "FIELD_INVALID", "FIELD_TOO_LONG", "FIELD_NOT_CLEARABLE", "METADATA_VALUE_INVALID"}
"""What needs nothing stored."""

Path = tuple[str | int, ...]
Told = tuple[str, Path, str]
"""Code, path and message of a problem."""


def nullable(kind: Any) -> Any:
    return cast("Any", get_nullable_type(kind))


def fields_of(kind: Any, value: object) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the type of every field of an input, and of those that are in the value."""
    kind = nullable(kind)
    if isinstance(kind, GraphQLList):
        # One item stands for all.
        for path, type_ in fields_of(cast("Any", kind).of_type, cast("list[object]", value)[0]):
            yield (0, *path), type_
    elif isinstance(kind, GraphQLInputObjectType):
        given = cast("Mapping[str, object]", value)
        for name in given if kind.is_one_of else kind.fields:
            type_ = kind.fields[name].type
            yield (name,), type_
            if isinstance(given.get(name), dict | list):
                yield from (((name, *path), below) for path, below in fields_of(type_, given[name]))


def wrong_value(kind: Any) -> object:
    """A value that doesn't fit a type."""
    kind = nullable(kind)
    if isinstance(kind, GraphQLList):
        of_type = cast("Any", kind).of_type
        return 7 if isinstance(nullable(of_type), GraphQLInputObjectType) else [wrong_value(of_type)]
    if isinstance(kind, GraphQLInputObjectType):
        return 7
    return "NOPE" if isinstance(kind, GraphQLEnumType) else WRONG[kind.name]


def having(given: dict[str, Any], path: Path, value: object) -> dict[str, Any]:
    """An input with another value at a path."""
    found: Any = deepcopy(given)
    at = found
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return found


def literal(kind: Any, value: object) -> object:
    """A value with enumerations as a document holds them."""
    kind = nullable(kind)
    if isinstance(kind, GraphQLList) and isinstance(value, list):
        return [literal(cast("Any", kind).of_type, item) for item in cast("list[object]", value)]
    if isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        given = cast("dict[str, object]", value)
        return {name: literal(kind.fields[name].type, item) for name, item in given.items()}
    return Token(value) if isinstance(kind, GraphQLEnumType) and isinstance(value, str) else value


class Asked:
    """A mutation whose input is sent in one of three ways."""

    def __init__(self, caller: Caller, name: str) -> None:
        self._caller, self._name = caller, name
        self.kind: Any = MUTATIONS[name].args["input"].type

    async def payload(self, given: dict[str, Any]) -> list[Told]:
        """What the mutation reports."""
        document = f"mutation($input: {self.kind}) {{ {self._field('$input')} }}"
        payload = (await self._caller.data(document, input=given))[self._name]
        return [(error["code"], (*error["path"],), error["message"]) for error in payload["errors"]]

    async def by_variable(self, given: dict[str, Any]) -> list[Told]:
        """What is wrong with one variable that holds the input."""
        return await self._rejected(f"mutation($input: {self.kind}) {{ {self._field('$input')} }}", input=given)

    async def by_variables(self, given: dict[str, Any]) -> list[Told]:
        """What is wrong with a variable for each field."""
        fields = nullable(self.kind).fields
        definitions = ", ".join(f"${name}: {fields[name].type}" for name in given)
        written_out = "{" + ", ".join(f"{name}: ${name}" for name in given) + "}"
        return await self._rejected(f"mutation({definitions}) {{ {self._field(written_out)} }}", **given)

    async def by_literal(self, given: dict[str, Any]) -> list[Told]:
        """What is wrong with the input in a document."""
        with pytest.raises(RequestError) as rejected:
            ENGINE.prepare(f"mutation {{ {self._field(written(literal(self.kind, given)))} }}")
        errors = rejected.value.errors
        assert all(error.locations for error in errors)
        return [told for error in errors for told in _told((error.extensions or {})["problems"])]

    def _field(self, argument: str) -> str:
        return f"{self._name}(input: {argument}) {{ errors {{ code path message }} }}"

    async def _rejected(self, document: str, /, **variables: Any) -> list[Told]:
        return _told((await self._caller.rejection(document, **variables))["problems"])


def _told(problems: list[dict[str, Any]]) -> list[Told]:
    return [(problem["code"], tuple(map(str, problem["path"])), problem["message"]) for problem in problems]


def _without(problems: list[Told], field: Path) -> set[Told]:
    """The problems of other fields, and of rules that don't depend on the field."""
    place = ("input", *map(str, field))
    judged_by = "FIELD_REQUIRED" if field == ("matchBy",) else None
    return {told for told in problems if told[1][: len(place)] != place and told[0] != judged_by}


def test_every_mutation_is_asked() -> None:
    assert MALFORMED.keys() == TABLE.keys() == MUTATIONS.keys()


@pytest.mark.parametrize("way", ["by_variable", "by_variables", "by_literal"])
@pytest.mark.parametrize("name", MALFORMED)
async def test_a_value_of_a_wrong_type_hides_no_problem_of_another_field(
    caller: Caller, owner_engine: AsyncEngine, name: str, way: str
) -> None:
    asked, given = Asked(caller, name), MALFORMED[name]
    before = await everything_of(owner_engine, caller.company_id)
    alone = await asked.payload(given)
    assert {code for code, *_ in alone} <= CODES

    for field, kind in fields_of(asked.kind, given):
        found = await getattr(asked, way)(having(given, field, wrong_value(kind)))

        assert _without(found, field) < {*found}, field
        assert _without(found, field) == _without(alone, field), field
    assert await everything_of(owner_engine, caller.company_id) == before
