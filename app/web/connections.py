"""The open connections of one server: how many there may be, how long each may wait, and how much may be unsent."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, cast

import structlog
from uvicorn.server import ServerState

_log = structlog.get_logger()

REASONS = (
    "silent",
    "slow_headers",
    "headers_too_large",
    "not_http",
    "room",
    "refused",
    "slow_reader",
    "unsent_bytes",
)
"""Why connections are ended or refused; docs/metrics.md explains each."""
SWEEP_SECONDS = 1.0
"""How often connections are looked at, and so how much later than at its time one may be closed."""
REPORT_SECONDS = 10.0
"""How often a line of the log may tell that connections were closed."""
_ROOM_PARTS = 16
"""One of this many idle connections is closed to make room, so that they are not sorted for each new one."""


@dataclass(frozen=True)
class ConnectionLimits:
    """What clients may take of one process."""

    connections: int = 1_000
    """Maximum number of open connections."""
    head_seconds: float = 10
    """How long a client may take to send the headers of a request."""
    send_seconds: float = 30
    """How long a client that has an answer to read may read nothing of it."""
    unsent_bytes: int = 256_000_000
    """Maximum number of bytes, of all answers together, that clients have not read yet."""
    url_bytes: int = 1_010_000
    """Maximum length of a URL."""


class Connection(Protocol):
    """What is asked of a connection."""

    @property
    def idle_since(self) -> float | None:
        """The time since when it has no request; None while it has one."""
        ...

    @property
    def unsent_since(self) -> float:
        """The time since when it has more bytes to send than fit into the buffers."""
        ...

    @property
    def unsent_bytes(self) -> int:
        """Number of bytes that the client has not read yet."""
        ...

    def close_after_answer(self) -> None:
        """Close it after the answers to the requests that have come; without one, leave it open."""
        ...

    def look(self, now: float) -> None:
        """Close it if its client has taken too long."""
        ...

    def end(self, reason: str) -> None:
        """Close it at once, whatever is still to be sent."""
        ...


class ConnectionUsage:
    """Numbers about this process's connections, for metrics."""

    def __init__(self) -> None:
        self.open = 0
        self.unsent_bytes = 0
        self.ended: Counter[str] = Counter()
        """How many connections the service ended, by the reason."""


usage = ConnectionUsage()
"""Of this process, which has one server."""


class Connections(ServerState):
    """The state that uvicorn shares among a server's connections, and what bounds them."""

    def __init__(self, limits: ConnectionLimits) -> None:
        super().__init__()
        self.limits = limits
        self.is_draining = False
        """Whether the server is about to end, and each answer is the last of its connection."""
        self.refused: set[asyncio.Protocol] = set()
        """Connections that were told that there are too many, and are about to be closed."""
        self._slow: dict[Connection, None] = {}
        """Those that have more to send than fits into the buffers."""
        self._reported = Counter[str]()
        self._reported_at = float("-inf")

    def drain(self) -> None:
        """Have each answer from now on be the last of its connection."""
        self.is_draining = True
        for connection in self._all():
            connection.close_after_answer()

    def has_idle(self) -> bool:
        """Whether a connection is open that has no request."""
        return any(each.idle_since is not None for each in self._all())

    def make_room(self, newcomer: Connection) -> bool:
        """Return whether one more connection fits, after the longest idle ones were closed for it."""
        if len(self.connections) <= self.limits.connections:
            return True
        idle = [
            (since, each) for each in self._all() if (since := each.idle_since) is not None and each is not newcomer
        ]
        idle.sort(key=lambda pair: pair[0])
        for _, connection in islice(idle, -(-len(idle) // _ROOM_PARTS)):
            connection.end("room")
        return len(self.connections) <= self.limits.connections

    def count(self, reason: str) -> None:
        """Count a connection that the service ended."""
        usage.ended[reason] += 1

    def add_slow(self, connection: Connection) -> None:
        """Take note of a connection that has much to send, and keep all of them within their bound."""
        self._slow[connection] = None
        if sum(each.unsent_bytes for each in self._slow) > self.limits.unsent_bytes:
            self._shed(list(self._slow))

    def discard_slow(self, connection: Connection) -> None:
        """Take note that it has little left to send, or has ended."""
        self._slow.pop(connection, None)

    def sweep(self, now: float) -> None:
        """Close connections whose clients have taken too long, and those that hold more than there is room for."""
        connections = self._all()
        for connection in connections:
            connection.look(now)
        connections = self._all()
        unsent = sum(each.unsent_bytes for each in connections)
        if unsent > self.limits.unsent_bytes:
            unsent = self._shed(connections)
        usage.open, usage.unsent_bytes = len(connections), unsent
        self._report(now)

    def _all(self) -> list[Connection]:
        return list(cast("set[Connection]", self.connections))

    def _shed(self, connections: list[Connection]) -> int:
        """End those that have been sending for longest until the others fit; return what these have left to send."""
        unsent = {each: each.unsent_bytes for each in connections}
        total = sum(unsent.values())
        for connection in sorted((each for each in connections if unsent[each]), key=lambda each: each.unsent_since):
            if total <= self.limits.unsent_bytes:
                break
            total -= unsent[connection]
            connection.end("unsent_bytes")
        return total

    def _report(self, now: float) -> None:
        """Tell of connections that were ended, except for silent ones, which load balancers and browsers open."""
        if now - self._reported_at < REPORT_SECONDS:
            return
        new = usage.ended - self._reported
        if any(reason != "silent" for reason in new):
            _log.warning("connections_ended", reasons=dict(new), open=usage.open)
            self._reported_at = now
        self._reported = usage.ended.copy()
