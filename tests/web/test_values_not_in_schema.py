"""Resolved values that their types can't show, as a database without its checks may hold: failures of the service."""

from collections.abc import Mapping
from functools import partial

import pytest
from graphql import GraphQLObjectType, build_schema
from structlog.testing import capture_logs

from app.engine.execution import Engine
from tests.support.toy import LIMITS
from tests.support.toy_app import client_of, toy_app

HIDDEN = "a secret of the database"
VALUES: Mapping[str, tuple[str, object]] = {
    "a text that an enumeration lacks": ("Zone", HIDDEN),
    "a whole number of 33 bits": ("Int", 2**31),
    "a text that is no number": ("Int", HIDDEN),
    "a number that JSON lacks": ("Float", float("nan")),
    "a text that is no boolean": ("Boolean", HIDDEN),
    "an object that is no text": ("String", {HIDDEN: 1}),
    "an object that is no id": ("ID", {HIDDEN: 1}),
    "an item of a list": ("[Zone]", ["EU", HIDDEN]),
    "a needed item of a list": ("[Zone!]", ["EU", HIDDEN]),
}


def engine(kind: str, value: object) -> Engine:
    """An engine whose fields `found` and `needed` have this value."""
    schema = build_schema(
        f"type Query {{ found: {kind} needed: {kind}! beside: Int }} type Mutation {{ write: Written }}"
        f" type Written {{ found: {kind} }} enum Zone {{ EU }}"
    )
    values: dict[str, dict[str, object]] = {
        "Query": {"found": value, "needed": value, "beside": 1},
        "Mutation": {"write": {"found": value}},
    }
    for name, fields in values.items():
        root = schema.type_map[name]
        assert isinstance(root, GraphQLObjectType)
        for field, returned in fields.items():
            root.fields[field].resolve = partial(_returned, returned)
    return Engine(schema, LIMITS, cache_size=3)


def _returned(value: object, _root: object, _info: object) -> object:
    return value


@pytest.mark.parametrize("document", ["{ found beside }", "{ needed beside }", "mutation { write { found } }"])
@pytest.mark.parametrize(("kind", "value"), VALUES.values(), ids=VALUES)
async def test_such_a_value_is_masked_and_logged_without_itself(kind: str, value: object, document: str) -> None:
    with capture_logs() as lines:
        async with client_of(toy_app(engine=engine(kind, value))) as client:
            response = await client.post("/graphql", json={"query": document}, headers={"x-request-id": "order-66"})

    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "requestId": "order-66"}
    assert "secret" not in response.text
    failure, operation = lines
    assert (failure["event"], failure["request_id"], failure["path"]) == ("failure", "order-66", error["path"])
    name = kind.strip("[!]")
    assert str(failure["exc_info"]).startswith(f"{name} can't show a value of type ")
    assert failure["exc_info"].__context__ is None
    assert operation["codes"] == ("INTERNAL_SERVER_ERROR",)
