"""Clients follow changes over SSE: their own code opens, resumes and ends the streams."""

import json

from tests.support.conformance_page import Proved
from tests.support.node import NodePackages
from tests.support.seeded import Service

NAMES = ["First", "Second"]


def test_graphql_sse_runs_every_kind_of_operation_and_resumes(
    npm: NodePackages, service: Service, proved: Proved
) -> None:
    answer = json.loads(npm.run("clients/graphql-sse.mjs", environment=service.environment()))

    assert answer == {"names": NAMES, "invalid": "INVALID_CURSOR", "failed": "INVALID_CURSOR", "unknown": 401}
    for claim in (
        "queries, mutations and a subscription over SSE, and their errors",
        "a subscription whose connection is lost goes on after its last event",
    ):
        proved("Clients", "graphql-sse", npm.version("graphql-sse"), claim)


def test_urql_follows_changes_by_its_own_transport(npm: NodePackages, service: Service, proved: Proved) -> None:
    answer = json.loads(npm.run("clients/urql-live.mjs", environment=service.environment()))

    assert answer == {"names": NAMES, "invalid": "INVALID_CURSOR"}
    proved("Clients", "@urql/core", npm.version("@urql/core"), "a subscription over SSE, and one that is rejected")
