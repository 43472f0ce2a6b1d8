"""Subscriptions over WebSockets, through the whole application and a real database."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import api_keys
from app.domain.identity import Scope
from app.live.live import Live
from tests.live.service import Service, Start
from tests.support.records import Records, new_company
from tests.support.transport_client import TransportClient, connected, connections
from tests.support.until import until

CHANGES = """subscription ($after: String, $types: [ChangeEventType!], $customerIds: [ID!]) {
  changes(after: $after, types: $types, customerIds: $customerIds) {
    cursor type subjectId version subject { ... on Customer { name version } }
  }
}"""
FIELDS = " ".join(f"c{number}: changedFields {{before after}}" for number in range(45))
LONG = f"subscription ($after: String) {{changes(after: $after) {{{FIELDS} cursor version}}}}"


@asynccontextmanager
async def following(
    service: Service, company: UUID, query: str = CHANGES, **variables: Any
) -> AsyncGenerator[TransportClient]:
    """A client with one subscription, which has begun."""
    async with connected(service.url, service.headers(company)) as client:
        await client.initialize()
        await begin(client, query, **variables)
        yield client


async def begin(client: TransportClient, query: str = CHANGES, identifier: str = "1", **variables: Any) -> None:
    """Begin a subscription at the head of the feed as it is now, unless `after` is given."""
    if "after" not in variables:
        variables["after"] = (await client.result("{ feedCursor }", "head"))["data"]["feedCursor"]
    await client.subscribe(query, identifier, variables=variables)


async def change(client: TransportClient, identifier: str = "1") -> dict[str, Any]:
    """Return the next change of a subscription."""
    return (await client.next(identifier))["changes"]


async def test_a_change_arrives_with_the_object_as_it_is(service: Service, company: UUID, customer_id: UUID) -> None:
    async with following(service, company) as client:
        await service.rename(company, customer_id, "Nordlys Gruppen")
        received = await change(client)

    assert received.pop("cursor")
    assert received == {
        "type": "CUSTOMER_UPDATED",
        "subjectId": str(customer_id),
        "version": 2,
        "subject": {"name": "Nordlys Gruppen", "version": 2},
    }


async def test_a_subscription_resumes_after_a_cursor(service: Service, company: UUID, customer_id: UUID) -> None:
    async with following(service, company) as client:
        await service.rename(company, customer_id, "A")
        first = await change(client)
    await service.rename(company, customer_id, "B", "C")

    async with following(service, company, after=first["cursor"]) as client:
        await service.rename(company, customer_id, "D")
        assert [(await change(client))["version"] for _ in range(3)] == [3, 4, 5]


async def test_one_connection_has_subscriptions_beside_queries_and_mutations(
    service: Service, company: UUID, records: Records, customer_id: UUID
) -> None:
    other = await records.customer(name="Other")
    rename = 'mutation ($id: ID!) { updateCustomer(input: {id: $id, name: "X"}) { errors { code } } }'
    async with following(service, company, customerIds=[str(customer_id)]) as client:
        await begin(client, identifier="2", customerIds=[str(other)])
        await client.subscribe(rename, "3", variables={"id": str(other)})
        received = [await client.receive() for _ in range(3)]
        by_id = {(message["id"], message["type"]): message for message in received}
        assert by_id["2", "next"]["payload"]["data"]["changes"]["subjectId"] == str(other)
        assert by_id["3", "next"]["payload"] == {"data": {"updateCustomer": {"errors": []}}}
        assert ("3", "complete") in by_id
        await client.send("complete", id="2")
        await service.rename(company, other, "Y")
        await service.rename(company, customer_id, "Z")
        assert (await change(client))["subjectId"] == str(customer_id)


async def test_each_client_gets_updates_under_its_own_id(
    start: Start, lives: list[Live], company: UUID, customer_id: UUID
) -> None:
    ids = ["1", "2", "1", 'a "\N{LATIN SMALL LETTER O WITH STROKE}"', "1"]
    async with start() as service, AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(following(service, company, identifier=identifier)) for identifier in ids
        ]
        await until(lambda: lives[0].streams == len(ids))
        await service.rename(company, customer_id, "A", "B")
        for client, identifier in zip(clients, ids, strict=True):
            assert [(await change(client, identifier))["version"] for _ in range(2)] == [2, 3]
        assert lives[0].responses == 2


async def test_equal_subscriptions_over_both_transports_are_executed_once(
    start: Start, lives: list[Live], company: UUID, customer_id: UUID
) -> None:
    async with start() as service, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(following(service, company)) for _ in range(3)]
        events = await stack.enter_async_context(service.follow(company, CHANGES))
        await until(lambda: lives[0].streams == 4)
        await service.rename(company, customer_id, "A")
        received = [await change(client) for client in clients]
        assert [*received, await events.change()] == [received[0]] * 4
        assert lives[0].responses == 1


async def test_ending_a_subscription_or_leaving_closes_its_streams(
    start: Start, lives: list[Live], company: UUID
) -> None:
    async with start() as service:
        async with following(service, company) as client:
            await begin(client, identifier="2")
            await until(lambda: lives[0].streams == 2)
            await client.send("complete", id="2")
            await until(lambda: lives[0].streams == 1)
        await until(lambda: lives[0].streams == 0)
        async with following(service, company) as client:
            await until(lambda: lives[0].streams == 1)
            client.connection.transport.abort()
            await until(lambda: lives[0].streams == 0)


async def test_companies_never_see_each_others_changes(
    service: Service, owner_engine: AsyncEngine, company: UUID, customer_id: UUID
) -> None:
    foreign = await new_company(owner_engine)
    foreign_customer = await Records(owner_engine, foreign).customer()
    async with following(service, company) as own, following(service, foreign) as theirs:
        await begin(theirs, identifier="2", customerIds=[str(customer_id)])
        await service.rename(company, customer_id, "A")
        await service.rename(foreign, foreign_customer, "B")
        assert (await change(own))["subjectId"] == str(customer_id)
        assert (await change(theirs))["subjectId"] == str(foreign_customer)
        cursor = (await own.result("{ feedCursor }", "q"))["data"]["feedCursor"]
        (error,) = await theirs.errors(CHANGES, "3", variables={"after": cursor})
        assert error["extensions"]["code"] == "INVALID_CURSOR"


@pytest.mark.parametrize(
    ("scopes", "query", "code"),
    [
        ([Scope.CUSTOMERS_WRITE], CHANGES, "FORBIDDEN"),
        ([Scope.CUSTOMERS_READ], "subscription { changes(types: [LEDGER_ACCOUNT_CREATED]) { cursor } }", "FORBIDDEN"),
        (list(Scope), "subscription { unknown }", "GRAPHQL_VALIDATION_FAILED"),
        (list(Scope), 'subscription { changes(after: "nowhere") { cursor } }', "INVALID_CURSOR"),
    ],
)
async def test_a_subscription_that_may_not_run_gets_an_error(
    service: Service, company: UUID, scopes: list[Scope], query: str, code: str
) -> None:
    async with connected(service.url, service.headers(company, scopes)) as client:
        await client.initialize()
        (error,) = await client.errors(query)
        assert error["extensions"]["code"] == code
        assert "data" in await client.result("{ viewer { subject } }")


async def test_subscriptions_beyond_the_limit_are_rejected_alone(
    start: Start, lives: list[Live], company: UUID
) -> None:
    async with start(max_live_streams_per_company=1) as service, following(service, company) as client:
        (error,) = await client.errors(CHANGES, "2")
        assert error["extensions"] == {"code": "TOO_MANY_SUBSCRIPTIONS"}
        await client.send("complete", id="1")
        await until(lambda: lives[0].streams == 0)
        await begin(client, identifier="2")
        assert "data" in await client.result("{ viewer { subject } }", "3")


async def test_a_revoked_api_key_closes_its_connections_within_seconds(
    start: Start, owner_engine: AsyncEngine, company: UUID, customer_id: UUID
) -> None:
    async with owner_engine.begin() as connection:
        created = [await api_keys.create(connection, company, name, (Scope.CUSTOMERS_READ,), None) for name in "ab"]
    (revoked_key, revoked), (_, kept) = created
    async with (
        start(api_key_cache_seconds=1) as service,
        connected(service.url) as client,
        connected(service.url, {"x-api-key": kept}) as other,
    ):
        await client.initialize({"x-api-key": revoked})
        await other.initialize()
        for one in (client, other):
            await begin(one)
        async with owner_engine.begin() as connection:
            assert await api_keys.revoke(connection, company, revoked_key.id)
        async with asyncio.timeout(10):
            code, reason = await client.closed()
        assert (code, reason.partition(":")[0]) == (4403, "API_KEY_NOT_ACCEPTED")
        await service.rename(company, customer_id, "A")
        assert (await change(other))["version"] == 2


async def test_a_token_that_expires_closes_its_connection_within_seconds(start: Start, company: UUID) -> None:
    async with start(jwt_leeway_seconds=0) as service:
        token = service.keys.mint(company, (Scope.CUSTOMERS_READ,), "ada", timedelta(seconds=2))
        async with connected(service.url) as client:
            await client.initialize({"Authorization": f"Bearer {token}"})
            await begin(client)
            async with asyncio.timeout(10):
                assert await client.closed() == (4403, "TOKEN_EXPIRED: The token has expired. Get a new one.")


async def test_a_client_that_reads_too_slowly_is_told_where_to_resume(
    start: Start, company: UUID, customer_id: UUID
) -> None:
    async with (
        start(live_queue=10) as service,
        connected(service.url, service.headers(company), buffer_bytes=4_096) as client,
    ):
        await client.initialize()
        # Otherwise, the kernel takes megabytes for a client that reads nothing.
        (connection,) = connections()
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        await begin(client, LONG)
        client.connection.transport.pause_reading()
        await service.rename(company, customer_id, *[f"{number}-{'x' * 200}" for number in range(40)])
        client.connection.transport.resume_reading()
        versions, cursor = list[int](), ""
        while (message := await client.receive())["type"] == "next":
            versions.append(message["payload"]["data"]["changes"]["version"])
            cursor = message["payload"]["data"]["changes"]["cursor"]
        (error,) = message["payload"]
        assert error["extensions"] == {"code": "SLOW_CONSUMER", "cursor": cursor}
        assert len(versions) < 40
        await client.subscribe(CHANGES, "2", variables={"after": cursor})
        while versions[-1] < 41:
            versions.append((await change(client, "2"))["version"])

    assert versions == [*range(2, 42)]


async def test_a_restart_closes_connections_with_1012(
    start: Start, lives: list[Live], company: UUID, customer_id: UUID
) -> None:
    async with AsyncExitStack() as stack:
        async with start() as service:
            client = await stack.enter_async_context(following(service, company))
            await service.rename(company, customer_id, "A")
            cursor = (await change(client))["cursor"]
        assert (await client.closed())[0] == 1012
    assert lives[0].ended == {"SERVICE_RESTARTING": 1}
    async with start() as service:
        await service.rename(company, customer_id, "B")
        async with following(service, company, after=cursor) as client:
            assert (await change(client))["version"] == 3
