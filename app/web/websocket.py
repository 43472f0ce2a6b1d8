"""GraphQL over WebSockets at /graphql: the handshake, and the session that follows it."""

from starlette.types import Receive, Scope, Send

from app.web.connections import COMPANY_ID
from app.web.graphql_request import headers_of
from app.web.http_errors import FailureCode, HttpError
from app.web.transport_ws import LEGACY_SUBPROTOCOL, SUBPROTOCOL, CloseCode, fit_reason
from app.web.websocket_credentials import credential_of
from app.web.websocket_operation import Operations
from app.web.websocket_session import Session

INITIALIZATION_SECONDS = 10.0
"""How long a client may take to send `connection_init`, in seconds."""
_NOT_ACCEPTABLE = f"Offer the subprotocol {SUBPROTOCOL}."
_LEGACY = f"{LEGACY_SUBPROTOCOL} is the legacy subprotocol: use {SUBPROTOCOL}, as the library graphql-ws does."


class GraphQLWebSocket:
    """The ASGI application for WebSockets."""

    def __init__(
        self, operations: Operations, path: str, *, initialization_seconds: float = INITIALIZATION_SECONDS
    ) -> None:
        self._operations = operations
        self._path = path
        self._initialization_seconds = initialization_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection.

        A handshake that is rejected raises HttpError. A credential in its headers must be valid; a browser, which can't
        set headers, sends it in `connection_init`.
        """
        await receive()
        if scope["path"] != self._path:
            msg = f"WebSockets are served at {self._path} only."
            raise HttpError(404, FailureCode.NOT_FOUND, msg)
        credential = credential_of(headers_of(scope))
        if credential:
            principal = await self._operations.authenticate(credential)
            scope["state"][COMPANY_ID] = principal.company_id
        offered: list[str] = scope["subprotocols"]
        if SUBPROTOCOL not in offered:
            await _refuse(offered, send)
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        session = Session(self._operations, scope, receive, send, credential)
        await session.run(self._initialization_seconds)


async def _refuse(offered: list[str], send: Send) -> None:
    """Refuse a client that speaks another protocol.

    Its own is accepted for that: browsers hide the answer to a rejected handshake, but show the code and the reason of
    a close frame.
    """
    await send({"type": "websocket.accept", "subprotocol": offered[0] if offered else None})
    reason = _LEGACY if LEGACY_SUBPROTOCOL in offered else _NOT_ACCEPTABLE
    await send({"type": "websocket.close", "code": CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "reason": fit_reason(reason)})
