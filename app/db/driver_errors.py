"""Errors of the driver and the pools, and their translation to exceptions for an unavailable database."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, PendingRollbackError

from app.unavailable import Cause, DatabaseRefused, DatabaseUnavailable, StatementTimeout

_QUERY_CANCELED = "57014"
_READ_ONLY = "25006"
# 57P0x: a server that stops or starts. 25P03, 25P04: the server's time limits for transactions, which end connections.
_SERVER_ENDS = ("57P", "25P03", "25P04")
_CLOSED = "the server or the network closed the connection"

# Causes by prefix of SQLSTATE, longest first. Class 08: lost connections. 40001 also ends queries of a standby.
_CAUSES = {
    "53100": Cause.DISK_FULL,
    "53300": Cause.TOO_MANY_CONNECTIONS,
    "58030": Cause.OUT_OF_RESOURCES,
    "57P03": Cause.CONNECT_FAILED,
    **dict.fromkeys(_SERVER_ENDS, Cause.CONNECTION_LOST),
    "55P03": Cause.LOCK_TIMEOUT,
    "40001": Cause.CONFLICT,
    "40P01": Cause.CONFLICT,
    "08": Cause.CONNECTION_LOST,
    "53": Cause.OUT_OF_RESOURCES,
    "28": Cause.REFUSED,
    "3D": Cause.REFUSED,
}


class PoolExhausted(TimeoutError):
    """No connection became free in time."""

    def __init__(self, waited_seconds: float) -> None:
        super().__init__("no connection became free in time")
        self.waited_seconds = waited_seconds


class NoAnswerInTime(TimeoutError):
    """A probe or a key look-up was not answered within its time limit."""

    def __init__(self, question: str, limit_seconds: float, waited_seconds: float) -> None:
        super().__init__(f"{question} was not answered within {limit_seconds:g} s")
        self.waited_seconds = waited_seconds


class ConnectionSilent(asyncpg.ConnectionDoesNotExistError):
    """The service closed the driver's connection because the server didn't answer over it."""

    def __init__(self, waited_seconds: float, *, server_answers: bool = False) -> None:
        super().__init__("the server did not answer over this connection")
        self.waited_seconds = waited_seconds
        self.server_answers = server_answers
        """Whether the server answered over another connection."""


class ConnectionLost(asyncpg.ConnectionDoesNotExistError):
    """The server or the network closed the driver's connection."""


def lost_while_connecting(error: BaseException) -> ConnectionLost | None:
    """Return the exception for a connection that was lost before it was open; None for other errors."""
    return ConnectionLost(_CLOSED) if _is_unusable(error) else None


def _is_unusable(error: BaseException) -> bool:
    """Return whether this is the driver's error for a statement sent just after the server's last message."""
    return isinstance(error, asyncpg.InternalClientError) and "cannot switch to state" in str(error)


def lost_connection(driver: Any, error: BaseException) -> asyncpg.PostgresConnectionError | None:
    """Return the exception for a lost connection, and close the driver's connection; None for other errors."""
    if isinstance(error, asyncpg.PostgresConnectionError):
        return error
    if isinstance(error, asyncpg.PostgresError):
        # After the server's last message the connection stays open for a moment but accepts no statement.
        lost = ConnectionLost(str(error)) if str(getattr(error, "sqlstate", "")).startswith(_SERVER_ENDS) else None
    elif isinstance(error, asyncpg.InterfaceError):
        lost = ConnectionLost(_CLOSED) if driver.is_closed() else None
    else:
        lost = ConnectionLost(_CLOSED) if _is_unusable(error) else None
    if lost is not None:
        driver.terminate()
    return lost


def is_silent_alone(error: DBAPIError) -> bool:
    """Return whether a statement's connection was silent while the server answered over another one."""
    cause = error.orig and error.orig.__cause__
    return isinstance(cause, ConnectionSilent) and cause.server_answers


def message_of(error: DBAPIError) -> str:
    """Return the server's message on one line, without statement, parameters and control characters."""
    cause = error.orig.__cause__ if error.orig is not None and error.orig.__cause__ is not None else error.orig
    return " ".join(part if part.isprintable() else ascii(part)[1:-1] for part in str(cause).split()).removesuffix(".")


@contextmanager
def translate_failures(*, writes: bool = False) -> Generator[None]:
    """Raise the exceptions of `app/unavailable.py` instead of the driver's for an unavailable database.

    With `writes`, a read-only server is unavailable too.
    """
    try:
        yield
    except Exception as error:
        translated = translated_failure(error, writes=writes)
        if translated is None:
            raise
        raise translated from error


def translated_failure(error: Exception, *, writes: bool = False) -> DatabaseUnavailable | StatementTimeout | None:  # noqa: PLR0911 - one per kind of error
    """Return the exception to raise for an error of the driver or a pool; None if the error has another cause."""
    match error:
        case DBAPIError():
            return _of_driver(error.orig and error.orig.__cause__, error, writes=writes)
        case PendingRollbackError():
            # An earlier statement of the transaction lost the connection.
            return DatabaseUnavailable(Cause.CONNECTION_LOST)
        case asyncpg.PostgresError() | asyncpg.InterfaceError():
            # Plan connections don't use SQLAlchemy.
            return _of_driver(error, None, writes=writes)
        case PoolExhausted():
            return DatabaseUnavailable(Cause.POOL_EXHAUSTED, error.waited_seconds)
        case NoAnswerInTime():
            return DatabaseUnavailable(Cause.NO_ANSWER_IN_TIME, error.waited_seconds)
        case TimeoutError():
            return DatabaseUnavailable(Cause.NO_ANSWER_IN_TIME)
        case OSError():
            return DatabaseUnavailable(Cause.CONNECT_FAILED)
        case _:
            return None


def _of_driver(
    error: BaseException | None, wrapped: DBAPIError | None, *, writes: bool
) -> DatabaseUnavailable | StatementTimeout | None:
    if isinstance(error, ConnectionSilent):
        return DatabaseUnavailable(Cause.SILENT, error.waited_seconds)
    state = str(getattr(error if wrapped is None else wrapped.orig, "sqlstate", None) or "")
    if state == _QUERY_CANCELED:
        return StatementTimeout()
    cause = _cause_of(state, writes=writes)
    if cause is None and not isinstance(error, ValueError) and _is_lost(error, wrapped):
        # A ValueError concerns a value that the driver can't encode.
        cause = Cause.CONNECTION_LOST
    if cause is None:
        return None
    return DatabaseRefused() if cause is Cause.REFUSED else DatabaseUnavailable(cause)


def _cause_of(state: str, *, writes: bool) -> Cause | None:
    if state == _READ_ONLY:
        return Cause.READ_ONLY if writes else None
    return next((cause for prefix, cause in _CAUSES.items() if state.startswith(prefix)), None)


def _is_lost(error: BaseException | None, wrapped: DBAPIError | None) -> bool:
    if wrapped is None:
        return isinstance(error, asyncpg.InterfaceError)
    return wrapped.connection_invalidated or isinstance(wrapped, InterfaceError)
