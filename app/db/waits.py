"""Every wait for the server's answer is bounded here, and a connection over which none comes is closed.

A network may lose a connection without telling: the server failed over, or a firewall forgot it. TCP notices after many
minutes, or never where a proxy acknowledges what nobody reads. So it is known of each connection since when a statement
waits on it. One that waits past the server's own statement timeout is silent. So that a failover costs seconds, the
server is asked earlier, over another connection, whether it works on what is waited for.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

import structlog

from app.db.rate_limited_log import RateLimitedLog
from app.db.unavailable import Cause, ConnectionSilent, DatabaseUnavailable

_log = structlog.get_logger()

GRACE_SECONDS = 2.0
"""How much longer than its own limit the server may take to answer, and how long a canceled statement may take to end."""
_END_SECONDS = 1.0
"""How long the service's end waits until connections are closed on both sides."""
_TICK_SECONDS = 0.25
_LATE_SECONDS = 1.0
_PATIENCE_SECONDS = 0.5
"""How long a statement waits before the server is asked about it."""
_LATELY_SECONDS = 10.0
_NO_ANSWER = {Cause.NO_ANSWER_IN_TIME, Cause.CONNECT_FAILED, Cause.SILENT}
_GONE, _IDLE = "gone", "idle"
"""What the server says of a connection that is silent."""


class Backend(NamedTuple):
    """What the server says of the process behind a connection."""

    state: str | None
    """As in pg_stat_activity, such as `active`; None where it doesn't tell."""
    since: object
    """When it came to be in that state."""


class _Said(NamedTuple):
    """What the server said of a wait last."""

    of_wait: float
    waited: float
    idle_since: object | None
    """None if it worked."""


class Server(Protocol):
    """The server, asked over a connection that is not among those in question."""

    async def backends(self, drivers: Iterable[Any]) -> Mapping[Any, Backend | None]:
        """Return what it says of these connections, None for one that it doesn't have.

        Those of which nothing can be told are left out. DatabaseUnavailable if it doesn't answer in time.
        """
        ...

    async def end(self, pid: int) -> None:
        """End a process that keeps a transaction open without doing anything; DatabaseUnavailable likewise."""
        ...


class Waits:
    """The connections that are waited for now, those that turned out to be silent, and those that are being closed.

    All are the driver's own. `discard` is called when a connection is silent: others opened before may be as well.
    `server` is None where nobody can tell which of its processes a connection has.
    """

    def __init__(
        self, limit_seconds: float, grace_seconds: float, *, discard: Callable[[], None], server: Server | None
    ) -> None:
        self.limit_seconds = limit_seconds + grace_seconds
        self._grace_seconds = grace_seconds
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
        self._said: dict[Any, _Said] = {}
        self._silent = WeakKeyDictionary[Any, ConnectionSilent]()
        self._closing: dict[asyncio.Task[None], Any] = {}
        self._freeing = set[asyncio.Task[None]]()

    def begin(self, driver: Any) -> None:
        """Note that an answer is waited for on this connection."""
        self._since[driver] = time.monotonic()
        if self._timer is None:
            self._start()

    def begin_many(self, driver: Any) -> None:
        """The same for a series of statements: each has the server's limit to itself, so that it has none as a whole."""
        self._unlimited.add(driver)
        self.begin(driver)

    def end_many(self, driver: Any) -> None:
        """Note that the series has ended."""
        self._unlimited.discard(driver)
        self.end(driver)

    def end(self, driver: Any) -> None:
        """Note that an answer came, or that it is no longer waited for."""
        self._since.pop(driver, None)

    def opened(self, driver: Any) -> None:
        """Note that a connection was opened."""
        self._generations[driver] = self._generation

    def lost(self, driver: Any) -> None:
        """Discard all connections, as this one is dead, unless those that were opened with it have been already."""
        if self._generations.get(driver) == self._generation:
            self._generation += 1
            self._discard()

    def silence_of(self, driver: Any) -> ConnectionSilent | None:
        """Return what a wait on this connection ended with if it was closed for being silent."""
        return self._silent.get(driver)

    def is_server_silent(self) -> bool:
        """Return whether the server lately didn't answer, over a connection or when it was asked about one."""
        return time.monotonic() - self._unanswered_at < _LATELY_SECONDS

    def longest_seconds(self) -> float:
        """Return how long the oldest wait has lasted; 0 if nothing is waited for."""
        return max((time.monotonic() - since for since in self._since.values()), default=0.0)

    def close(self, driver: Any) -> None:
        """Close a connection without waiting: what it still runs is canceled, and if that doesn't help, it is cut off."""
        if driver.is_closed():
            driver.terminate()
            return
        try:
            task = asyncio.get_running_loop().create_task(self._close(driver))
        except RuntimeError:
            # The collector may run when no loop does.
            driver.terminate()
            return
        self._closing[task] = driver
        task.add_done_callback(self._closed)

    async def aclose(self) -> None:
        """Wait until all connections are closed, for a bounded time."""
        for task in (self._asking, self._timer, *self._freeing):
            if task is not None:
                task.cancel()
        if self._closing:
            await asyncio.wait(self._closing, timeout=min(_END_SECONDS, self._grace_seconds))
        for task in [*self._closing]:
            task.cancel()
        for driver in (*self._closing.values(), *self._since):
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
            # This process stood still, and answers that came meanwhile may not have been read yet.
            return
        for driver, since in [*self._since.items()]:
            waited = self._ticked - since
            if waited > self.limit_seconds and driver not in self._unlimited:
                self._silence(driver, waited, found="no answer")
        if self._server is not None and self._asking is None and (due := self._due()):
            self._asking = asyncio.get_running_loop().create_task(self._look(due, self._server))
            self._asking.add_done_callback(self._looked)

    def _due(self) -> dict[Any, float]:
        """The waits that the server is to be asked about, with their begin."""
        due: dict[Any, float] = {}
        for driver, since in self._since.items():
            said = self._said.get(driver)
            if said is None or said.of_wait != since:
                patience = _PATIENCE_SECONDS
            elif said.idle_since is None:
                # It worked on it: a statement that runs for long is asked about less and less often.
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

    async def _look(self, due: dict[Any, float], server: Server) -> None:
        """Ask the server about statements that take long, and close connections on which it has nothing to do."""
        try:
            found = await server.backends(due)
        except DatabaseUnavailable as error:
            # It may be busy, or away as a whole: nothing follows for a connection.
            if error.cause in _NO_ANSWER:
                self._unanswered_at = time.monotonic()
            return
        for driver, backend in found.items():
            # The very same wait, that is, and not one that began meanwhile.
            if self._since.get(driver) == due[driver]:
                self._judge(driver, due[driver], backend)

    def _judge(self, driver: Any, since: float, backend: Backend | None) -> None:
        waited = time.monotonic() - since
        if backend is None:
            self._silence(driver, waited, found=_GONE)
            return
        is_idle = backend.state is not None and backend.state.startswith("idle")
        said = self._said.get(driver)
        # Its answer may be under way, if a large one. The second time it is lost.
        if is_idle and said is not None and (said.of_wait, said.idle_since) == (since, backend.since):
            self._silence(driver, waited, found=_IDLE)
        else:
            self._said[driver] = _Said(since, waited, backend.since if is_idle else None)

    def _silence(self, driver: Any, waited: float, *, found: str) -> None:
        self._unanswered_at = time.monotonic()
        self._silent[driver] = ConnectionSilent(waited, server_answers=found in {_GONE, _IDLE})
        self._since.pop(driver, None)
        self._said.pop(driver, None)
        pid = None if driver.is_closed() else driver.get_server_pid()
        # The waiting statement fails with a lost connection.
        driver.terminate()
        self._lines.tell("silent", waited_seconds=round(waited, 3), found=found)
        self.lost(driver)
        if self._server is not None and pid is not None and found != _GONE:
            task = asyncio.get_running_loop().create_task(self._free(pid, self._server))
            self._freeing.add(task)
            task.add_done_callback(self._freeing.discard)

    async def _free(self, pid: int, server: Server) -> None:
        """Release the locks of a transaction whose end the server will not hear of."""
        with suppress(DatabaseUnavailable):
            await server.end(pid)

    async def _close(self, driver: Any) -> None:
        begun = time.monotonic()
        try:
            await driver.close(timeout=self._grace_seconds)
        except TimeoutError:
            self._silence(driver, time.monotonic() - begun, found="no answer to a cancellation")
        except Exception:  # noqa: BLE001 - it is closed all the same
            driver.terminate()

    def _closed(self, task: asyncio.Task[None]) -> None:
        driver = self._closing.pop(task)
        if task.cancelled():
            driver.terminate()


def _write(fields: dict[str, Any], left_out: int) -> None:
    _log.warning("connection_silent", waited_seconds=fields["waited_seconds"], found=fields["found"], left_out=left_out)
