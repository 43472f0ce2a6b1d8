"""The outermost ASGI middleware: check the Host header, add a request id and security headers, and mask failures."""

import asyncio
import re
from collections.abc import Iterable
from random import getrandbits

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.answers import Answer
from app.web.ending import ending_of, stopped
from app.web.host import check_host
from app.web.http_errors import HttpError, http_error_of
from app.web.rejected import rejection_of

REQUEST_ID = "x-request-id"

_VALID_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_RAW_REQUEST_ID = REQUEST_ID.encode()
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]


def new_request_id() -> str:
    """Return a new id, which is unique but may be predictable."""
    return f"{getrandbits(128):032x}"


def request_id_of(scope: Scope) -> str:
    """Return the request's id."""
    return scope["state"]["request_id"]


def sent_request_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the request id that the caller sent, or None if it is missing or invalid."""
    return next(
        (value.decode() for name, value in headers if name == _RAW_REQUEST_ID and _VALID_ID.fullmatch(value)), None
    )


class Envelope:
    """The outermost ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request with its id, and add headers to the response."""
        if scope["type"] == "websocket":
            await self._open(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, hosts = _identified(scope)
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *SECURITY_HEADERS, (_RAW_REQUEST_ID, request_id.encode())]
            await send(message)

        try:
            check_host(hosts, scope["http_version"])
            await self._app(scope, receive, send_with_headers)
        except asyncio.CancelledError:
            if started or not ending_of(scope).has_canceled:
                raise
            await _rejection(stopped(request_id), scope).send(send_with_headers)
        except Exception as error:
            if started:
                raise
            await _rejection(http_error_of(error, request_id), scope).send(send_with_headers)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a WebSocket with its id. A handshake that is rejected is answered as a request is."""
        request_id, hosts = _identified(scope)
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        added = [*SECURITY_HEADERS, (_RAW_REQUEST_ID, request_id.encode())]
        is_accepted = False

        async def send_with_headers(message: Message) -> None:
            nonlocal is_accepted
            if message["type"] == "websocket.accept":
                is_accepted = True
                message["headers"] = added
            await send(message)

        async def reject(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send({**message, "type": f"websocket.{message['type']}"})

        try:
            check_host(hosts, scope["http_version"])
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if is_accepted:
                raise
            await _rejection(http_error_of(error, request_id), scope).send(reject)


class Caught:
    """ASGI middleware around the routes: answer their failures in the form of GraphQL errors, not in Starlette's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request, and send an error if its route raises before it has sent anything."""
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http" or has_begun:
                raise
            await http_error_of(error, request_id_of(scope)).answer().send(send)


def _rejection(http_error: HttpError, scope: Scope) -> Answer:
    root_path: str = scope.get("root_path", "")
    return rejection_of(http_error, scope["state"], root_path, scope["path"].removeprefix(root_path))


def _identified(scope: Scope) -> tuple[str, list[bytes]]:
    """Return the request's id (the caller's or a new one) and all its Host headers, in one pass over the headers."""
    request_id = None
    hosts: list[bytes] = []
    for name, value in scope["headers"]:
        if name == b"host":
            hosts.append(value)
        elif name == _RAW_REQUEST_ID and request_id is None and _VALID_ID.fullmatch(value):
            request_id = value.decode()
    return request_id or new_request_id(), hosts
