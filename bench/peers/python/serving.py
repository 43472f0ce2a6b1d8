"""How the Python peers are served: the fastest parts that uvicorn has, one process, no line per request."""

from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.peers.python.environment import Environment
from bench.peers.python.reading import Reader, Readers

UNAUTHORIZED = b'{"errors":[{"message":"A valid bearer token is needed."}]}'
"""The body of every 401."""


class Gate:
    """ASGI middleware: lets in who has a good token, and gives each request a reader of that company's rows."""

    def __init__(self, app: ASGIApp, environment: Environment, readers: Readers) -> None:
        self._app = app
        self._environment = environment
        self._readers = readers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 401."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        tokens, company_id = self._environment.tokens, self._environment.company_id
        if tokens is not None:
            company = tokens.company_of(header(scope, b"authorization"))
            if company is None:
                await answer(send, 401, UNAUTHORIZED)
                return
            company_id = company
        async with self._readers.reader(company_id, tell_database=tokens is not None) as reader:
            scope.setdefault("state", {})["reader"] = reader
            await self._app(scope, receive, send)


def reader_of(request: Any) -> Reader:
    """The reader that the gate gave to a request."""
    return request.scope["state"]["reader"]


def header(scope: Scope, wanted: bytes) -> bytes | None:
    """A header's value, by its name in lower case."""
    return next((value for name, value in scope["headers"] if name == wanted), None)


async def answer(send: Callable[[Any], Awaitable[None]], status: int, body: bytes) -> None:
    """Send a whole JSON answer."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serve(app: ASGIApp, environment: Environment) -> None:
    """Serve until the process is told to end."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=environment.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        server_header=False,
        log_level="warning",
    )
