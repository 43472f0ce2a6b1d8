"""Clients that catch up on events with long responses: what waits for them is bounded, and nothing is left out."""

import asyncio
import socket
from uuid import UUID

import pytest

from app.live import pages
from app.live.live import Live
from tests.live.service import Service, Start
from tests.support.records import Records
from tests.support.transport_client import connected, connections

NOTES = " ".join(f"a{number}: notes" for number in range(20))
LONG = f"subscription ($after: String) {{changes(after: $after) {{cursor version subject {{... on Customer {{{NOTES}}}}}}}}}"
"""Its updates have 200 kB."""
_EVENTS, _SUBSCRIPTIONS = 30, 12


async def test_a_socket_is_given_little_of_what_it_missed_until_it_reads(
    start: Start, company: UUID, records: Records, lives: list[Live]
) -> None:
    customer_id = await records.customer(notes="n" * 9_900)
    async with start() as service:
        begin = await renamed(service, company, customer_id)
        async with connected(service.url, service.headers(company), buffer_bytes=4_096) as client:
            await client.initialize()
            (connection,) = connections()
            connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
            client.connection.transport.pause_reading()
            for number in range(_SUBSCRIPTIONS):
                # Different documents, which are executed separately.
                await client.subscribe(LONG + " " * number, str(number), variables={"after": begin})
            most = 0
            for _ in range(30):
                await asyncio.sleep(0.1)
                most = max(most, lives[0].backlog.bytes)
            client.connection.transport.resume_reading()
            versions: dict[str, list[int]] = {str(number): [] for number in range(_SUBSCRIPTIONS)}
            while any(len(found) < _EVENTS for found in versions.values()):
                message = await client.receive()
                assert message["type"] == "next"
                versions[message["id"]].append(message["payload"]["data"]["changes"]["version"])

    # All of it would be 72 MB.
    assert 200_000 < most < 2_500_000
    assert versions == {identifier: [*range(2, _EVENTS + 2)] for identifier in versions}


async def test_a_response_that_is_too_long_ends_its_subscription_only(
    start: Start, company: UUID, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LONGEST", 150_000)
    customer_id = await records.customer(notes="n" * 9_900)
    async with start() as service:
        begin = await renamed(service, company, customer_id, 3)
        async with service.follow(company, LONG, after=begin) as events:
            told, complete = await events.rest()

    (error,) = told.result["errors"]
    assert (error["extensions"], complete.name) == ({"code": "UNAVAILABLE", "cursor": begin}, "complete")
    assert "too long" in error["message"]


async def renamed(service: Service, company: UUID, customer_id: UUID, times: int = _EVENTS) -> str:
    """Rename a customer several times; return the cursor before that, once all events have their positions."""
    begin = (await service.ask(company, "{feedCursor}"))["feedCursor"]
    await service.rename(company, customer_id, *[f"Name {number}" for number in range(times)])
    async with service.follow(
        company, "subscription ($after: String) {changes(after: $after) {version}}", after=begin
    ) as events:
        for _ in range(times):
            await events.change()
    return begin
