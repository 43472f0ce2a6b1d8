"""Requests that are still running when the grace period of a server is over: they are answered and logged, without a
traceback."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import AsyncExitStack, suppress

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.testing import capture_logs
from structlog.typing import EventDict

from app.engine.execution import Engine
from app.web.envelope import Envelope
from tests.support.listening import Reply, listening, wired
from tests.support.toy import LIMITS, toy_schema
from tests.support.toy_app import toy_app

pytestmark = pytest.mark.usefixtures("reading")


@pytest.fixture(autouse=True)
def lines(caplog: pytest.LogCaptureFixture) -> Generator[list[EventDict]]:
    """What the service logs; the server itself must log no failure."""
    with capture_logs() as logged:
        yield logged
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert [line for line in logged if line["log_level"] == "error"] == []


def request_of(query: str, missing: int = 0) -> bytes:
    """A POST whose last bytes are missing."""
    body = json.dumps({"query": query}).encode()
    fields = "authorization: Bearer good\r\ncontent-type: application/json\r\nhost: localhost\r\nx-request-id: r-1"
    head = f"POST /graphql HTTP/1.1\r\n{fields}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    return (head + body)[: -missing or None]


async def answered_at_the_end(app: ASGIApp, sent: bytes, begun: asyncio.Event) -> Reply:
    """The answer to a request that is running when its server shuts down, with a grace period of a second."""
    async with AsyncExitStack() as stack:
        async with listening(app) as port:
            wire = await stack.enter_async_context(wired(port))
            await wire.send(sent)
            await begun.wait()
        reply = await wire.reply()
        assert await wire.rest() == b""
    return reply


async def never(begun: asyncio.Event) -> None:
    """Wait for something that doesn't happen."""
    begun.set()
    await asyncio.Event().wait()


async def later(begun: asyncio.Event) -> None:
    """Do the same, and end by the second cancellation, as what commits does."""
    with suppress(asyncio.CancelledError):
        await never(begun)
    await never(begun)


def engine_of(begun: asyncio.Event, wait: Callable[[asyncio.Event], Awaitable[None]] = never) -> Engine:
    """An engine whose query `slow` and mutation `slowly` wait."""
    schema = toy_schema()

    async def resolve(*_: object) -> None:
        await wait(begun)

    assert schema.query_type is not None
    assert schema.mutation_type is not None
    schema.query_type.fields["slow"].resolve = resolve
    schema.mutation_type.fields["slowly"].resolve = resolve
    return Engine(schema, LIMITS, cache_size=10)


@pytest.mark.parametrize(
    ("query", "missing", "wait", "code", "words"),
    [
        ("{slow}", 0, never, "SERVICE_UNAVAILABLE", "nothing was stored"),
        ("mutation {slowly}", 2, never, "SERVICE_UNAVAILABLE", "nothing was stored"),
        ("mutation {slowly}", 0, never, "SERVICE_UNAVAILABLE", "nothing was stored"),
        ("mutation {slowly}", 0, later, "OUTCOME_UNKNOWN", "unknown whether the change was stored"),
    ],
    ids=["a query", "an incomplete body", "a mutation", "a mutation that commits"],
)
async def test_a_stopped_operation_is_answered_with_503_and_logged_with_its_cause(
    lines: list[EventDict],
    query: str,
    missing: int,
    wait: Callable[[asyncio.Event], Awaitable[None]],
    code: str,
    words: str,
) -> None:
    begun = asyncio.Event()
    if missing:
        begun.set()
    app = toy_app(engine=engine_of(begun, wait), timeout_seconds=20)
    reply = await answered_at_the_end(app, request_of(query, missing), begun)

    (error,) = reply.json()["errors"]
    assert (reply.status, error["extensions"]["code"], reply.headers["x-request-id"]) == (503, code, "r-1")
    assert words in error["message"]
    logged = {line["event"]: line for line in lines}
    assert (logged["operation"]["status"], logged["operation"]["codes"]) == (503, (code,))
    assert logged["unavailable"]["cause"] == "service_stopped"
    # The time of a mutation ends with the grace period; only what goes on is canceled.
    is_canceled = (query, missing, wait) != ("mutation {slowly}", 0, never)
    assert ("requests_stopped" in logged) == is_canceled


async def test_any_other_request_is_answered_as_well() -> None:
    begun = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await never(begun)

    reply = await answered_at_the_end(Envelope(app), b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", begun)

    assert (reply.status, reply.json()["errors"][0]["extensions"]["code"]) == (503, "SERVICE_UNAVAILABLE")


async def test_a_client_that_does_not_read_its_answer_leaves_no_traceback(lines: list[EventDict]) -> None:
    begun = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        begun.set()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})

    async with AsyncExitStack() as stack, listening(Envelope(app)) as port:
        wire = await stack.enter_async_context(wired(port))
        await wire.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await begun.wait()

    # Connections that other tests of this process have ended are told of whenever it is their turn.
    assert [line["event"] for line in lines if line["event"] != "connections_ended"] == ["requests_stopped"]
