"""Answers to clients of HTTP/1.0 that end with their connection: an incomplete one ends with a reset, whatever closes
it, so that no proxy takes it for the whole."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from app.web.connections import ConnectionLimits, usage
from app.web.envelope import Envelope
from tests.support.listening import Wire, listening, wired

PART = bytes(1_000_000)
PARTS = 16
"""Number of parts of the longest answer, which the kernel's buffers don't hold."""
SLOW = ConnectionLimits(send_seconds=0.5)
MANY = ConnectionLimits(unsent_bytes=1_500_000)
Test = Callable[[], Coroutine[Any, Any, None]]
Run = Callable[[Test], None]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in one of several ways, without a length."""
    path = scope["path"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    # Long enough that what was sent is read.
    await asyncio.sleep(0.1)
    if path == "/whole":
        await send({"type": "http.response.body", "body": PART * PARTS})
        return
    await send({"type": "http.response.body", "body": PART if path == "/parts" else b"first,", "more_body": True})
    if path == "/parts":
        for number in range(2, PARTS + 1):
            await send({"type": "http.response.body", "body": PART, "more_body": number < PARTS})
    if path == "/waits":
        while (await receive())["type"] != "http.disconnect":
            pass
    await asyncio.sleep(0.1)
    if path == "/fails":
        raise ValueError


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a test on an event loop."""

    def run_(test: Test) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(test())

    return run_


async def begin(wire: Wire, path: str, *headers: str) -> None:
    """Send a request, and read the beginning of its answer, which has no length."""
    await wire.send("\r\n".join([f"GET {path} HTTP/1.0", *headers, "", ""]).encode())
    reply = await wire.reply()
    assert reply.status == 200
    assert not reply.headers.keys() & {"content-length", "transfer-encoding"}


async def assert_reset(wire: Wire) -> None:
    """Assert that the connection has ended with a reset."""
    with pytest.raises(ConnectionResetError):
        await wire.rest()


@pytest.mark.parametrize(("limits", "reason"), [(SLOW, "slow_reader"), (MANY, "unsent_bytes")])
@pytest.mark.parametrize("path", ["/parts", "/whole"])
def test_an_unread_answer_that_is_closed_by_a_limit(run: Run, path: str, limits: ConnectionLimits, reason: str) -> None:
    async def test() -> None:
        before = usage.ended[reason]
        async with listening(Envelope(app), limits=limits) as port, wired(port) as wire:
            await begin(wire, path)
            async with asyncio.timeout(20):
                while usage.ended[reason] <= before:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.01)
            await assert_reset(wire)

    run(test)


@pytest.mark.parametrize("path", ["/fails", "/returns"])
def test_an_answer_whose_application_does_not_complete_it(run: Run, path: str) -> None:
    async def test() -> None:
        async with listening(Envelope(app)) as port, wired(port) as wire:
            await begin(wire, path)
            assert await wire.exactly(6) == b"first,"
            await assert_reset(wire)

    run(test)


def test_an_answer_to_a_request_whose_body_never_comes(run: Run) -> None:
    async def test() -> None:
        async with listening(Envelope(app)) as port, wired(port) as wire:
            await begin(wire, "/waits", "content-length: 5")
            wire.end()
            await assert_reset(wire)

    run(test)


def test_an_answer_that_is_unread_when_the_server_ends(run: Run) -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            async with listening(Envelope(app), grace_seconds=0.2) as port:
                wire = await stack.enter_async_context(wired(port))
                await begin(wire, "/parts")
            await assert_reset(wire)

    run(test)


@pytest.mark.parametrize("path", ["/parts", "/whole"])
def test_an_answer_that_is_read_slowly_ends_after_its_last_byte(run: Run, path: str) -> None:
    async def test() -> None:
        async with listening(Envelope(app), limits=SLOW) as port, wired(port) as wire:
            await begin(wire, path)
            for _ in range(PARTS - 1):
                await wire.exactly(len(PART))
                await asyncio.sleep(0.05)
            assert await wire.rest() == PART

    run(test)
