"""Clients in JavaScript follow changes live over WebSockets."""

import json
from typing import Any

import pytest

from tests.support.conformance_page import Proved
from tests.support.node import NodePackages
from tests.support.seeded import Service


def check(answer: dict[str, Any], name: str) -> None:
    """Check the round trip of one client."""
    assert (answer["errors"], answer["type"], answer["names"]) == ([], "CUSTOMER_UPDATED", [name])


def test_graphql_ws_follows_changes_resumes_and_is_told_why_it_is_closed(
    npm: NodePackages, service: Service, proved: Proved
) -> None:
    answer = json.loads(npm.run("clients/graphql-ws.mjs", environment=service.environment()))

    check(answer, "By graphql-ws")
    versions = answer["versions"]
    assert versions == [*range(versions[0], versions[0] + 3)]
    code, reason = answer["unknown"]
    assert (code, reason.startswith("TOKEN_NOT_ACCEPTED: ")) == (4403, True), reason
    assert answer["legacy"] == [
        4406,
        "graphql-ws is the legacy subprotocol: use graphql-transport-ws, as the library graphql-ws does.",
    ]
    assert answer["early"] == [4401, "Unauthorized: send `connection_init`, and wait for `connection_ack`."]
    claims = (
        "a query, a mutation and live changes over one WebSocket",
        "a lost connection resumes at its cursor, without a gap",
        "close codes with their reasons: a rejected credential, the legacy protocol",
    )
    for claim in claims:
        proved("Clients", "graphql-ws", npm.version("graphql-ws"), claim)


@pytest.fixture(scope="module")
def live(npm: NodePackages, service: Service) -> dict[str, dict[str, Any]]:
    """The round trips of clients that use graphql-ws, by client."""
    return json.loads(npm.run("clients/graphql-ws-links.mjs", environment=service.environment()))


@pytest.mark.parametrize(
    ("client", "package"), [("apollo", "@apollo/client"), ("urql", "@urql/core"), ("relay", "relay-runtime")]
)
def test_a_client_that_uses_graphql_ws_follows_changes(
    npm: NodePackages, live: dict[str, dict[str, Any]], proved: Proved, client: str, package: str
) -> None:
    check(live[client], f"By {client}")
    section = "Relay" if client == "relay" else "Clients"
    claim = "live changes over graphql-ws" if client == "urql" else "all operations over graphql-ws, and live changes"
    proved(section, package, npm.version(package), claim)
