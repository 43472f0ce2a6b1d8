"""One operation on a WebSocket, of any type, from `subscribe` to its last message."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Protocol

import orjson
from graphql import OperationType

from app.engine.request_errors import RequestError
from app.live.backlog import LiveClient
from app.live.credentials import Holder
from app.live.ended import LiveCode, LiveEnded
from app.live.live import Live
from app.live.stream import LiveStream
from app.web.answers import Answer, to_json
from app.web.credential_errors import Unauthenticated
from app.web.ending import Ending, stopped
from app.web.failures import document_answer
from app.web.graphql_http import Authenticate
from app.web.graphql_request import ClientGone, request_of
from app.web.http_errors import http_error_of
from app.web.large_bodies import BodyTurns
from app.web.media_types import GRAPHQL_TYPE
from app.web.operation_endpoint import NOT_SENT, not_sent
from app.web.request_log import OperationLog, OperationRecord
from app.web.running import Runner
from app.web.sse import rejection_of
from app.web.stream_credentials import StreamCredential
from app.web.streaming import end_stream
from app.web.transport_ws import CloseCode, Closed, TransportState
from app.web.websocket_credentials import is_rejection
from app.web.websocket_updates import UpdateChannel, UpdateSender

Outcome = tuple[int, tuple[str, ...]]
"""The status and the error codes of an operation, for its log line."""


class Operations:
    """Authenticates the clients of WebSockets, and runs their operations."""

    def __init__(self, runner: Runner, authenticate: Authenticate, log: OperationLog, live: Live | None = None) -> None:
        """Without `live`, subscriptions are rejected."""
        self._runner = runner
        self._live = live
        self.authenticate = authenticate
        self.log = log

    @property
    def turns(self) -> BodyTurns:
        """The turns of messages, which they share with the bodies of requests."""
        return self._runner.turns

    def watch(self, credential: Mapping[str, str], holder: Holder) -> Callable[[], None]:
        """Check a credential every two seconds, as those of streams, until the returned function is called."""
        if self._live is None:
            return _nothing
        credentials, checked = self._live.credentials, StreamCredential.of(self.authenticate, credential)
        credentials.add(checked, holder)
        return partial(credentials.remove, checked, holder)

    async def start(
        self,
        payload: Mapping[str, Any],
        size: int,
        credential: Mapping[str, str],
        record: OperationRecord,
        ending: Ending,
        client: LiveClient,
    ) -> Answer | LiveStream:
        """Run a query or a mutation to its answer, or open the stream of a subscription.

        The credential is verified again, because it may have expired since the connection was opened.
        """
        record.principal = principal = await self.authenticate(credential)
        request = request_of(payload)
        with self._runner.deadline(None) as deadline:
            deadline.end_body()
            operation = await self._runner.prepare(request, record)
            if operation.type is not OperationType.SUBSCRIPTION or self._live is None:
                return await self._runner.answer(operation, request, principal, record, deadline, ending, size=size)
            deadline.begin_query()
            ending.on_begin(self._live.restart)
            checked = StreamCredential.of(self.authenticate, credential, principal.scopes)
            return await self._live.subscribe(
                operation, request.variables, principal, credential=checked, client=client
            )


class Channel(UpdateChannel, Protocol):
    """The connection, as an operation needs it."""

    @property
    def client(self) -> LiveClient:
        """What waits for the client in all of its subscriptions."""
        ...

    async def close(self, closed: Closed) -> None:
        """Close the connection."""
        ...


class RunningOperation:
    """An operation, which one task runs."""

    __slots__ = ("_channel", "_ending", "_operations", "_shared", "_state", "identifier", "is_stream", "record")

    def __init__(
        self,
        identifier: str,
        record: OperationRecord,
        operations: Operations,
        state: TransportState,
        channel: Channel,
        ending: Ending,
        shared: Mapping[str, Any],
    ) -> None:
        self.identifier = identifier
        """The id that the client has given it."""
        self.record = record
        self._operations = operations
        self._state = state
        self._channel = channel
        self._ending = ending
        self._shared = shared
        """What its connection tells."""
        self.is_stream = False
        """Whether it is a subscription that has begun."""

    @property
    def may_be_canceled(self) -> bool:
        """Whether it may be canceled: a mutation that has begun is completed."""
        return not self.record.may_be_stored

    async def run(
        self, payload: dict[str, Any], size: int, credential: Mapping[str, str], held: AsyncExitStack
    ) -> None:
        """Run it, send what it returns, and write its log line. `held` is given back once its input is handled."""
        outcome: Outcome = NOT_SENT
        try:
            outcome = await self._run(payload, size, credential, held)
        except ClientGone:
            pass
        finally:
            if not self.is_stream:
                outcome = not_sent(self._shared) if outcome == NOT_SENT else outcome
                self._operations.log.write(self.record, *outcome)

    async def _run(
        self, payload: dict[str, Any], size: int, credential: Mapping[str, str], held: AsyncExitStack
    ) -> Outcome:
        try:
            async with held:
                result = await self._operations.start(
                    payload, size, credential, self.record, self._ending, self._channel.client
                )
            # A stream lives for hours, and its document may be long.
            del payload
            return await (self._answer(result) if isinstance(result, Answer) else self._follow(result))
        except asyncio.CancelledError:
            if not self._ending.has_canceled:
                raise
            http_error = stopped(self.record.request_id, may_be_stored=self.record.may_be_stored)
            return await self._fail(http_error.answer())
        except Exception as error:  # noqa: BLE001 - every exception becomes a message
            return await self._fail_with(error)

    async def _answer(self, answer: Answer) -> Outcome:
        """Send the response of a query or a mutation."""
        self.record.seconds = self.record.elapsed()
        if (message := self._state.next(self.identifier, answer.body.decode())) is None:
            return NOT_SENT
        await self._channel.say(message, is_answer=True)
        await self._channel.say(self._state.complete(self.identifier))
        return answer.status, answer.codes

    async def _follow(self, stream: LiveStream) -> Outcome:
        """Send the updates of a stream until it ends."""
        self.is_stream = True
        self._operations.log.write(self.record, 200, ())
        sender = UpdateSender(self.identifier, self._state, self._channel)
        try:
            await sender.send_all(stream)
        finally:
            await end_stream(stream, self.record, sender.sent, self._shared)
        return NOT_SENT

    async def _fail_with(self, error: Exception) -> Outcome:
        """End the operation, or the connection if its credential is rejected."""
        match error:
            case ClientGone() | LiveEnded(code=LiveCode.CLIENT_LEFT | LiveCode.SERVICE_RESTARTING):
                # When the service restarts, the session closes the connection.
                return NOT_SENT
            case Unauthenticated() | LiveEnded() if is_rejection(error.code):
                await self._channel.close(Closed(CloseCode.FORBIDDEN, f"{error.code}: {error.message}"))
                return 401, (error.code,)
            case _:
                return await self._fail(self._answer_to(error))

    async def _fail(self, answer: Answer) -> Outcome:
        """End the operation with the errors of an answer."""
        errors = to_json(orjson.loads(answer.body)["errors"]).decode()
        await self._channel.say(self._state.error(self.identifier, errors), is_answer=not self.is_stream)
        return answer.status, answer.codes

    def _answer_to(self, error: Exception) -> Answer:
        """Return the errors of an operation that failed as a whole."""
        match error:
            case LiveEnded(cursor=None):
                return rejection_of(error).answer()
            case LiveEnded():
                return _ended(error)
            case RequestError():
                return document_answer(error, GRAPHQL_TYPE)
            case _ if self._ending.has_stopped(error):
                return stopped(self.record.request_id).answer()
            case _:
                return http_error_of(error, self.record.request_id).answer()


def _ended(error: LiveEnded) -> Answer:
    """Return the error of a stream that ended, with the cursor to resume after."""
    extensions = {"code": error.code, "cursor": error.cursor}
    return Answer(200, to_json({"errors": [{"message": error.message, "extensions": extensions}]}))


def _nothing() -> None:
    """Forget a credential that isn't checked."""
