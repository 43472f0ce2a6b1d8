"""Limit every wait for an answer of the database, and close connections that have become silent.

A network may lose a connection without an error, after a failover or because a firewall dropped it. TCP notices after
many minutes, or never if a proxy acknowledges the data. So the begin of each wait is recorded. A connection on which a
statement waits longer than the server's statement timeout is silent. To detect a failover within seconds, the server is
asked earlier, over another connection, whether it is still running the statement.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

import structlog

from app.db.closing import Closing
from app.db.driver_errors import ConnectionSilent
from app.db.rate_limited_log import RateLimitedLog
from app.unavailable import Cause, DatabaseUnavailable

_log = structlog.get_logger()

GRACE_SECONDS = 2.0
"""How long to wait for an answer beyond the server's statement timeout, and for a canceled statement to end."""
_TICK_SECONDS = 0.25
_LATE_SECONDS = 1.0
_PATIENCE_SECONDS = 0.5
"""How long a statement runs before the server is asked about it."""
_LATELY_SECONDS = 10.0
_NO_ANSWER = {Cause.NO_ANSWER_IN_TIME, Cause.CONNECT_FAILED, Cause.SILENT}
_GONE, _IDLE = "gone", "idle"
"""What the server reports about a silent connection."""


class Backend(NamedTuple):
    """The server process of a connection."""

    state: str | None
    """The state in pg_stat_activity, such as `active`; None if it isn't visible."""
    since: object
    """When the state began."""


class _Report(NamedTuple):
    """The server's last report about a wait."""

    of_wait: float
    waited: float
    idle_since: object | None
    """None if the process was running a statement."""


class ServerProbe(Protocol):
    """Asks the server about connections, over another connection."""

    async def backends(self, drivers: Iterable[Any]) -> Mapping[Any, Backend | None]:
        """Return the server process of each connection, or None if the server has no such connection.

        Connections whose process is unknown are left out. Raise DatabaseUnavailable if no answer comes in time.
        """
        ...

    async def end(self, pid: int) -> None:
        """End a process that keeps a transaction open while idle. Raise DatabaseUnavailable as `backends` does."""
        ...


class Waits:
    """The driver's connections that wait for an answer, and those that became silent.

    `discard` is called when a connection is silent, because older connections may be silent too. `server` is None if
    the processes of connections can't be found, as behind a pooler.
    """

    def __init__(
        self, limit_seconds: float, grace_seconds: float, *, discard: Callable[[], None], server: ServerProbe | None
    ) -> None:
        self.limit_seconds = limit_seconds + grace_seconds
        self._lines = RateLimitedLog(_write)
        self._discard = discard
        self._generation = 0
        """How often all connections were discarded."""
        self._generations = WeakKeyDictionary[Any, int]()
        self._server = server
        self._since: dict[Any, float] = {}
        self._unanswered_at = float("-inf")
        self._unlimited = set[Any]()
        self._timer: asyncio.TimerHandle | None = None
        self._ticked = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._said: dict[Any, _Report] = {}
        self._silent = WeakKeyDictionary[Any, ConnectionSilent]()
        self._closing = Closing(grace_seconds, silent=self._not_canceled)
        self._freeing = set[asyncio.Task[None]]()

    def begin(self, driver: Any) -> None:
        """Note that a statement waits for an answer on this connection."""
        self._since[driver] = time.monotonic()
        if self._timer is None:
            self._start()

    def begin_many(self, driver: Any) -> None:
        """Note the begin of a series of statements. It has no limit, because the server's limit applies to each one."""
        self._unlimited.add(driver)
        self.begin(driver)

    def end_many(self, driver: Any) -> None:
        """Note that the series has ended."""
        self._unlimited.discard(driver)
        self.end(driver)

    def end(self, driver: Any) -> None:
        """Note that the wait has ended, with an answer or without."""
        self._since.pop(driver, None)

    def opened(self, driver: Any) -> None:
        """Note that a connection was opened."""
        self._generations[driver] = self._generation

    def lost(self, driver: Any) -> None:
        """Discard all connections after one was lost, unless those of its generation have been discarded already."""
        if self._generations.get(driver) == self._generation:
            self._generation += 1
            self._discard()

    def silence_of(self, driver: Any) -> ConnectionSilent | None:
        """Return the error if this connection was closed because it was silent."""
        return self._silent.get(driver)

    def is_server_silent(self) -> bool:
        """Return whether the server failed to answer in the last 10 seconds."""
        return time.monotonic() - self._unanswered_at < _LATELY_SECONDS

    def longest_seconds(self) -> float:
        """Return the duration of the oldest wait; 0 if there is none."""
        return max((time.monotonic() - since for since in self._since.values()), default=0.0)

    def close(self, driver: Any) -> None:
        """Close a connection in the background. Its statement is canceled; if that fails, the connection is aborted."""
        self._closing.close(driver)

    async def aclose(self) -> None:
        """Wait until all connections are closed, for a bounded time."""
        for task in (self._asking, self._timer, *self._freeing):
            if task is not None:
                task.cancel()
        await self._closing.end()
        for driver in self._since:
            driver.terminate()
        self._lines.flush()

    def _start(self) -> None:
        self._ticked = time.monotonic()
        self._timer = asyncio.get_running_loop().call_later(_TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self._since:
            self._said.clear()
            return
        is_late = time.monotonic() - self._ticked > _TICK_SECONDS + _LATE_SECONDS
        self._start()
        if is_late:
            # This process was suspended or blocked: answers may have come that it hasn't read yet.
            return
        for driver, since in [*self._since.items()]:
            waited = self._ticked - since
            if waited > self.limit_seconds and driver not in self._unlimited:
                self._silence(driver, waited, found="no answer")
        if self._server is not None and self._asking is None and (due := self._due()):
            self._asking = asyncio.get_running_loop().create_task(self._look(due, self._server))
            self._asking.add_done_callback(self._looked)

    def _due(self) -> dict[Any, float]:
        """Return the waits that the server should be asked about, with their begin."""
        due: dict[Any, float] = {}
        for driver, since in self._since.items():
            said = self._said.get(driver)
            if said is None or said.of_wait != since:
                patience = _PATIENCE_SECONDS
            elif said.idle_since is None:
                # The statement was running. Ask about long statements less and less often.
                patience = 2 * said.waited
            else:
                patience = said.waited + _PATIENCE_SECONDS
            if self._ticked - since > patience:
                due[driver] = since
        return due

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("silence_check_failed", exc_info=error)

    async def _look(self, due: dict[Any, float], server: ServerProbe) -> None:
        """Ask the server about statements that take long, and close connections on which it has nothing to do."""
        try:
            found = await server.backends(due)
        except DatabaseUnavailable as error:
            # The server may be busy or down, which says nothing about these connections.
            if error.cause in _NO_ANSWER:
                self._unanswered_at = time.monotonic()
            return
        for driver, backend in found.items():
            # Ignore reports about waits that have ended meanwhile.
            if self._since.get(driver) == due[driver]:
                self._judge(driver, due[driver], backend)

    def _judge(self, driver: Any, since: float, backend: Backend | None) -> None:
        waited = time.monotonic() - since
        if backend is None:
            self._silence(driver, waited, found=_GONE)
            return
        is_idle = backend.state is not None and backend.state.startswith("idle")
        said = self._said.get(driver)
        # A large answer may still be on its way. If a second report is the same, the answer is lost.
        if is_idle and said is not None and (said.of_wait, said.idle_since) == (since, backend.since):
            self._silence(driver, waited, found=_IDLE)
        else:
            self._said[driver] = _Report(since, waited, backend.since if is_idle else None)

    def _silence(self, driver: Any, waited: float, *, found: str) -> None:
        self._unanswered_at = time.monotonic()
        self._silent[driver] = ConnectionSilent(waited, server_answers=found in {_GONE, _IDLE})
        self._since.pop(driver, None)
        self._said.pop(driver, None)
        pid = None if driver.is_closed() else driver.get_server_pid()
        # The statement fails as on a lost connection.
        driver.terminate()
        self._lines.tell("silent", waited_seconds=round(waited, 3), found=found)
        self.lost(driver)
        if self._server is not None and pid is not None and found != _GONE:
            task = asyncio.get_running_loop().create_task(self._free(pid, self._server))
            self._freeing.add(task)
            task.add_done_callback(self._freeing.discard)

    async def _free(self, pid: int, server: ServerProbe) -> None:
        """End the transaction of a lost connection, so that the server releases its locks."""
        with suppress(DatabaseUnavailable):
            await server.end(pid)

    def _not_canceled(self, driver: Any, waited: float) -> None:
        self._silence(driver, waited, found="no answer to a cancellation")


def _write(fields: dict[str, Any], left_out: int) -> None:
    _log.warning("connection_silent", waited_seconds=fields["waited_seconds"], found=fields["found"], left_out=left_out)
