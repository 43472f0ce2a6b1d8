"""Exceptions for what the service can't do right now, and their causes as named in the log.

The database is unavailable, or the service has too much to do. Whatever raises them, requests end with 503 or 504.
"""

from enum import StrEnum


class Cause(StrEnum):
    """Why an operation couldn't run, as named in the log."""

    POOL_EXHAUSTED = "pool_exhausted"
    """No connection became free in time."""
    TOO_MANY_WAITING = "too_many_waiting"
    """The queue of waiting operations is full."""
    TOO_MANY_HEAVY = "too_many_heavy"
    """No turn came in time for a heavy operation, or the queue of heavy operations is full."""
    TOO_MANY_LARGE = "too_many_large"
    """No turn came in time for a request with a large body, or the queue of them is full."""
    TOO_MUCH_TO_COMPUTE = "too_much_to_compute"
    """No turn came in time for a long computation, such as validating a long document, or the queue is full."""
    CONNECT_FAILED = "connect_failed"
    """No connection could be opened."""
    REFUSED = "refused"
    """The server doesn't accept the role, its password or the database."""
    TOO_MANY_CONNECTIONS = "too_many_connections"
    """The server has no free connection."""
    CONNECTION_LOST = "connection_lost"
    """The server or the network closed the connection."""
    SILENT = "silent"
    """The connection is open, but the server doesn't answer over it."""
    NO_ANSWER_IN_TIME = "no_answer_in_time"
    """A readiness check or a look-up of credentials took longer than its two seconds."""
    DISK_FULL = "disk_full"
    """The server's disk is full."""
    OUT_OF_RESOURCES = "out_of_resources"
    """The server lacks memory or temporary space, or its disk failed."""
    READ_ONLY = "read_only"
    """The server is read-only, for example a standby after a failover."""
    LOCK_TIMEOUT = "lock_timeout"
    """A lock was not free within the server's lock_timeout."""
    CONFLICT = "conflict"
    """Other transactions were in the way: a deadlock, a serialization failure or a lost race, in every attempt."""
    STATEMENT_TIMEOUT = "statement_timeout"
    """A statement ran into its time limit."""


class DatabaseUnavailable(Exception):
    """PostgreSQL can't be reached, has no free connection or doesn't work. The message can be shown."""

    def __init__(self, cause: Cause = Cause.CONNECTION_LOST, waited_seconds: float | None = None) -> None:
        super().__init__("The database is not available right now; try again in a few seconds.")
        self.cause = cause
        self.waited_seconds = waited_seconds
        """Time waited in seconds, if known."""


class CommitUnknown(DatabaseUnavailable):
    """The connection was lost during a commit, so it is unknown whether the transaction was committed.

    A retry may do the work twice.
    """


class TooBusy(DatabaseUnavailable):
    """No turn came in time, or the queue is full; `waited_seconds` is None for a full queue."""

    def __init__(self, waited_seconds: float | None = None, *, most_waiting: int | None = None) -> None:
        cause = Cause.TOO_MANY_WAITING if waited_seconds is None else Cause.POOL_EXHAUSTED
        super().__init__(cause, waited_seconds)
        self.most_waiting = most_waiting
        """The length of a full queue; None if no turn came in time."""
        self.args = ("The service has too much to do right now; try again in a few seconds.",)


class TooManyHeavy(TooBusy):
    """TooBusy for a heavy operation."""

    def __init__(self, waited_seconds: float | None = None, *, most_waiting: int | None = None) -> None:
        super().__init__(waited_seconds, most_waiting=most_waiting)
        self.cause = Cause.TOO_MANY_HEAVY


class TooManyLarge(TooBusy):
    """TooBusy for a request with a large body."""

    def __init__(self, waited_seconds: float | None = None, *, most_waiting: int | None = None) -> None:
        super().__init__(waited_seconds, most_waiting=most_waiting)
        self.cause = Cause.TOO_MANY_LARGE


class TooMuchToCompute(TooBusy):
    """TooBusy for a long computation."""

    def __init__(self, waited_seconds: float | None = None, *, most_waiting: int | None = None) -> None:
        super().__init__(waited_seconds, most_waiting=most_waiting)
        self.cause = Cause.TOO_MUCH_TO_COMPUTE


class DatabaseRefused(DatabaseUnavailable):
    """PostgreSQL answers but doesn't accept the role, password or database. Callers see an unavailable database."""

    def __init__(self) -> None:
        super().__init__(Cause.REFUSED)


class StatementTimeout(Exception):
    """A statement exceeded STATEMENT_TIMEOUT_SECONDS. The message can be shown."""

    def __init__(
        self, message: str = "The data took too long to read; ask for less, or narrow it with a filter."
    ) -> None:
        super().__init__(message)
