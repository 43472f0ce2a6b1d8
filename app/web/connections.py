"""The open connections of one server: how many there may be, how long each may wait, and how much may be unsent."""

import asyncio
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from heapq import nsmallest
from operator import itemgetter
from typing import Protocol, cast

import structlog
from uvicorn.server import ServerState

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
"""Why connections are ended or refused; docs/metrics.md explains each."""
GIVEN_UP = "given_up"
"""In a request's state: its connection was closed with 408, because its body did not arrive."""
COMPANY_ID = "company_id"
"""In a request's state: the company whose credential it carries. Its answer counts toward what is kept for that company."""
SWEEP_SECONDS = 1.0
"""How often connections are looked at, and so how much later than at its time one may be closed."""
REPORT_SECONDS = 10.0
"""How often a line of the log may tell that connections were closed."""
_ROOM_PARTS = 16
"""One of this many connections is closed to make room, so that they are not sorted for each new one."""
_IDLE_SECONDS = 1.0
"""How long a connection has no request before it is closed for a new one rather than a request whose body is incomplete."""
_LATE_SECONDS = 0.25
"""How much later than planned connections may be looked at; beyond, the process did not turn to its clients meanwhile."""


@dataclass(frozen=True)
class ConnectionLimits:
    """What clients may take of one process."""

    connections: int = 1_000
    """Maximum number of open connections."""
    head_seconds: float = 10
    """How long a client may take to send the headers of a request."""
    body_seconds: float = 10
    """How long a client may take to send a body, beside the time for its size."""
    send_seconds: float = 30
    """How long a client that has an answer to read may read nothing of it."""
    unsent_bytes: int = 256_000_000
    """Maximum number of bytes kept for all clients: answers that they have not read, requests that wait for these, and
    incomplete requests. Where they don't fit, those of the company with the most bytes are closed."""


class Connection(Protocol):
    """What is asked of a connection."""

    @property
    def idle_since(self) -> float | None:
        """The time since when it has no request; None while it has one."""
        ...

    @property
    def company_id(self) -> object:
        """The company of its last request; None for requests without a valid credential, which count as one company."""
        ...

    @property
    def unsent_since(self) -> float:
        """The time since when much is kept for its client and the client has read nothing of it."""
        ...

    @property
    def incomplete_since(self) -> float | None:
        """The time since when it waits for a request's body; None if it doesn't."""
        ...

    @property
    def buffered_bytes(self) -> int:
        """Number of bytes that are kept for its client."""
        ...

    def has_arrived(self) -> bool:
        """Whether its client has sent something that was not read yet."""
        ...

    def close_after_answer(self) -> None:
        """Close it after the answers to the requests that have come; without one, leave it open."""
        ...

    def look(self, now: float, stalled: float) -> None:
        """Close it if its client has taken too long, not counting the seconds for which this process stalled."""
        ...

    def end(self, reason: str) -> None:
        """Close it at once, whatever is still to be sent."""
        ...


class ConnectionUsage:
    """Numbers about this process's connections, for metrics."""

    def __init__(self) -> None:
        self.open = 0
        self.buffered_bytes = 0
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
        """Those for whose clients much is kept."""
        self._swept_at: float | None = None
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

    def make_room(self, newcomer: Connection, now: float) -> bool:
        """Return whether one more connection fits, after those were closed for it that have been idle for longest.

        If none has been idle for a second, those are closed that have waited longest, be it for a request or for its body:
        a client that has just connected, or was just answered, is not to make room for bodies that never come.
        """
        if len(self.connections) <= self.limits.connections:
            return True
        idle: list[tuple[float, Connection]] = []
        others: list[tuple[float, Connection]] = []
        for each in self._all():
            if each is newcomer:
                continue
            since = each.idle_since
            if since is not None and now - since >= _IDLE_SECONDS and not each.has_arrived():
                idle.append((since, each))
            elif since is not None:
                # What has come of its request, and was not read yet, ends a long wait.
                others.append((since if now - since < _IDLE_SECONDS else now, each))
            elif (since := each.incomplete_since) is not None:
                others.append((since, each))
        found = idle or others
        for _, connection in nsmallest(-(-len(found) // _ROOM_PARTS), found, key=itemgetter(0)):
            connection.end("room")
        return len(self.connections) <= self.limits.connections

    def count(self, reason: str) -> None:
        """Count a connection that the service ended."""
        usage.ended[reason] += 1

    def add_slow(self, connection: Connection) -> None:
        """Take note of a connection for whose client much is kept, and keep all of them within their bound."""
        self._slow[connection] = None
        if sum(each.buffered_bytes for each in self._slow) > self.limits.unsent_bytes:
            self._shed(list(self._slow))

    def is_slow(self, connection: Connection) -> bool:
        """Whether much is kept for a connection's client."""
        return connection in self._slow

    def discard_slow(self, connection: Connection) -> None:
        """Take note that little is kept for its client, or that it has ended."""
        self._slow.pop(connection, None)

    def sweep(self, now: float) -> None:
        """Close connections whose clients have taken too long, and those that hold more than there is room for."""
        late = 0.0 if self._swept_at is None else now - self._swept_at - SWEEP_SECONDS
        self._swept_at = now
        stalled = late if late > _LATE_SECONDS else 0.0
        for connection in self._all():
            connection.look(now, stalled)
        connections = self._all()
        buffered = sum(each.buffered_bytes for each in connections)
        if buffered > self.limits.unsent_bytes:
            buffered = self._shed(connections)
        usage.open, usage.buffered_bytes = len(connections), buffered
        self._report(now)

    def _all(self) -> list[Connection]:
        return list(cast("set[Connection]", self.connections))

    def _shed(self, connections: list[Connection]) -> int:
        """End connections until the others fit, and return how many bytes are kept for these.

        The next to be ended is always one of the company that has most bytes, so that a company which has less than its
        share keeps all of its connections, and one that is alone may use all of the space. Of its connections, the client
        that has read nothing for longest comes first.
        """
        kept: dict[object, deque[tuple[Connection, int]]] = defaultdict(deque)
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
        """Tell of connections that were ended, except for silent ones, which load balancers and browsers open."""
        if now - self._reported_at < REPORT_SECONDS:
            return
        new = usage.ended - self._reported
        if any(reason != "silent" for reason in new):
            _log.warning("connections_ended", reasons=dict(new), open=usage.open)
            self._reported_at = now
        self._reported = usage.ended.copy()


def _waits_since(connection: Connection) -> float:
    """Return the time since when the client has not sent the rest of its request, or has read nothing of its answer."""
    since = connection.incomplete_since
    return connection.unsent_since if since is None else since
