"""Clients in JavaScript make round trips: a query with variables, mutations, errors in the payload and at the top."""

import json

import pytest

from tests.support.conformance_page import Proved
from tests.support.node import NodePackages
from tests.support.seeded import Service

NAMES = ["Nordlys Gruppen A/S", "Nordlys Ærø ApS"]


@pytest.mark.parametrize(("script", "package"), [("apollo.mjs", "@apollo/client"), ("urql.mjs", "@urql/core")])
def test_a_client_reads_writes_and_is_told_what_is_wrong(
    npm: NodePackages, service: Service, proved: Proved, script: str, package: str
) -> None:
    answer = json.loads(npm.run(f"clients/{script}", environment=service.environment()))

    assert [node["name"] for node in answer["page"]["nodes"]] == NAMES
    assert answer["made"]["customer"]["name"].startswith("From ")
    assert answer["made"]["errors"] == []
    assert [(problem["__typename"], problem["code"], problem["path"]) for problem in answer["refused"]] == [
        ("InputError", "FIELD_REQUIRED", ["input", "name"]),
        ("InputError", "CUSTOMER_GROUP_NOT_FOUND", ["input", "customerGroupId"]),
    ]
    assert answer["codes"] == ["INVALID_CURSOR"]
    assert answer["unknown"] == "TOKEN_NOT_ACCEPTED"
    assert answer["requestsForBoth"] == 1
    claims = (
        "a query with variables, and the same query from the cache",
        "a mutation, and one that is rejected with a typed problem in its payload",
        "GraphQL errors with their codes: a wrong argument, an invalid token",
    )
    for claim in claims:
        proved("Clients", package, npm.version(package), claim)
