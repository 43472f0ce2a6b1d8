"""What can go wrong for a person at the command line: one message and one exit code each, and no traceback."""

import socket
from enum import IntEnum

import asyncpg
from sqlalchemy.exc import DBAPIError

from app.db.connection_failures import NoHostAnswers, explain_failure
from app.db.embedded import EmbeddedServerError
from app.db.pooling import PoolingError
from app.db.roles import RoleError
from app.db.seed import SeedError
from app.db.unavailable import Cause, DatabaseRefused, DatabaseUnavailable, StatementTimeout, message_of
from app.db.unit_of_work import LostRace
from app.settings import SettingsError


class ExitCode(IntEnum):
    """How a command ends; 0 is success and 1 an unexpected failure."""

    DIFFERENT = 1
    SETTINGS = 2
    DATABASE_AWAY = 3
    NOT_MIGRATED = 4
    IN_USE = 5


class CommandError(Exception):
    """A command can't do what it was asked; the message says what to do."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


EXPECTED = (
    CommandError,
    SettingsError,
    RoleError,
    PoolingError,
    SeedError,
    EmbeddedServerError,
    DatabaseUnavailable,
    StatementTimeout,
    LostRace,
    DBAPIError,
    asyncpg.PostgresError,
    OSError,
)

_BUSY = "Another program keeps writing the same rows: run the command again in a moment."
_REFUSALS = {
    "40P01": _BUSY,
    "40001": _BUSY,
    "28": "The database refused the role or its password: check DATABASE_URL and OWNER_DATABASE_URL.",
    "3D": "The database that the URL names does not exist: create it first, or correct DATABASE_URL.",
    "42501": "The role may not do this: set OWNER_DATABASE_URL to the role that owns the tables.",
    "53100": "The database's disk is full.",
}


def explain(error: Exception) -> CommandError:  # noqa: PLR0911 - one per kind of failure
    """The message and exit code of an expected failure; any other is raised again."""
    match error:
        case CommandError():
            return error
        case SettingsError() | RoleError() | PoolingError() | SeedError():
            return CommandError(str(error), ExitCode.SETTINGS)
        case EmbeddedServerError() | StatementTimeout():
            return CommandError(str(error), ExitCode.DATABASE_AWAY)
        case LostRace():
            return CommandError(_BUSY, ExitCode.DATABASE_AWAY)
        case DatabaseRefused():
            return _explain_refusal(error.__cause__ or error)
        case DatabaseUnavailable(cause=Cause.DISK_FULL):
            return CommandError("The database's disk is full.", ExitCode.DATABASE_AWAY)
        case DatabaseUnavailable():
            return CommandError(explain_failure(error.__cause__) or _away(error.__cause__), ExitCode.DATABASE_AWAY)
        case OSError() if error.filename is not None:
            return CommandError(f"{error.filename} can't be used: {error.strerror}.", ExitCode.SETTINGS)
        case OSError(strerror=str(reason)) if not isinstance(error, socket.gaierror):
            return CommandError(f"The output can't be written: {reason}.", ExitCode.DIFFERENT)
        case _:
            return _explain_refusal(error)


def _away(cause: BaseException | None) -> str:
    hosts = f" ({cause})" if isinstance(cause, NoHostAnswers) else ""
    return f"The database can't be reached{hosts}: start it, or correct DATABASE_URL and OWNER_DATABASE_URL."


def _explain_refusal(error: BaseException) -> CommandError:
    state = str(getattr(getattr(error, "orig", error), "sqlstate", ""))
    message = next((message for prefix, message in _REFUSALS.items() if state.startswith(prefix)), None)
    if isinstance(error, DBAPIError):
        reason = message_of(error)
    elif isinstance(error, asyncpg.PostgresError):
        reason = " ".join(str(error).split()).removesuffix(".")
    else:
        raise error
    if message is None:
        return CommandError(f"The database refused what the command asked for: {reason} ({state}).", ExitCode.DIFFERENT)
    if state.startswith("28"):
        # Only the server knows whether it was the password, or that pg_hba.conf demands TLS.
        message = f"{message} The server says: {reason}."
    return CommandError(message, ExitCode.DATABASE_AWAY if message is _BUSY else ExitCode.SETTINGS)
