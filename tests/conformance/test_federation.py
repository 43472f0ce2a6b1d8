"""Composers take the schema, and gateways answer from it and another team's subgraph, to the company that asks
alone."""

import json
import platform
import sys
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from tests.conformance.example import Example, example_serving
from tests.support.commands import run
from tests.support.conformance_page import Proved
from tests.support.node import NodePackages
from tests.support.seeded import Service
from tests.support.supergraph import EXAMPLE, SUBGRAPHS, composed

COMPOSERS = ["@apollo/composition", "@theguild/federation-composition", "@wundergraph/composition"]
GRAFBASE = "@grafbase/cli-x86_64-unknown-linux-musl"
GATEWAYS = {
    "@apollo/gateway": ["apollo.mjs"],
    "@graphql-hive/gateway-runtime": ["hive.mjs"],
    "@graphql-hive/router-runtime": ["hive.mjs", "router"],
    GRAFBASE: ["grafbase.mjs"],
}
REFUSALS = {"@apollo/gateway": ["UNSUPPORTED_LINKED_FEATURE"]}
SENT = [{"id": "2026-001", "total": "300.00"}, {"id": "2026-002", "total": "500.00"}]
SCORES = {"Nordlys Ærø ApS": 50, "Nordlys Skagen ApS": None, "Nordlys Aarhus ApS": None}
PARENT = {"name": "Nordlys Gruppen A/S"}
SIBLINGS = {"nodes": [{"name": name, "paymentScore": score} for name, score in SCORES.items()]}
ANSWERS: dict[str, Any] = {
    "toInvoices": {
        "customers": {
            "totalCount": 2,
            "nodes": [
                PARENT | {"invoices": [], "paymentScore": None},
                {"name": "Nordlys Ærø ApS", "invoices": SENT, "paymentScore": 50},
            ],
        }
    },
    "toCustomers": {
        "unpaidInvoices": [
            SENT[1] | {"customer": {"name": "Nordlys Ærø ApS", "group": {"name": "Erhverv"}, "paymentScore": 50}},
            {
                "id": "2026-003",
                "total": "1250.50",
                "customer": {"name": "Havblik Kaffe ApS", "group": {"name": "Erhverv"}, "paymentScore": 0},
            },
        ]
    },
    "thereAndBack": {
        "customer": {
            "name": "Nordlys Ærø ApS",
            "invoices": [
                {"id": invoice["id"], "customer": {"parent": PARENT | {"children": SIBLINGS}}} for invoice in SENT
            ],
        }
    },
    "write": {
        "createCustomer": {
            "customer": None,
            "errors": [
                {"code": "FIELD_REQUIRED", "path": ["input", "name"]},
                {"code": "CUSTOMER_GROUP_NOT_FOUND", "path": ["input", "customerGroupId"]},
            ],
        }
    },
}
FOREIGN: dict[str, Any] = {
    "foreignById": {"customer": None, "node": None, "nodes": [None]},
    "foreignByReference": {
        "unpaidInvoices": [
            {
                "id": "2026-001",
                "total": "75.00",
                "customer": {"name": "Björkholm Ångfart AB", "group": {"name": "Erhverv"}, "paymentScore": 0},
            },
            {"id": "2026-002", "total": "80.00", "customer": None},
        ]
    },
}


@pytest.fixture(scope="module")
def example(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Generator[Example]:
    """The other team's subgraph."""
    with example_serving(service, tmp_path_factory.mktemp("example")) as started:
        yield started


@pytest.fixture(scope="module")
def environment_of_both(example: Example, service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What scripts need to know; the customer is one that the example's demo data has invoices for."""
    without_scopes = tmp_path_factory.mktemp("schema") / "schema.graphql"
    assert run("schema", "--without-scopes", "--out", without_scopes).returncode == 0
    demo = json.loads((EXAMPLE / "demo.json").read_text())
    assert list(demo) == [str(company) for company in service.companies]
    environment = example.environment(service, demo[str(service.companies[0])][0]["customerId"])
    return environment | {"SERVICE_SCHEMA_WITHOUT_SCOPES": str(without_scopes)}


def test_every_composer_takes_the_schema_alone_and_beside_another_but_no_conflict(
    npm: NodePackages, environment_of_both: dict[str, str], proved: Proved
) -> None:
    outcomes = json.loads(npm.run("federation/compose.mjs", environment=environment_of_both))

    assert sorted(outcomes) == COMPOSERS
    for composer, outcome in outcomes.items():
        assert outcome["alone"] == {"errors": [], "hints": [], "composed": True}
        assert (outcome["together"]["errors"], outcome["together"]["composed"]) == ([], True)
        assert outcome["conflicting"]["errors"]
        assert not outcome["conflicting"]["composed"]
        proved("Federation", composer, npm.version(composer), "schema.graphql composes alone, without a hint")
        proved("Federation", composer, npm.version(composer), "schema.graphql composes with the example's subgraph")


def skip_without_binary(gateway: str) -> None:
    """Skip the test of a gateway that npm has no binary of for this machine."""
    if gateway == GRAFBASE and (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip(f"{GRAFBASE} IS NOT INSTALLED: its binary is for Linux on x86-64")


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_gateway_answers_from_both_subgraphs_and_shows_nothing_of_another_company(
    npm: NodePackages, environment_of_both: dict[str, str], proved: Proved, gateway: str
) -> None:
    skip_without_binary(gateway)
    script, *arguments = GATEWAYS[gateway]
    answers = json.loads(npm.run(f"federation/{script}", *arguments, environment=environment_of_both))

    for name, expected in ANSWERS.items():
        assert answers[name] == {"data": expected}
    for name, expected in FOREIGN.items():
        assert answers[name]["data"] == expected
    for name in ("strangerHere", "strangerThere"):
        # A field that fails is null; @apollo/gateway and Hive say so of each.
        assert answers[name].get("data") in (None, {"customers": None})
        assert answers[name]["errors"]
    assert answers.get("refusal") == REFUSALS.get(gateway)
    assert not [word for word in ("Nordlys", "Havblik") if word in json.dumps([answers[name] for name in FOREIGN])]
    claims = (
        "queries that start in either subgraph and continue in the other, there and back, and a mutation",
        "another company's token finds nothing, neither by id nor by a reference from the other subgraph",
        "a caller without a credential gets errors and no data",
    )
    for claim in claims:
        proved("Federation", gateway, npm.version(gateway), claim)
    if gateway in REFUSALS:
        claim = "rejects any schema with `@requiresScopes`, which it can't check, and accepts this one without; the service checks scopes"
        proved("Federation", gateway, npm.version(gateway), claim)


def test_a_gateway_passes_a_subscription_on_and_adds_what_another_subgraph_knows(
    npm: NodePackages, environment_of_both: dict[str, str], proved: Proved
) -> None:
    results = json.loads(npm.run("federation/live.mjs", environment=environment_of_both))

    changes = [result["data"]["changes"] for result in results]
    assert [change["changedFields"][0]["after"] for change in changes] == ["First", "Second"]
    assert [type(change["subject"]["invoices"]) for change in changes] == [list, list]
    name = "@graphql-hive/gateway-runtime"
    proved("Federation", name, npm.version(name), "a subscription over SSE, with fields of the other subgraph")


def test_a_gateway_passes_a_subscription_on_over_a_websocket_of_the_caller(
    npm: NodePackages, environment_of_both: dict[str, str], proved: Proved
) -> None:
    skip_without_binary(GRAFBASE)
    answer = json.loads(npm.run("federation/grafbase-live.mjs", environment=environment_of_both))

    subject = {"name": "Nordlys Ærø ApS", "invoices": SENT, "paymentScore": 50}
    assert answer["own"] == [
        {"data": {"changes": {"changedFields": [{"after": city}], "subject": subject}}} for city in ("First", "Second")
    ]
    [foreign] = answer["foreign"]
    assert (foreign["data"], foreign["errors"][0]["extensions"]["code"]) == (None, "INVALID_CURSOR")
    for refused in ("unknown", "stranger"):
        [result] = answer[refused]
        assert not result.get("data")
        assert result["errors"]
    assert answer["during"] == 1
    claims = (
        "a subscription over graphql-transport-ws, with fields of the other subgraph",
        "a subscription's credential and errors are passed on, and ending it ends the stream at the service",
    )
    for claim in claims:
        proved("Federation", GRAFBASE, npm.version(GRAFBASE), claim)


def test_the_router_of_the_example_gets_a_supergraph_of_both_subgraphs() -> None:
    supergraph = composed()

    for url in SUBGRAPHS.values():
        assert supergraph.count(f'url: "{url}"') == 1
    assert "type Customer implements Node" in supergraph


def test_the_example_answers_nobody_whose_token_is_not_good(example: Example) -> None:
    for headers in ({}, {"authorization": "Bearer x"}):
        refused = httpx.post(example.url, json={"query": "{ unpaidInvoices { id } }"}, headers=headers)

        assert refused.status_code == 401
        assert "data" not in refused.json()
