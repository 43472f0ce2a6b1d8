"""Dispatch requests for GraphQL and REST, and all WebSockets, without Starlette's router and middleware.

This takes 1.5 µs instead of 8.5 per request, of the 350 µs that the server takes for one customer (`python -m
bench.shortcuts`). Remove this module when Starlette takes less than 3 µs: nothing else depends on it.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.rest.routing import is_rest


class Direct:
    """ASGI middleware that passes requests for GraphQL and REST to their endpoints, and all others to the application.

    WebSockets of all paths are passed to `websocket`, if it is given.
    """

    def __init__(
        self,
        app: ASGIApp,
        path: str,
        endpoint: ASGIApp,
        websocket: ASGIApp | None = None,
        rest: ASGIApp | None = None,
    ) -> None:
        """`path`: that of `endpoint`. `rest` serves /v1 and all paths below it."""
        self._app = app
        self._path = path
        self._endpoint = endpoint
        self._websocket = websocket
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request or a WebSocket."""
        if scope["type"] == "websocket" and self._websocket is not None:
            await self._websocket(scope, receive, send)
            return
        # With a root path, the router determines which path is requested.
        if scope["type"] != "http" or scope.get("root_path"):
            await self._app(scope, receive, send)
        elif scope["path"] == self._path:
            await self._endpoint(scope, receive, send)
        elif self._rest is not None and is_rest(scope["path"]):
            await self._rest(scope, receive, send)
        else:
            await self._app(scope, receive, send)
