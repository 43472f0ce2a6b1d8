"""The end of an operation that takes too long, or whose client has left."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.types import Receive

from app.web.faults import FaultCode, Refusal
from app.web.graphql_request import ClientGone

_PATIENCE_SECONDS = 0.1
"""Most operations end sooner, so only the others pay for a task that watches the client."""


@asynccontextmanager
async def deadline(seconds: float, receive: Receive, *, abandon: bool) -> AsyncGenerator[None]:
    """Cancel what runs inside after some seconds (504), or when the client leaves and the work may be abandoned (ClientGone)."""
    loop = asyncio.get_running_loop()
    watcher = _Watcher(receive)
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            start = loop.call_later(_PATIENCE_SECONDS, watcher.start, limit) if abandon else None
            try:
                yield
            finally:
                if start is not None:
                    start.cancel()
                watcher.stop()
    except TimeoutError:
        if watcher.client_left:
            raise ClientGone from None
        if limit.expired():
            raise Refusal(
                504, FaultCode.TIMEOUT, f"The operation took longer than {seconds:g} seconds and was stopped."
            ) from None
        raise


class _Watcher:
    """Waits for the client to leave, then lets the limit expire at once."""

    def __init__(self, receive: Receive) -> None:
        self.client_left = False
        self._receive = receive
        self._task: asyncio.Task[None] | None = None

    def start(self, limit: asyncio.Timeout) -> None:
        self._task = asyncio.create_task(self._watch(limit))

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _watch(self, limit: asyncio.Timeout) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.client_left = True
        limit.reschedule(asyncio.get_running_loop().time())
