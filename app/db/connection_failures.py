"""Explanations of failed connections to the database, and what to do about them."""

import socket
import ssl
from collections.abc import Sequence

import asyncpg
from sqlalchemy.exc import DBAPIError

from app.db.driver_errors import message_of
from app.db.dsn import Host

DEFAULT_PLACE = Host("")
"""The driver's default if the URL names no host: the usual sockets, then localhost."""
_MAX_REASON = 500


class NoSuitableHost(OSError):
    """Hosts answer, but no host meets target_session_attrs."""

    def __init__(self) -> None:
        super().__init__("No host of the database is of the kind that the URL's target_session_attrs asks for")


class NoHostAnswers(OSError):
    """No host accepted a connection. The message gives the reason for each host."""

    def __init__(self, failures: Sequence[tuple[Host, Exception]]) -> None:
        reasons = [f"{_place(host)}: {_why(error)}" for host, error in failures]
        super().__init__("; ".join(reasons))


class NotLetIn(TimeoutError):
    """A host accepted the connection but didn't complete the login in time."""

    def __init__(self) -> None:
        super().__init__(
            "connected, but the login didn't complete in time: a pooler without a free connection to the server"
            " (see its pool's size, and the server's max_connections), or a server that is stopped or too busy"
        )


class InvalidConnection(OSError):
    """The URL, or one of the PG* variables that the driver also reads, is invalid."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(
            "No connection can be set up as the database's URL and the environment's PG* variables say: "
            f"{str(reason).removesuffix('.')}"
        )


class ParameterRefused(OSError):
    """A pooler doesn't support a session parameter of the URL."""

    def __init__(self, parameter: str) -> None:
        super().__init__(
            f"The pooler in front of the database refuses the parameter {parameter} of the connection: remove"
            " it from the "
            "URL, or add it to the pooler's ignore_startup_parameters, which leaves it without effect"
        )


def explain_failure(error: BaseException | None) -> str | None:
    """Return why a connection failed and what to do; None if the error only says that no host answered."""
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"The certificate of the database's server is not accepted: {error.verify_message.removesuffix('.')}. "
                "Check sslrootcert, and that the URL's host is a name of the certificate."
            )
        case ssl.SSLError():
            return "The TLS handshake with the database's server failed: check sslmode, sslcert and sslkey of the URL."
        case NoSuitableHost() | InvalidConnection() | ParameterRefused():
            return f"{error}."
        # The operating system raises subclasses. The driver raises ConnectionError itself if the server refuses TLS.
        case ConnectionError() if type(error) is ConnectionError:
            return (
                "The database's server refused TLS, which the URL's sslmode asks for: turn it on there, or"
                " change sslmode."
            )
        case _:
            return None


def _place(host: Host) -> str:
    if host is DEFAULT_PLACE:
        return "the default sockets and localhost"
    return host.name if host.port is None else f"{host.name}:{host.port}"


def _why(error: Exception) -> str:
    """Return in a few words why a connection to a host failed."""
    match error:
        case TimeoutError():
            return str(error) if isinstance(error, NotLetIn) else "no answer in time"
        case socket.gaierror():
            return "the name can't be resolved"
        case ConnectionRefusedError():
            return "the connection was refused"
        case asyncpg.TargetServerAttributeNotMatched():
            return "not of the kind that target_session_attrs asks for"
        case OSError(strerror=str(reason)) if not isinstance(error, ssl.SSLError):
            return reason
        case _:
            return (explain_failure(error) or str(error) or type(error).__name__).removesuffix(".")


def reason_of(error: BaseException | None) -> str | None:
    """Return an error's message on one line, for the log, without the SQL statement and its parameters."""
    if error is None:
        return None
    said = message_of(error) if isinstance(error, DBAPIError) else explain_failure(error) or str(error)
    return " ".join(said.split())[:_MAX_REASON] or type(error).__name__
