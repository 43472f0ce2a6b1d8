"""Why no connection to the database came about, and what to do about it."""

import socket
import ssl
from collections.abc import Sequence

import asyncpg

from app.db.dsn import Host

DEFAULT_PLACE = Host("")
"""Stands for the driver's defaults where the URL names no host: the usual sockets, then localhost."""


class NoSuitableHost(OSError):
    """Hosts answer, but none of the kind that target_session_attrs asks for."""

    def __init__(self) -> None:
        super().__init__("No host of the database is of the kind that the URL's target_session_attrs asks for")


class NoHostAnswers(OSError):
    """No host accepted a connection; the message names each of them with its reason."""

    def __init__(self, failures: Sequence[tuple[Host, Exception]]) -> None:
        reasons = [f"{_place(host)}: {_why(error)}" for host, error in failures]
        super().__init__("; ".join(reasons))


class NotLetIn(TimeoutError):
    """A host accepted the connection, and then didn't answer in time."""

    def __init__(self) -> None:
        super().__init__(
            "connected, but not let in in time: a pooler without a free connection to the server (see its pool's size, and "
            "the server's max_connections), or a server that is stopped or too busy"
        )


class InvalidConnection(OSError):
    """The driver can't even try: the URL, or a variable of libpq that the driver reads beside it, is invalid."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(
            "No connection can be set up as the database's URL and the environment's PG* variables say: "
            f"{str(reason).removesuffix('.')}"
        )


class ParameterRefused(OSError):
    """A pooler stands in between that doesn't know a parameter which the URL gives for the session."""

    def __init__(self, parameter: str) -> None:
        super().__init__(
            f"The pooler in front of the database refuses the parameter {parameter} of the connection: remove it from the "
            "URL, or add it to the pooler's ignore_startup_parameters, which leaves it without effect"
        )


def explain_failure(error: BaseException | None) -> str | None:
    """Return why no connection came about and what to do, where the error tells more than that nobody answered."""
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
        # The operating system raises subclasses of it; the driver itself where TLS is refused.
        case ConnectionError() if type(error) is ConnectionError:
            return "The database's server refused TLS, which the URL's sslmode asks for: turn it on there, or change sslmode."
        case _:
            return None


def _place(host: Host) -> str:
    if host is DEFAULT_PLACE:
        return "the default sockets and localhost"
    return host.name if host.port is None else f"{host.name}:{host.port}"


def _why(error: Exception) -> str:
    """Return why a host accepted no connection, in a few words."""
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
