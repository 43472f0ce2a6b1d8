"""Expected errors of commands: each has a message and an exit code, and is shown without a traceback."""

import socket
from enum import IntEnum

import asyncpg
from sqlalchemy.exc import DBAPIError

from app.db.connection_failures import NoHostAnswers, explain_failure
from app.db.driver_errors import message_of
from app.db.embedded import EmbeddedServerError
from app.db.pooling import PoolingError
from app.db.roles import RoleError
from app.db.seed import SeedError
from app.settings import SettingsError
from app.unavailable import Cause, DatabaseRefused, DatabaseUnavailable, StatementTimeout


class ExitCode(IntEnum):
    """Exit codes; 0 is success, and 1 also an unexpected failure."""

    DIFFERENT = 1
    SETTINGS = 2
    DATABASE_AWAY = 3
    NOT_MIGRATED = 4
    IN_USE = 5


class CommandError(Exception):
    """A command can't be executed. The message says what to do."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


EXPECTED_FAILURES = (
    CommandError,
    SettingsError,
    RoleError,
    PoolingError,
    SeedError,
    EmbeddedServerError,
    DatabaseUnavailable,
    StatementTimeout,
    DBAPIError,
    asyncpg.PostgresError,
    OSError,
)

_BUSY = "Another program is writing the same rows. Run the command again in a few seconds."
_DISK_FULL = "The disk of the database server is full: free some space, and run the command again."
_REJECTIONS = {
    "40P01": _BUSY,
    "55P03": _BUSY,
    "40001": _BUSY,
    "28": "The database rejected the role or its password: check DATABASE_URL and OWNER_DATABASE_URL. The role of"
    " DATABASE_URL is made by `customer-gateway migrate` if OWNER_DATABASE_URL is set.",
    "3D": "The database does not exist: create it, or correct DATABASE_URL.",
    "42501": "The role has insufficient privileges: set OWNER_DATABASE_URL to the role that owns the tables.",
    "53100": _DISK_FULL,
}


def explain(error: Exception) -> CommandError:  # noqa: PLR0911 - one per kind of failure
    """Return the message and exit code of an expected error; raise all others again."""
    match error:
        case CommandError():
            return error
        case SettingsError() | RoleError() | PoolingError() | SeedError():
            return CommandError(str(error), ExitCode.SETTINGS)
        case EmbeddedServerError() | StatementTimeout():
            return CommandError(str(error), ExitCode.DATABASE_AWAY)
        case DatabaseUnavailable(cause=Cause.CONFLICT | Cause.LOCK_TIMEOUT):
            return CommandError(_BUSY, ExitCode.DATABASE_AWAY)
        case DatabaseRefused():
            return _explain_rejection(error.__cause__ or error)
        case DatabaseUnavailable(cause=Cause.DISK_FULL):
            return CommandError(_DISK_FULL, ExitCode.DATABASE_AWAY)
        case DatabaseUnavailable():
            return CommandError(explain_failure(error.__cause__) or _away(error.__cause__), ExitCode.DATABASE_AWAY)
        case OSError() if error.filename is not None:
            return CommandError(f"{error.filename} can't be used: {error.strerror}.", ExitCode.SETTINGS)
        case OSError(strerror=str(reason)) if not isinstance(error, socket.gaierror):
            return CommandError(f"The output can't be written: {reason}.", ExitCode.DIFFERENT)
        case _:
            return _explain_rejection(error)


def _away(cause: BaseException | None) -> str:
    hosts = f" ({cause})" if isinstance(cause, NoHostAnswers) else ""
    return f"The database can't be reached{hosts}: start it, or correct DATABASE_URL and OWNER_DATABASE_URL."


def _explain_rejection(error: BaseException) -> CommandError:
    state = str(getattr(getattr(error, "orig", error), "sqlstate", ""))
    message = next((message for prefix, message in _REJECTIONS.items() if state.startswith(prefix)), None)
    if isinstance(error, DBAPIError):
        reason = message_of(error)
    elif isinstance(error, asyncpg.PostgresError):
        reason = " ".join(str(error).split()).removesuffix(".")
    else:
        raise error
    if message is None:
        return CommandError(
            f"The database rejected a statement of the command: {reason} ({state}).", ExitCode.DIFFERENT
        )
    if state.startswith("28"):
        # The server's reason tells a wrong password from a pg_hba.conf that requires TLS.
        message = f"{message} The server says: {reason}."
    return CommandError(message, ExitCode.DATABASE_AWAY if message is _BUSY else ExitCode.SETTINGS)
