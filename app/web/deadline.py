"""The end of an operation that takes too long, or whose client has left."""

import asyncio
from types import TracebackType

from starlette.types import Receive

from app.web.faults import FaultCode, Refusal
from app.web.graphql_request import ClientGone

_PATIENCE_SECONDS = 0.1
"""Most operations end sooner, so only the others pay for a task that watches the client."""


class Deadline:
    """Cancels what runs inside after some seconds (504), or when the client leaves and the work may be abandoned (ClientGone)."""

    def __init__(self, seconds: float, receive: Receive, *, abandon: bool) -> None:
        self._seconds = seconds
        self._watcher = _Watcher(receive)
        self._limit = asyncio.timeout(seconds)
        self._abandon = abandon
        self._start: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        if self._abandon:
            loop = asyncio.get_running_loop()
            self._start = loop.call_later(_PATIENCE_SECONDS, self._watcher.start, self._limit)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._start is not None:
            self._start.cancel()
        self._watcher.stop()
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError:
            if self._watcher.client_left:
                raise ClientGone from None
            message = f"The operation took longer than {self._seconds:g} seconds and was stopped."
            raise Refusal(504, FaultCode.TIMEOUT, message) from None


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
