"""One WebSocket's session: it reads messages, runs each operation in a task, and sends what operations return."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from time import monotonic
from typing import Any

from starlette.types import Receive, Scope, Send

from app.live.backlog import LiveClient
from app.scheduling.pauses import run_in_turn, working_for
from app.web.connections import COMPANY_ID, IDLE_SINCE, RESUMABLE
from app.web.ending import ending_of
from app.web.envelope import request_id_of
from app.web.graphql_request import ClientGone
from app.web.http_errors import http_error_of
from app.web.http_rejections import MAX_HEADER_BYTES
from app.web.large_bodies import HUGE_BYTES, LARGE_BYTES
from app.web.request_log import OperationRecord
from app.web.transport_ws import (
    MAX_OPERATIONS,
    CloseCode,
    Closed,
    Complete,
    Initialize,
    MessageRate,
    Reply,
    Subscribe,
    TransportState,
    parse_message,
)
from app.web.websocket_connection import DRAIN
from app.web.websocket_credentials import closed_by, is_rejection, with_payload
from app.web.websocket_handshake import RESTARTING
from app.web.websocket_operation import Operations, RunningOperation
from app.web.writing import write_of

MESSAGES_AT_ONCE = 200
"""Number of messages that a client may send at once."""
MESSAGES_PER_SECOND = 100
"""Number of messages per second that are read beyond that. What a client sends faster waits in its own buffers."""


class Session:
    """The session of one connection, from its handshake to its end."""

    def __init__(
        self, operations: Operations, scope: Scope, receive: Receive, send: Send, credential: Mapping[str, str]
    ) -> None:
        self._operations, self._receive, self._send = operations, receive, send
        self._credential = credential
        self._state = TransportState(MAX_OPERATIONS)
        self.client = LiveClient()
        self._rate = MessageRate(MESSAGES_AT_ONCE, MESSAGES_PER_SECOND)
        self._number = 0
        """Number of operations so far."""
        self._running: dict[asyncio.Task[None], RunningOperation] = {}
        self._by_id: dict[str, asyncio.Task[None]] = {}
        """The tasks of operations that the client has not ended."""
        self._unwatch: Callable[[], None] | None = None
        """Ends the checks of the credential."""
        self._closing: asyncio.Task[None] | None = None
        """Closes the connection because its credential is no longer accepted."""
        self._ending = ending_of(scope)
        self._request_id = request_id_of(scope)
        self.write = write_of(scope)
        """Sends messages at once, as frames; returns False if the client has left, or has earlier ones to read."""
        self._shared: dict[str, Any] = scope["state"]
        """What the limits on connections need to know."""

    async def run(self, initialization_seconds: float) -> None:
        """Serve the connection until the client or the service closes it."""
        self._note_activity()
        closed: Closed | None = None
        try:
            await self._initialize_within(initialization_seconds)
            while True:
                await self._handle(await self._next())
        except Closed as error:
            closed = error
        except ClientGone:
            pass
        except asyncio.CancelledError:
            if not self._ending.has_canceled:
                raise
            closed = _restarting()
        except Exception as error:  # noqa: BLE001 - every exception closes the connection
            closed = closed_by(http_error_of(error, self._request_id))
        finally:
            await self._end(closed)

    async def close(self, closed: Closed) -> None:
        """Close the connection, unless it is closed."""
        with suppress(OSError):
            await self._send({"type": "websocket.close", "code": closed.code, "reason": closed.reason})

    def end(self, code: str, message: str) -> None:
        """Close the connection because its credential is no longer accepted. Operations that run are answered first."""
        if self._closing is None and not self._running:
            close_code = CloseCode.FORBIDDEN if is_rejection(code) else CloseCode.TRY_AGAIN
            self._closing = asyncio.create_task(self.close(Closed(close_code, f"{code}: {message}")))

    async def say(self, message: str | None, *, is_answer: bool = False) -> None:
        """Send a message; none if the client has ended the operation. Raise ClientGone if it has left.

        The client of an answer that is unread when the server shuts down has longer to read it.
        """
        if message is None:
            return
        try:
            await self._send({"type": "websocket.send", "text": message, RESUMABLE: not is_answer})
        except OSError:
            raise ClientGone from None

    async def _initialize_within(self, seconds: float) -> None:
        """Wait for `connection_init`, and acknowledge it."""
        try:
            async with asyncio.timeout(seconds):
                while not self._state.is_acknowledged:
                    await self._handle(await self._next())
        except TimeoutError:
            raise Closed(CloseCode.INITIALIZATION_TIMEOUT, "Connection initialisation timeout.") from None

    async def _next(self) -> str:
        """Return the client's next message, not faster than it may send them."""
        message = await self._receive()
        match message["type"]:
            case "websocket.receive":
                text = message.get("text")
            case "websocket.disconnect":
                raise ClientGone
            case _:
                assert message["type"] == DRAIN  # noqa: S101 - there are no others
                await self._drain()
                raise _restarting()
        if text is None:
            raise Closed(CloseCode.MALFORMED, "The message is binary: send text.")
        if pause := self._rate.pause(monotonic()):
            await asyncio.sleep(pause)
        return text

    async def _handle(self, text: str) -> None:
        size = len(text)
        async with AsyncExitStack() as held:
            if size < LARGE_BYTES:
                message = parse_message(text)
            else:
                message = await self._parse_large(text, held)
            match self._state.receive(message):
                case Subscribe(identifier, payload):
                    self._begin(identifier, payload, size, held.pop_all())
                case Complete(identifier):
                    self._cancel(identifier)
                case Reply(reply):
                    await self.say(reply)
                case Initialize(payload):
                    await self._initialize(payload)
                case None:
                    pass

    async def _parse_large(self, text: str, held: AsyncExitStack) -> dict[str, Any]:
        """Return a large message, as large bodies of requests are read: in turns, and not too many at once."""
        if not self._state.is_acknowledged:
            if len(text) <= MAX_HEADER_BYTES:
                return parse_message(text)
            reason = f"A message before `connection_ack` is longer than {MAX_HEADER_BYTES:,} characters."
            raise Closed(CloseCode.MALFORMED, reason)
        company_id, turns = working_for.get(), self._operations.turns
        await turns.begin(company_id)
        if len(text) < HUGE_BYTES:
            return parse_message(text)
        await held.enter_async_context(turns.huge(company_id))
        return await run_in_turn(object(), parse_message, text)

    async def _initialize(self, payload: Mapping[str, object]) -> None:
        """Verify the credential, and acknowledge the connection."""
        self._credential = with_payload(self._credential, payload)
        try:
            principal = await self._operations.authenticate(self._credential)
        except Exception as error:  # noqa: BLE001 - every exception closes the connection
            raise closed_by(http_error_of(error, self._request_id)) from None
        self._shared[COMPANY_ID] = principal.company_id
        working_for.set(principal.company_id)
        self._unwatch = self._operations.watch(self._credential, self)
        await self.say(self._state.acknowledge())

    def _begin(self, identifier: str, payload: dict[str, Any], size: int, held: AsyncExitStack) -> None:
        """Run an operation in a task."""
        self._number += 1
        record = OperationRecord(f"{self._request_id}.{self._number}")
        operation = RunningOperation(
            identifier, record, self._operations, self._state, self, self._ending, self._shared
        )
        task = asyncio.create_task(operation.run(payload, size, self._credential, held))
        self._running[task] = operation
        self._by_id[identifier] = task
        task.add_done_callback(self._forget)
        self._note_activity()

    def _cancel(self, identifier: str) -> None:
        """Cancel an operation that the client has ended."""
        task = self._by_id.pop(identifier, None)
        if task is not None and self._running[task].may_be_canceled:
            task.cancel()

    def _forget(self, task: asyncio.Task[None]) -> None:
        operation = self._running.pop(task)
        if self._by_id.get(operation.identifier) is task:
            del self._by_id[operation.identifier]
        self._state.release()
        self._note_activity()

    def _note_activity(self) -> None:
        """Tell the limits on connections whether an operation runs."""
        self._shared[IDLE_SINCE] = None if self._running else asyncio.get_running_loop().time()

    async def _drain(self) -> None:
        """End subscriptions, and wait until all other operations are answered: the server is shutting down."""
        for task, operation in self._running.items():
            if operation.is_stream:
                task.cancel()
        await self._finish()

    async def _end(self, closed: Closed | None) -> None:
        """Close the connection, cancel what may be canceled, and wait for the rest."""
        if self._unwatch is not None:
            self._unwatch()
        if closed is not None:
            await self.close(closed)
        for task, operation in self._running.items():
            if operation.may_be_canceled:
                task.cancel()
        await self._finish()

    async def _finish(self) -> None:
        """Wait until all operations have ended. If the server cancels that, so are they."""
        while self._running:
            try:
                await asyncio.wait(self._running)
            except asyncio.CancelledError:
                for task in self._running:
                    task.cancel()
                if not self._ending.has_canceled:
                    raise


def _restarting() -> Closed:
    return Closed(CloseCode.RESTARTING, RESTARTING)
