"""GraphQL over SSE, in its distinct connections mode: a stream of server-sent events is the answer to one request."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.types import Receive, Scope, Send

from app.domain.identity import Principal
from app.engine.request_errors import RequestErrorCode, request_error
from app.engine.subscriptions import NEEDS_STREAM
from app.live.ended import LiveCode, LiveEnded
from app.live.live import Live
from app.live.stream import LiveStream
from app.live.updates import Update, sse_event
from app.web.answers import Answer, to_json
from app.web.connections import RESUMABLE
from app.web.ending import Ending
from app.web.graphql_request import has_left
from app.web.http_errors import HttpError
from app.web.leaving import on_leaving
from app.web.media_types import EVENT_STREAM_TYPE, takes_events
from app.web.request_log import OperationRecord
from app.web.stream_credentials import StreamCredential
from app.web.streaming import end_stream
from app.web.writing import chunk, write_of

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # nginx would keep events until its buffer is full.
    (b"x-accel-buffering", b"no"),
]
_ALIVE = b":\n"
"""A comment, without an empty line: some clients take that for the end of an event."""
_PROBES = 2
"""Number of comments that show whether a client has left: the first one is answered with a reset, which the second one
notices."""
_PROBE_SECONDS = 0.2
_COMPLETE = sse_event("complete")
_RETRY_AFTER = (("retry-after", "5"),)


class EventStreams:
    """Opens the streams of an application."""

    def __init__(
        self, live: Live, authenticate: Callable[[Mapping[str, str]], Awaitable[Principal]], keepalive_seconds: float
    ) -> None:
        self._live = live
        self._authenticate = authenticate
        self._keepalive_seconds = keepalive_seconds

    async def open(
        self,
        variables: Mapping[str, Any],
        record: OperationRecord,
        headers: Mapping[str, str],
        ending: Ending,
    ) -> "EventStream":
        """Open the stream of a subscription. Raise RequestError or HttpError if it can't run."""
        if not takes_events(headers.get("accept")):
            raise request_error(RequestErrorCode.UNSUPPORTED, NEEDS_STREAM)
        operation, principal = record.operation, record.principal
        assert operation is not None  # noqa: S101 - the request is a subscription
        assert principal is not None  # noqa: S101 - it was authenticated before
        ending.on_begin(self._live.restart)
        credential = StreamCredential.of(self._authenticate, headers, principal.scopes)
        after = headers.get("last-event-id") or None
        try:
            stream = await self._live.subscribe(operation, variables, principal, after=after, credential=credential)
        except LiveEnded as ended:
            raise rejection_of(ended) from ended
        return EventStream(stream, record, self._keepalive_seconds)


class EventStream:
    """The answer to a subscription, which lasts until the client leaves or the stream ends."""

    def __init__(self, stream: LiveStream, record: OperationRecord, keepalive_seconds: float) -> None:
        self._stream = stream
        self._record = record
        self._keepalive_seconds = keepalive_seconds
        self._probes = 0
        self._updates = 0
        """Number of updates that were sent by this task."""

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all updates, and close the stream."""
        stream = self._stream
        on_leaving(scope, self._probe)
        scope["state"][RESUMABLE] = True
        write = write_of(scope)
        stream.deliver_by(lambda updates: write(updates.made_by(_chunk_of)))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            # Without an event, the client knows where to resume, and a browser that the stream is open.
            await _send(send, b"%bid: %b\n\n" % (_ALIVE, stream.cursor.encode()))
            while not has_left(receive):
                taken = await stream.take(_PROBE_SECONDS if self._probes else self._keepalive_seconds)
                self._probes -= self._probes > 0
                self._updates += len(taken)
                await _send(send, _events_of(taken) or _ALIVE)
        except LiveEnded as ended:
            await _send(send, _last(ended), more_body=False)
        except OSError:
            # The server may raise this if the client has disconnected.
            pass
        finally:
            await end_stream(stream, self._record, self._updates, scope["state"])

    def _probe(self) -> None:
        """Find out whether a client that sends no more still reads, by sending comments."""
        self._probes = _PROBES
        self._stream.wake()


def _events_of(updates: Sequence[Update]) -> bytes:
    return b"".join([update.sse for update in updates])


def _chunk_of(updates: Sequence[Update]) -> bytes:
    return chunk(_events_of(updates))


async def _send(send: Send, body: bytes, *, more_body: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more_body})


def _last(ended: LiveEnded) -> bytes:
    """Return the end of a stream. Without `complete`, clients open the stream again."""
    if ended.code == LiveCode.SERVICE_RESTARTING:
        return b": %b\n" % ended.code.encode()
    extensions = {"code": ended.code, "cursor": ended.cursor}
    return sse_event("next", to_json({"errors": [{"message": ended.message, "extensions": extensions}]})) + _COMPLETE


def in_events(answer: Answer) -> Answer:
    """Return the result of an operation as server-sent events."""
    return Answer(200, sse_event("next", answer.body) + _COMPLETE, EVENT_STREAM_TYPE, codes=answer.codes)


def rejection_of(ended: LiveEnded) -> HttpError:
    """Return the answer to a subscription for which there is no room."""
    is_full = ended.code == LiveCode.TOO_MANY_SUBSCRIPTIONS
    return HttpError(429 if is_full else 503, ended.code, ended.message, _RETRY_AFTER)
