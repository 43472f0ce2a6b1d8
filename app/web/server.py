"""uvicorn's server, with limits on connections and a shutdown that resets no connection that has a request."""

import asyncio
import socket
import sys
from collections.abc import Callable
from functools import partial

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from app.web.acceptor import Acceptor, refuse_new_connections
from app.web.connections import SWEEP_SECONDS, ConnectionLimits, Connections
from app.web.ending import ENDING, Ending

_log = structlog.get_logger()

SETTLING_SECONDS = 0.25
"""How long to wait for half-established connections, in seconds, after the kernel stops accepting new ones."""
_LINGERING_SECONDS = 1.0
"""How long idle connections stay open during shutdown, in seconds, for requests that are in transit."""
_POLL_SECONDS = 0.05
_STOPPING_SECONDS = 1.0
"""How long mutations may take to end after their time, in seconds, before all requests are canceled."""
_CANCELING_SECONDS = 3.0
"""How long canceled requests may take to end and to be answered, in seconds."""
AFTER_GRACE_SECONDS = 8.0
"""How long a process may take to end after its grace period, in seconds: to cancel requests, close connections to the
database, and write the rest of its log. Two seconds less than deployments wait before they kill it."""


class Server(uvicorn.Server):
    """Serves on sockets that already listen."""

    def __init__(
        self,
        config: uvicorn.Config,
        limits: ConnectionLimits | None = None,
        *,
        settling_seconds: float = SETTLING_SECONDS,
    ) -> None:
        super().__init__(config)
        self._settling_seconds = settling_seconds
        self.server_state = self._connections = Connections(limits or ConnectionLimits())
        self._ending = Ending()
        self._is_alone = True
        self._others_end = False
        self._acceptors: list[Acceptor] = []
        self._sweeping: asyncio.TimerHandle | None = None

    def share_listener(self) -> None:
        """Assume that other processes accept connections of the same sockets, until `end_with_others`."""
        self._is_alone = False

    def end_with_others(self, *, is_orphan: bool) -> None:
        """Shut down because the parent process has closed its pipe. Unless it died, it has handled the sockets."""
        self._is_alone = is_orphan
        self._others_end = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then accept connections."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(STARTUP_FAILURE)
        self.servers = []
        self.lifespan.state[ENDING] = self._ending
        make_protocol = partial(
            self.config.http_protocol_class,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        self._acceptors = [Acceptor(listener, make_protocol) for listener in sockets or ()]
        self._sweep()
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer all requests that have arrived or are in transit, and shut down.

        First, the kernel stops accepting connections, and those that are established are served. Then idle connections
        have a second to send a request that is in transit, and each connection is closed after its answer. Requests
        that the grace period is too short for are answered with 503.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + (self.config.timeout_graceful_shutdown or 0)
        self._ending.begin(ends_at)
        end = loop.time() + _LINGERING_SECONDS
        self._connections.drain()
        # The signal may have been sent to this worker alone, or to the whole group, including the parent process.
        await _until(lambda: self._is_alone or self._others_end, end)
        if self._is_alone:
            for listener in sockets or ():
                refuse_new_connections(listener)
        if self._is_alone or self._others_end:
            await asyncio.sleep(self._settling_seconds)
        for acceptor in self._acceptors:
            acceptor.close()
        await asyncio.sleep(_POLL_SECONDS)
        await _until(lambda: not self._connections.has_idle(), end)
        for listener in sockets or ():
            listener.close()
        for connection in list(self._connections.connections):
            connection.shutdown()
        await self._end_requests(ends_at + _STOPPING_SECONDS)
        if not self.force_exit:
            await self.lifespan.shutdown()
        if self._sweeping is not None:
            self._sweeping.cancel()

    async def _end_requests(self, end: float) -> None:
        """Wait until all requests are answered and read, and cancel them at a time, or at a second Ctrl-C."""
        state = self._connections
        await _until(lambda: self.force_exit or not (state.connections or state.tasks), end)
        if self.force_exit:
            now = asyncio.get_running_loop().time()
            self._ending.begin(now)
            await _until(lambda: not state.tasks, now + _STOPPING_SECONDS)
        late = list(state.tasks)
        if not late:
            return
        _log.warning("requests_stopped", requests=len(late))
        self._ending.has_canceled = True
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=_CANCELING_SECONDS)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweeping = loop.call_later(SWEEP_SECONDS, self._sweep)
        self._connections.sweep(loop.time())


async def _until(happened: Callable[[], bool], end: float) -> None:
    """Wait until the condition is true, or until a time."""
    loop = asyncio.get_running_loop()
    while not happened() and loop.time() < end:  # noqa: ASYNC110 - another thread or a client makes it true
        await asyncio.sleep(_POLL_SECONDS)
