"""Dispatch requests for the GraphQL path, and all WebSockets, without Starlette's router and middleware.

This takes 1.5 µs instead of 8.5 per request, of the 350 µs that the server takes for one customer (`python -m
bench.shortcuts`). Remove this module when Starlette takes less than 3 µs: nothing else depends on it.
"""

from starlette.types import ASGIApp, Receive, Scope, Send


class Direct:
    """ASGI middleware that passes requests for one path to their endpoint, and all others to the application.

    WebSockets of all paths are passed to `websocket`, if it is given.
    """

    def __init__(self, app: ASGIApp, path: str, endpoint: ASGIApp, websocket: ASGIApp | None = None) -> None:
        self._app = app
        self._path = path
        self._endpoint = endpoint
        self._websocket = websocket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request or a WebSocket."""
        if scope["type"] == "websocket" and self._websocket is not None:
            await self._websocket(scope, receive, send)
            return
        # With a root path, the router determines which path is requested.
        is_direct = scope["type"] == "http" and scope["path"] == self._path and not scope.get("root_path")
        await (self._endpoint if is_direct else self._app)(scope, receive, send)
