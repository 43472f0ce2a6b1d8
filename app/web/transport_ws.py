"""The protocol graphql-transport-ws as a state: a client's messages in, messages and close codes out.

There is no I/O, no clock and no task here: `app/web/websocket_session.py` has those. The protocol:
https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple, cast

from app.web.answers import to_json
from app.web.http_errors import FailureCode, HttpError
from app.web.malformed import kind_of
from app.web.strict_json import json_of, shortened

SUBPROTOCOL = "graphql-transport-ws"
LEGACY_SUBPROTOCOL = "graphql-ws"
MAX_OPERATIONS = 500
"""Maximum number of operations that run on a connection at once. A gateway may send many clients' on one."""
MAX_ID_LENGTH = 128
"""Maximum length of an operation's id, in characters. Libraries send UUIDs or numbers."""
_MAX_REASON_BYTES = 123
"""Maximum size of the reason of a close frame, in bytes (RFC 6455, 5.5)."""


class CloseCode(IntEnum):
    """Why the service closes a connection. Codes from 4000 on are those of the protocol."""

    RESTARTING = 1012
    """The service is shutting down: connect again."""
    TRY_AGAIN = 1013
    """The service is overloaded or can't verify the credential: connect again later."""
    MALFORMED = 4400
    """A message isn't one of the protocol's."""
    UNAUTHORIZED = 4401
    """An operation was sent before `connection_init` was acknowledged."""
    FORBIDDEN = 4403
    """The credential is missing or rejected, or has become invalid."""
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    """The client doesn't offer the subprotocol graphql-transport-ws."""
    INITIALIZATION_TIMEOUT = 4408
    """`connection_init` didn't arrive in time."""
    OPERATION_EXISTS = 4409
    """An operation with the same id is still running."""
    TOO_MANY_INITIALIZATIONS = 4429
    """`connection_init` was sent more than once."""
    FAILED = 4500
    """The service failed."""


class Closed(Exception):
    """The connection must be closed with this code and reason."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = fit_reason(reason)


class Initialize(NamedTuple):
    """The client introduces itself. `acknowledge` follows once its credential is verified."""

    payload: Mapping[str, object]


class Subscribe(NamedTuple):
    """The client starts an operation of any type."""

    id: str
    payload: dict[str, Any]


class Complete(NamedTuple):
    """The client ends an operation. Nothing is sent for its id from now on."""

    id: str


class Reply(NamedTuple):
    """The client is sent a message."""

    message: str


Request = Initialize | Subscribe | Complete | Reply


def parse_message(text: str) -> dict[str, Any]:
    """Return a message's JSON object. Raise Closed if it is none."""
    try:
        message = json_of(text, "message")
    except HttpError as error:
        raise Closed(CloseCode.MALFORMED, error.message) from None
    if not isinstance(message, dict):
        msg = f"The message is {kind_of(message)}: send a JSON object with a `type`."
        raise Closed(CloseCode.MALFORMED, msg)
    return cast("dict[str, Any]", message)


class TransportState:
    """The state of one connection: whether it is initialized, and which operations run."""

    __slots__ = ("_has_begun", "_ids", "_is_acknowledged", "_max_operations", "_running")

    def __init__(self, max_operations: int = MAX_OPERATIONS) -> None:
        self._max_operations = max_operations
        self._has_begun = False
        self._is_acknowledged = False
        self._ids: dict[str, str] = {}
        """The ids of the operations that the client has not ended, with their JSON."""
        self._running = 0
        """Number of operations that run, including mutations that the client has ended: they are completed."""

    @property
    def is_acknowledged(self) -> bool:
        """Whether the connection is initialized."""
        return self._is_acknowledged

    def receive(self, message: Mapping[str, Any]) -> Request | None:
        """Return what a message asks for; None for nothing. Raise Closed if it breaks the protocol."""
        match message.get("type"):
            case "subscribe":
                return self._subscribe(message)
            case "complete":
                # Unknown if the operation has just ended, which the client doesn't know yet.
                identifier = _id_of(message)
                return Complete(identifier) if self._ids.pop(identifier, None) is not None else None
            case "connection_init":
                return self._initialize(message)
            case "ping":
                return Reply(_written("pong", _payload_of(message)))
            case "pong":
                _payload_of(message)
                return None
            case None:
                reason = "The message has no `type`."
            case str() as name:
                reason = f"`{shortened(name)}` is not a type of message that a client sends in {SUBPROTOCOL}."
            case other:
                reason = f"The message's `type` is {kind_of(other)}: send a string."
        raise Closed(CloseCode.MALFORMED, reason)

    def acknowledge(self) -> str:
        """Return the message that acknowledges the connection: operations are accepted from now on."""
        self._is_acknowledged = True
        return _written("connection_ack", None)

    def next(self, identifier: str, result: str) -> str | None:
        """Return the message with a result's JSON; None if the client has ended the operation."""
        written = self._ids.get(identifier)
        return None if written is None else f'{{"id":{written},"type":"next","payload":{result}}}'

    def written_id(self, identifier: str) -> str | None:
        """Return the JSON of an operation's id; None if the client has ended it."""
        return self._ids.get(identifier)

    def error(self, identifier: str, errors: str) -> str | None:
        """End an operation, and return the message with its errors' JSON; None if the client has ended it."""
        written = self._ids.pop(identifier, None)
        return None if written is None else _error(written, errors)

    def complete(self, identifier: str) -> str | None:
        """End an operation, and return the message that says so; None if the client has ended it."""
        written = self._ids.pop(identifier, None)
        return None if written is None else f'{{"id":{written},"type":"complete"}}'

    def release(self) -> None:
        """Make room for another operation: one no longer runs."""
        self._running -= 1

    def _initialize(self, message: Mapping[str, Any]) -> Initialize:
        payload = _payload_of(message)
        if self._has_begun:
            raise Closed(CloseCode.TOO_MANY_INITIALIZATIONS, "Too many initialisation requests: send one.")
        self._has_begun = True
        return Initialize(payload or {})

    def _subscribe(self, message: Mapping[str, Any]) -> Subscribe | Reply:
        identifier, payload = _id_of(message), message.get("payload")
        if not isinstance(payload, dict):
            msg = f"The `payload` of `subscribe` is {kind_of(payload)}: send an object with a `query`."
            raise Closed(CloseCode.MALFORMED, msg)
        if not self._is_acknowledged:
            msg = "Unauthorized: send `connection_init`, and wait for `connection_ack`."
            raise Closed(CloseCode.UNAUTHORIZED, msg)
        if identifier in self._ids:
            raise Closed(CloseCode.OPERATION_EXISTS, f"Subscriber for {shortened(identifier)} already exists.")
        written = to_json(identifier).decode()
        if self._running >= self._max_operations:
            return Reply(_error(written, _too_many_operations(self._max_operations)))
        self._running += 1
        self._ids[identifier] = written
        return Subscribe(identifier, cast("dict[str, Any]", payload))


class MessageRate:
    """A limit on the rate of a connection's messages: a client may send some at once, and then as many per second."""

    __slots__ = ("_at_once", "_paid_until", "_seconds_each")

    def __init__(self, at_once: int, per_second: float) -> None:
        self._at_once = at_once
        self._seconds_each = 1 / per_second
        self._paid_until = float("-inf")
        """The time at which all messages so far would have arrived at the highest rate."""

    def pause(self, now: float) -> float:
        """Count a message, and return for how many seconds no more should be read."""
        self._paid_until = max(self._paid_until, now) + self._seconds_each
        return max(0.0, self._paid_until - now - self._at_once * self._seconds_each)


def fit_reason(reason: str) -> str:
    """Return a close frame's reason, shortened to the bytes that it may have."""
    data = reason.encode()
    if len(data) <= _MAX_REASON_BYTES:
        return reason
    return data[: _MAX_REASON_BYTES - len("…".encode())].decode(errors="ignore") + "…"


def _error(written_id: str, errors: str) -> str:
    return f'{{"id":{written_id},"type":"error","payload":{errors}}}'


def _too_many_operations(most: int) -> str:
    message = f"More than {most} operations run on this connection. End some, or open another connection."
    return to_json([{"message": message, "extensions": {"code": FailureCode.TOO_MANY_OPERATIONS}}]).decode()


def _id_of(message: Mapping[str, Any]) -> str:
    identifier = message.get("id")
    if not isinstance(identifier, str):
        msg = f"The `id` of `{message['type']}` is {kind_of(identifier)}: send a string."
        raise Closed(CloseCode.MALFORMED, msg)
    if not 0 < len(identifier) <= MAX_ID_LENGTH:
        msg = f"The `id` of `{message['type']}` must have 1 to {MAX_ID_LENGTH} characters."
        raise Closed(CloseCode.MALFORMED, msg)
    return identifier


def _payload_of(message: Mapping[str, Any]) -> Mapping[str, object] | None:
    payload = message.get("payload")
    if payload is None or isinstance(payload, dict):
        return cast("Mapping[str, object] | None", payload)
    msg = f"The `payload` of `{message['type']}` is {kind_of(payload)}: send an object, null, or nothing."
    raise Closed(CloseCode.MALFORMED, msg)


def _written(kind: str, payload: Mapping[str, object] | None) -> str:
    return to_json({"type": kind} if payload is None else {"type": kind, "payload": payload}).decode()
