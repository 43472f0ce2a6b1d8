"""The open connections of one server, and the limits on their number, waiting time and unsent bytes."""

import asyncio
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from heapq import nsmallest
from operator import itemgetter
from typing import cast

import structlog
from uvicorn.server import ServerState

from app.web.allocator import FreedMemory
from app.web.client_connection import ClientConnection

_log = structlog.get_logger()

REASONS = (
    "silent",
    "slow_headers",
    "slow_body",
    "headers_too_large",
    "not_http",
    "room",
    "refused",
    "slow_reader",
    "unsent_bytes",
)
"""Reasons for which connections are closed or refused; docs/metrics.md explains them."""
TOO_SLOW_REASONS = frozenset({"slow_body", "slow_reader", "unsent_bytes"})
"""Those for which a client that has not left loses what it asked for."""
GIVEN_UP = "given_up"
"""Key in a request's state: its connection was closed, usually with 408, because its body did not arrive."""
TOO_SLOW = "too_slow"
"""Key in the state of a request or a WebSocket: the service has closed the connection for one of these reasons."""
COMPANY_ID = "company_id"
"""Key in a request's state: the company of its credential, to whose share the bytes of its answer count."""
IDLE_SINCE = "idle_since"
"""Key in a WebSocket's state: the time since when it runs no operation; None while it runs one."""
RESUMABLE = "resumable"
"""Key in a request's state, and in a message to a WebSocket: it is part of a stream, which its client can resume."""
SWEEP_SECONDS = 1.0
"""Interval between checks of all connections, in seconds; a connection may be closed that much too late."""
REPORT_SECONDS = 10.0
"""Minimum interval between log lines about closed connections, in seconds."""
_ROOM_PARTS = 16
"""One of this many connections is closed to make room, so that they are not sorted for each new connection."""
_IDLE_SECONDS = 1.0
"""How long a connection must be idle, in seconds, to be closed before connections with an incomplete body."""
_LATE_SECONDS = 0.25
"""Delay of a check, in seconds, from which on the process counts as stalled: it read nothing in that time."""


@dataclass(frozen=True)
class ConnectionLimits:
    """Limits on what clients may use of one process."""

    connections: int = 1_000
    """Maximum number of open connections."""
    head_seconds: float = 10
    """How long a client may take to send the headers of a request."""
    body_seconds: float = 10
    """How long a client may take to send a body or a message, in addition to the time for its size."""
    send_seconds: float = 30
    """How long a client that has an answer to read may read nothing of it."""
    ending_seconds: float = 5
    """How long a client may take to read the rest of its streams, which have ended because the server shuts down."""
    ping_seconds: float = 30
    """How long the client of a WebSocket may send nothing before it is pinged."""
    unsent_bytes: int = 256_000_000
    """Maximum number of bytes buffered for all clients: unread answers, requests that wait for these, and incomplete
    requests. Beyond it, connections of the company with the most bytes are closed."""


class ConnectionUsage:
    """Figures about this process's connections, for metrics."""

    def __init__(self) -> None:
        self.open = 0
        self.buffered_bytes = 0
        self.ended: Counter[str] = Counter()
        """Number of connections that the service closed or refused, by reason."""


usage = ConnectionUsage()
"""The figures of this process, which has one server."""


class Connections(ServerState):
    """The state that uvicorn shares among a server's connections, with their limits."""

    def __init__(self, limits: ConnectionLimits) -> None:
        super().__init__()
        self.limits = limits
        self.is_draining = False
        """Whether the server is shutting down, so that connections are closed after the current answer."""
        self.refused: set[asyncio.Protocol] = set()
        """Connections over the limit that have been answered with an error and will be closed."""
        self._resting = set[ClientConnection]()
        """Connections with an idle stream: sweeping thousands of them would take more time than all that they do."""
        self._slow: dict[ClientConnection, None] = {}
        """Connections with many buffered bytes, the oldest first."""
        self._freed = FreedMemory()
        self._draining_since = float("inf")
        self._swept_at: float | None = None
        self._reported = Counter[str]()
        self._reported_at = float("-inf")

    def drain(self) -> None:
        """Close each connection after its current answer, from now on."""
        self.is_draining = True
        self._draining_since = asyncio.get_running_loop().time()
        for connection in self._all():
            connection.close_after_answer()

    def has_waited(self, now: float) -> bool:
        """Return whether the server is shutting down and clients had the time to read the rest of their streams."""
        return now - self._draining_since >= self.limits.ending_seconds

    def has_idle(self) -> bool:
        """Return whether an open connection has no request."""
        return any(connection.idle_since is not None for connection in self._all())

    def make_room(self, newcomer: ClientConnection, now: float) -> bool:
        """Close connections to make room for a new one, and return whether it fits.

        Those that have been idle for longest are closed; if none has been idle for a second, those that have waited
        longest for a request or a body, so that incomplete bodies don't displace new clients.
        """
        if len(self.connections) <= self.limits.connections:
            return True
        idle: list[tuple[float, ClientConnection]] = []
        others: list[tuple[float, ClientConnection]] = []
        for connection in self._all():
            if connection is newcomer:
                continue
            since = connection.idle_since
            if since is not None and now - since >= _IDLE_SECONDS and not connection.has_arrived():
                idle.append((since, connection))
            elif since is not None:
                # Bytes of a request that have arrived but not been read end a long wait.
                others.append((since if now - since < _IDLE_SECONDS else now, connection))
            elif (since := connection.incomplete_since) is not None:
                others.append((since, connection))
        found = idle or others
        for _, connection in nsmallest(-(-len(found) // _ROOM_PARTS), found, key=itemgetter(0)):
            connection.end("room")
        return len(self.connections) <= self.limits.connections

    def count(self, reason: str) -> None:
        """Count a connection that the service closed or refused."""
        usage.ended[reason] += 1

    def add_slow(self, connection: ClientConnection) -> None:
        """Record a connection with many buffered bytes, and close some if together they exceed the limit."""
        self._slow[connection] = None
        self._resting.discard(connection)
        buffered = sum(slow.buffered_bytes for slow in self._slow)
        self._freed.note(buffered)
        if buffered > self.limits.unsent_bytes:
            self._shed(list(self._slow))

    def is_slow(self, connection: ClientConnection) -> bool:
        """Return whether a connection is recorded as having many buffered bytes."""
        return connection in self._slow

    def discard_slow(self, connection: ClientConnection) -> None:
        """Remove a connection that has few buffered bytes, or was closed."""
        self._slow.pop(connection, None)
        self._resting.discard(connection)

    def let_rest(self, connection: ClientConnection) -> None:
        """Leave out a connection from sweeps until it is woken."""
        self._resting.add(connection)

    def wake(self, connection: ClientConnection) -> None:
        """Sweep a connection again, because its client has sent something, or its answer is complete."""
        self._resting.discard(connection)

    def sweep(self, now: float) -> None:
        """Close connections whose clients take too long, and those that exceed the limit of buffered bytes."""
        late = 0.0 if self._swept_at is None else now - self._swept_at - SWEEP_SECONDS
        self._swept_at = now
        stalled = late if late > _LATE_SECONDS else 0.0
        buffered = 0
        for connection in self._awake():
            connection.look(now, stalled)
            # In the same pass: most of the time is for fetching thousands of idle connections from memory.
            buffered += connection.buffered_bytes if connection in self.connections else 0  # pyright: ignore[reportUnnecessaryContains] - they are not uvicorn's
        if buffered > self.limits.unsent_bytes:
            buffered = self._shed(self._awake())
        usage.open, usage.buffered_bytes = len(self.connections), buffered
        self._freed.look(buffered)
        self._report(now)

    def _all(self) -> list[ClientConnection]:
        return list(cast("set[ClientConnection]", self.connections))

    def _awake(self) -> list[ClientConnection]:
        return list(cast("set[ClientConnection]", self.connections - self._resting))

    def _shed(self, connections: list[ClientConnection]) -> int:
        """Close connections until the others fit, and return the number of bytes buffered for these.

        Each is one of the company that has the most bytes at that time, so that a company below its share keeps all
        connections, and a single company may use the whole limit. Within a company, clients that have read nothing for
        longest come first.
        """
        kept: dict[object, deque[tuple[ClientConnection, int]]] = defaultdict(deque)
        totals = Counter[object]()
        for connection in sorted(connections, key=_waits_since):
            if size := connection.buffered_bytes:
                kept[connection.company_id].append((connection, size))
                totals[connection.company_id] += size
        while totals.total() > self.limits.unsent_bytes:
            company_id = max(totals, key=totals.__getitem__)
            connection, size = kept[company_id].popleft()
            totals[company_id] -= size
            connection.end("unsent_bytes")
        return totals.total()

    def _report(self, now: float) -> None:
        """Log that connections were closed. Silent ones don't count: load balancers and browsers open them."""
        if now - self._reported_at < REPORT_SECONDS:
            return
        new = usage.ended - self._reported
        if any(reason != "silent" for reason in new):
            _log.warning("connections_ended", reasons=dict(new), open=usage.open)
            self._reported_at = now
        self._reported = usage.ended.copy()


def _waits_since(connection: ClientConnection) -> float:
    """Return the time since when the client has not sent the rest of its request, or has read nothing of its answer."""
    since = connection.incomplete_since
    return connection.unsent_since if since is None else since
