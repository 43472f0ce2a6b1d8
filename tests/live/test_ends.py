"""How streams end: full services, revoked and expired credentials, slow clients, clients that leave, restarts."""

import asyncio
import json
import socket
import struct
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import api_keys
from app.domain.identity import Scope
from app.live.live import Live
from app.web.connections import ConnectionLimits, usage
from app.web.http_protocol import HttpProtocol
from tests.live.service import Service, Start
from tests.support.listening import wired
from tests.support.records import Records, new_company
from tests.support.sse import Events, following, streaming
from tests.support.tracked import tracked
from tests.support.until import until

CHANGES = "subscription ($after: String) {changes(after: $after) {cursor version}}"
UPSERT = "mutation ($rows: [UpsertCustomerRow!]!) {upsertCustomers(input: {rows: $rows}) {created errors {code}}}"
LONG = f"subscription {{changes {{{' '.join(f'c{n}: changedFields {{before after}}' for n in range(300))} cursor version}}}}"
"""Its updates are so long that the buffers of the system hold only some of them."""


async def last_of(events: Events) -> tuple[str, str | None]:
    """Return the code and the cursor with which a stream ends."""
    *_, told, complete = await events.rest()
    assert complete.name == "complete"
    (error,) = told.result["errors"]
    assert "data" not in told.result
    return error["extensions"]["code"], error["extensions"]["cursor"]


async def rejected(service: Service, company: UUID) -> str:
    """Return the message of a subscription for which there is no room."""
    async with streaming(service.url, service.headers(company), CHANGES) as full:
        (error,) = json.loads(await full.response.aread())["errors"]
    assert (full.response.status_code, full.response.headers["retry-after"]) == (429, "5")
    assert error["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
    return error["message"]


async def test_a_service_and_a_company_have_only_so_many_streams(
    start: Start, owner_engine: AsyncEngine, company: UUID, lives: list[Live]
) -> None:
    other = await new_company(owner_engine)
    async with start(max_live_streams=3, max_live_streams_per_company=2) as service:
        async with service.follow(company, CHANGES), service.follow(company, CHANGES):
            assert "The company has 2 open" in await rejected(service, company)
            async with service.follow(other, CHANGES):
                # It would have as many as the other one, which would then have fewer.
                assert "The service has 3 open" in await rejected(service, other)
        await until(lambda: not lives[0].streams)
        async with service.follow(company, CHANGES):
            pass


async def test_a_full_service_has_room_for_a_company_that_has_fewer_streams(
    start: Start, owner_engine: AsyncEngine, company: UUID, customer_id: UUID, lives: list[Live]
) -> None:
    others = [await new_company(owner_engine) for _ in range(2)]
    async with start(max_live_streams=3) as service, AsyncExitStack() as stack:
        oldest, middle, youngest = [await stack.enter_async_context(service.follow(company, CHANGES)) for _ in range(3)]
        for other, displaced in zip(others, (youngest, middle), strict=True):
            await stack.enter_async_context(service.follow(other, CHANGES))
            assert await last_of(displaced) == ("TOO_MANY_SUBSCRIPTIONS", displaced.last_id)
        assert "The service has 3 open" in await rejected(service, await new_company(owner_engine))
        await service.rename(company, customer_id, "A")
        assert (await oldest.change())["version"] == 2
        assert lives[0].streams == 3
    await until(lambda: not lives[0].streams)


async def test_the_documents_of_different_subscriptions_are_bounded_per_company(
    start: Start, owner_engine: AsyncEngine, company: UUID
) -> None:
    other = await new_company(owner_engine)
    documents = [f"#{number}{'x' * 45_000}\n{CHANGES}" for number in range(12)]
    async with start() as service, AsyncExitStack() as stack:
        opening = [streaming(service.url, service.headers(company), text) for text in documents]
        codes = [(await stack.enter_async_context(stream)).response.status_code for stream in opening]
        async with service.follow(other, documents[0]):
            pass

    assert codes == [200] * 11 + [429]


async def test_two_companies_with_long_documents_leave_room_for_a_third(
    start: Start, owner_engine: AsyncEngine, company: UUID
) -> None:
    companies = [company, await new_company(owner_engine), await new_company(owner_engine)]
    documents = [f"#{number}{'x' * 45_000}\n{CHANGES}" for number in range(11)]
    async with start() as service, AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(service.follow(full, text)) for full in companies[:2] for text in documents
        ]
        await stack.enter_async_context(service.follow(companies[2], documents[0]))

        assert (await last_of(streams[10]))[0] == "TOO_MANY_SUBSCRIPTIONS"


def request_of(credential: dict[str, str]) -> bytes:
    """Return the request of a subscription."""
    body = json.dumps({"query": CHANGES}).encode()
    accepting = {"accept": "text/event-stream", "content-type": "application/json", "host": "localhost"}
    headers = {**credential, **accepting, "content-length": str(len(body))}
    return "\r\n".join(["POST /graphql HTTP/1.1", *map(": ".join, headers.items()), "", ""]).encode() + body


def port_of(service: Service) -> int:
    """Return the port that a service listens on."""
    port = httpx.URL(service.url).port
    assert port is not None
    return port


async def test_a_revoked_api_key_ends_its_streams_within_seconds(
    start: Start, owner_engine: AsyncEngine, company: UUID, customer_id: UUID
) -> None:
    async with owner_engine.begin() as connection:
        created = [await api_keys.create(connection, company, name, (Scope.CUSTOMERS_READ,), None) for name in "ab"]
    (revoked_key, revoked), (_, kept) = created
    async with start(api_key_cache_seconds=1) as service:  # noqa: SIM117 - the streams end first
        async with (
            following(service.url, {"x-api-key": revoked}, CHANGES) as first,
            following(service.url, {"x-api-key": revoked}, CHANGES) as second,
            following(service.url, {"x-api-key": kept}, CHANGES) as other,
        ):
            await service.rename(company, customer_id, "A")
            cursor = (await first.change())["cursor"]
            async with owner_engine.begin() as connection:
                assert await api_keys.revoke(connection, company, revoked_key.id)
            async with asyncio.timeout(10):
                assert await last_of(first) == ("API_KEY_NOT_ACCEPTED", cursor)
                assert (await last_of(second))[0] == "API_KEY_NOT_ACCEPTED"
            await service.rename(company, customer_id, "B")
            assert [(await other.change())["version"] for _ in range(2)] == [2, 3]


async def test_an_api_key_that_loses_a_scope_ends_its_streams_within_seconds(
    start: Start, owner_engine: AsyncEngine, company: UUID, customer_id: UUID
) -> None:
    scopes = (Scope.CUSTOMERS_READ, Scope.ACCOUNTS_READ)
    async with owner_engine.begin() as connection:
        row, key = await api_keys.create(connection, company, "a", scopes, None)
    async with start(api_key_cache_seconds=1) as service, following(service.url, {"x-api-key": key}, CHANGES) as events:
        await service.rename(company, customer_id, "A")
        cursor = (await events.change())["cursor"]
        lowered = text("UPDATE api_keys SET scopes = '{customers-read}' WHERE id = :id")
        async with owner_engine.begin() as connection:
            await connection.execute(lowered, {"id": row.id})
        async with asyncio.timeout(10):
            assert await last_of(events) == ("FORBIDDEN", cursor)
        async with following(service.url, {"x-api-key": key}, CHANGES) as again:
            await service.rename(company, customer_id, "B")
            assert (await again.change())["version"] == 3


async def test_a_token_that_expires_ends_its_stream_within_seconds(start: Start, company: UUID) -> None:
    async with start(jwt_leeway_seconds=0) as service:
        token = service.keys.mint(company, (Scope.CUSTOMERS_READ,), "ada", timedelta(seconds=2))
        async with following(service.url, {"authorization": f"Bearer {token}"}, CHANGES) as events:
            async with asyncio.timeout(10):
                assert await last_of(events) == ("TOKEN_EXPIRED", events.last_id)


async def test_a_client_that_reads_too_slowly_is_told_where_to_resume(
    start: Start, company: UUID, customer_id: UUID
) -> None:
    async with start(live_queue=10, max_aliases=300) as service:
        async with service.follow(company, LONG) as events:
            await service.rename(company, customer_id, *(f"{number} {'x' * 240}" for number in range(100)))
            received = await events.rest()
        *updates, told, complete = received
        code, cursor = (told.result["errors"][0]["extensions"][name] for name in ("code", "cursor"))
        assert (code, complete.name) == ("SLOW_CONSUMER", "complete")
        assert cursor == updates[-1].id
        versions = [update.result["data"]["changes"]["version"] for update in updates]
        async with service.follow(company, CHANGES, after=cursor) as events:
            while versions[-1] < 101:
                versions.append((await events.change())["version"])

    assert versions == [*range(2, 102)]


@pytest.mark.parametrize("leaves", ["by closing", "by a reset"])
async def test_a_client_that_leaves_is_noticed_long_before_the_next_comment(
    start: Start, company: UUID, lives: list[Live], leaves: str
) -> None:
    async with start(live_keepalive_seconds=3600) as service:
        async with service.follow(company, CHANGES) as events:
            assert lives[0].streams == 1
            if leaves == "by a reset":
                reset(events)
        await until(lambda: not lives[0].streams)

        assert (lives[0].groups, dict(lives[0].ended)) == (0, {"CLIENT_LEFT": 1})


def reset(events: Events) -> None:
    """Close the client's connection in a way that the server is told at once."""
    connection = events.response.extensions["network_stream"].get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def test_a_client_that_sends_no_more_still_gets_changes(start: Start, company: UUID, customer_id: UUID) -> None:
    async with start() as service, wired(port_of(service)) as wire:
        await wire.send(request_of(service.headers(company)))
        wire.end()
        await asyncio.sleep(1)
        await service.rename(company, customer_id, "A")
        async with asyncio.timeout(10):
            received = b""
            while b'"version":2' not in received:
                received += await wire.exactly(1)


async def test_a_restart_ends_streams_without_completing_them(start: Start, company: UUID, customer_id: UUID) -> None:
    async with AsyncExitStack() as running:
        service = await running.enter_async_context(start())
        async with service.follow(company, CHANGES) as events:
            await service.rename(company, customer_id, "A")
            first = await events.change()
            await running.aclose()
            rest = await events.rest()

    assert (rest, events.comments[-1], events.last_id) == ([], "SERVICE_RESTARTING", first["cursor"])


async def test_a_client_that_reads_nothing_for_long_is_disconnected_from_an_idle_stream(
    start: Start, company: UUID, customer_id: UUID, lives: list[Live]
) -> None:
    before = usage.ended["slow_reader"]
    limits = ConnectionLimits(send_seconds=1)
    async with start(limits=limits, max_aliases=300) as service, service.follow(company, LONG):
        # Long enough for a sweep, from when on the connection is not looked at.
        await asyncio.sleep(2.5)
        await service.rename(company, customer_id, *(f"{number} {'x' * 240}" for number in range(60)))
        await until(lambda: not lives[0].streams)

    assert usage.ended["slow_reader"] == before + 1


async def test_a_stream_that_the_service_cuts_off_is_counted_as_one(
    start: Start, company: UUID, lives: list[Live]
) -> None:
    async with start() as service, service.follow(company, CHANGES):
        (connection,) = [one for one in tracked(HttpProtocol) if one in one.connections and one.idle_since is None]
        connection.end("unsent_bytes")
        await until(lambda: not lives[0].streams)

    assert lives[0].ended == {"SLOW_CONSUMER": 1}


async def test_a_connection_is_idle_again_after_its_stream_has_ended(start: Start, company: UUID) -> None:
    async with start(jwt_leeway_seconds=0) as service:
        token = service.keys.mint(company, (Scope.CUSTOMERS_READ,), "ada", timedelta(seconds=3))
        async with wired(port_of(service)) as wire:
            await wire.send(request_of({"authorization": f"Bearer {token}"}))
            # Up to when the server closes the idle connection.
            received = await wire.rest()

    assert b"TOKEN_EXPIRED" in received
    assert received.endswith(b"\r\n0\r\n\r\n")


async def test_a_client_that_reads_at_once_gets_a_list_that_is_longer_than_its_queue(
    start: Start, company: UUID, records: Records
) -> None:
    group = await records.group()
    row = {
        "name": "A",
        "vatZone": "DOMESTIC",
        "countryCode": "DK",
        "defaultCurrency": "DKK",
        "customerGroupId": str(group),
    }
    rows = [{"externalSystemId": f"{number}", **row} for number in range(250)]
    async with start(live_queue=10) as service, service.follow(company, CHANGES) as events:
        answer = await service.ask(company, UPSERT, rows=rows)
        assert answer["upsertCustomers"] == {"created": len(rows), "errors": []}
        assert [(await events.change())["version"] for _ in rows] == [1] * len(rows)
