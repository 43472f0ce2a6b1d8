"""Clients in Python make round trips: one that is handed documents, one whose types are generated."""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from shutil import copytree

import pytest
from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed

from tests.conformance.python.environment import Environment
from tests.support.conformance_page import Proved
from tests.support.node import succeed
from tests.support.seeded import Service

SOURCES = Path(__file__).parent / "python" / "ariadne"
PAGE = "query($first: Int!) { customers(first: $first) { nodes { name group { id } } } }"
CHANGES = """
subscription($after: String) {
  changes(after: $after, types: [CUSTOMER_CREATED]) { subject { ... on Customer { name } } }
}
"""
CREATE = """
mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { name } errors { code path } } }
"""


async def test_gql_checks_documents_against_the_service_s_schema_and_makes_round_trips(
    service: Service, proved: Proved
) -> None:
    transport = HTTPXAsyncTransport(url=service.url, headers={"authorization": f"Bearer {service.token()}"})
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        page = await session.execute(GraphQLRequest(PAGE, variable_values={"first": 1}))
        (first,) = page["customers"]["nodes"]
        values = {"name": "", "vatZone": "DOMESTIC", "countryCode": "DK", "defaultCurrency": "DKK"}
        values["customerGroupId"] = first["group"]["id"]
        refused = await session.execute(GraphQLRequest(CREATE, variable_values={"input": values}))
        made = await session.execute(GraphQLRequest(CREATE, variable_values={"input": values | {"name": "From gql"}}))
        with pytest.raises(TransportQueryError) as failed:
            await session.execute(GraphQLRequest('{ customers(after: "nowhere") { totalCount } }'))

    assert first["name"] == "Nordlys Gruppen A/S"
    assert refused["createCustomer"] == {
        "customer": None,
        "errors": [{"code": "FIELD_REQUIRED", "path": ["input", "name"]}],
    }
    assert made["createCustomer"] == {"customer": {"name": "From gql"}, "errors": []}
    assert [error["extensions"]["code"] for error in failed.value.errors or ()] == ["INVALID_CURSOR"]
    proved("Clients", "gql", version("gql"), "documents are checked against the introspected schema")
    proved("Clients", "gql", version("gql"), "a query, a mutation, a problem in the payload and a GraphQL error")


async def test_gql_runs_operations_and_follows_changes_over_a_websocket(service: Service, proved: Proved) -> None:
    credential = {"Authorization": f"Bearer {service.token()}"}
    transport = WebsocketsTransport(url=service.url.replace("http", "ws", 1), init_payload=credential)
    async with Client(transport=transport) as session:
        page = await session.execute(GraphQLRequest(PAGE, variable_values={"first": 1}))
        cursor = (await session.execute(GraphQLRequest("{ feedCursor }")))["feedCursor"]
        values = {"name": "Live by gql", "vatZone": "DOMESTIC", "countryCode": "DK", "defaultCurrency": "DKK"}
        values["customerGroupId"] = page["customers"]["nodes"][0]["group"]["id"]
        made = await session.execute(GraphQLRequest(CREATE, variable_values={"input": values}))
        async for update in session.subscribe(GraphQLRequest(CHANGES, variable_values={"after": cursor})):
            if update["changes"]["subject"] == {"name": "Live by gql"}:
                break
    rejected = WebsocketsTransport(
        url=service.url.replace("http", "ws", 1), init_payload={"Authorization": "Bearer no"}
    )
    with pytest.raises(TransportConnectionFailed) as failed:
        async with Client(transport=rejected):
            pass

    assert made["createCustomer"]["errors"] == []
    closed = failed.value.__cause__
    assert isinstance(closed, ConnectionClosed)
    assert closed.rcvd is not None
    assert (closed.rcvd.code, closed.rcvd.reason.partition(":")[0]) == (4403, "TOKEN_NOT_ACCEPTED")
    claims = ("a query, a mutation and live changes over one WebSocket", "a rejected credential closes it with 4403")
    for claim in claims:
        proved("Clients", "gql", version("gql"), claim)


def test_ariadne_codegen_generates_a_typed_client_that_makes_round_trips(
    environment: Environment, service: Service, tmp_path: Path, proved: Proved
) -> None:
    folder = Path(copytree(SOURCES, tmp_path / "client"))
    known = {"SERVICE_URL": service.url, "SERVICE_AUTHORIZATION": f"Bearer {service.token()}"}
    environment.run("-m", "ariadne_codegen", "--config", "ariadne.toml", within=folder, environment=known)
    succeed(sys.executable, "-m", "basedpyright", "--pythonpath", environment.python, folder=folder)
    answer = json.loads(environment.run("client.py", within=folder, environment=known))

    assert answer["names"] == ["Nordlys Gruppen A/S", "Nordlys Ærø ApS"]
    assert answer["types"] == ["datetime", "Decimal"]
    assert answer["made"]["customer"].items() >= {"name": "From ariadne-codegen", "credit_limit": "10.10"}.items()
    assert answer["refused"] == [{"__typename": "InputError", "code": "FIELD_REQUIRED", "path": ["input", "name"]}]
    assert answer["codes"] == ["INVALID_CURSOR"]
    package = "ariadne-codegen"
    claims = (
        "a client from the introspected schema, scalars included; a strict type checker accepts its use",
        "its query, mutation, problem in the payload and GraphQL error",
    )
    for claim in claims:
        proved("Clients", package, environment.version(package), claim)
