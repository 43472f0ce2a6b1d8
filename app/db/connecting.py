"""Engines from a connection URL: the one place where a URL becomes connections."""

import os
import socket
import ssl
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import asyncpg
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db.dsn import Dsn, DsnError, Host, is_port, parse
from app.db.dsn_parameters import SYSTEM_CERTIFICATES, VERIFYING
from app.db.plain_values import give_plain_values

APPLICATION_NAME = "customer-gateway"
CONNECT_SECONDS = 10
"""How long one host may take to connect for a command, unless the URL says `connect_timeout`."""

_TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
_NO_HOST = Host("")
_driver: Any = asyncpg  # it has no types
# After these the next host is tried. A refused password is none of them: as in libpq it is the same everywhere.
_NEXT_HOST = (OSError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched)


class NoSuitableHost(OSError):
    """Hosts answer, but none of the kind that target_session_attrs asks for."""

    def __init__(self) -> None:
        super().__init__("No host of the database is of the kind that the URL's target_session_attrs asks for")


class NoHostAnswers(OSError):
    """No host accepted a connection; the message names each of them with its reason."""

    def __init__(self, failures: Sequence[tuple[Host, Exception]]) -> None:
        reasons = [f"{_place(host)}: {_why(error)}" for host, error in failures]
        super().__init__("; ".join(reasons))


class InvalidConnection(OSError):
    """The driver can't even try: the URL, or a variable of libpq that the driver reads beside it, is invalid."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(
            "No connection can be set up as the database's URL and the environment's PG* variables say: "
            f"{str(reason).removesuffix('.')}"
        )


def create_engine(
    dsn: str,
    *,
    connect_seconds: float = CONNECT_SECONDS,
    driver_options: Mapping[str, Any] | None = None,
    server_settings: Mapping[str, str] | None = None,
    **options: Any,
) -> AsyncEngine:
    """Return an engine for the URL; DsnError if it can't be used.

    `connect_seconds` bounds each host's attempt unless the URL says `connect_timeout`. `driver_options` are for asyncpg
    and its adapter, `server_settings` for the session: the URL's application_name goes before one of these.
    """
    connect_args = {
        **(driver_options or {}),
        **_driver_arguments(parse(dsn), connect_seconds, server_settings or {}),
    }
    # Parameters may hold customer data, which has no place in a log or a message.
    return give_plain_values(
        create_async_engine("postgresql+asyncpg://", hide_parameters=True, connect_args=connect_args, **options)
    )


def short_lived_engine(dsn: str, **options: Any) -> AsyncEngine:
    """Return an engine that keeps no connection, for the few statements of a command."""
    return create_engine(dsn, poolclass=NullPool, **options)


def check_files(dsn: str) -> None:
    """Raise DsnError with every certificate or key of the URL that can't be used, and PGPORT if it is needed and wrong."""
    parsed = parse(dsn)
    problems = _problems_of_default_port(parsed)
    if parsed.parameters.get("sslmode") != "disable":
        problems += _problems_of_files(parsed.parameters)
    if problems:
        raise DsnError(problems)


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
        case NoSuitableHost() | InvalidConnection():
            return f"{error}."
        # The operating system raises subclasses of it; the driver itself where TLS is refused.
        case ConnectionError() if type(error) is ConnectionError:
            return "The database's server refused TLS, which the URL's sslmode asks for: turn it on there, or change sslmode."
        case _:
            return None


def _problems_of_default_port(dsn: Dsn) -> list[str]:
    """Return what is wrong with the variable that the driver reads where the URL has no port."""
    port = os.environ.get("PGPORT", "")
    if not port or is_port(port) or (dsn.hosts and all(host.port for host in dsn.hosts)):
        return []
    return ["has no port, and the variable PGPORT is not a number from 1 to 65535: write the port into the URL"]


def _problems_of_files(parameters: Mapping[str, str]) -> list[str]:
    problems: list[str] = []
    if not _can_look_into_home():
        problems.append(
            "the driver looks for certificates in ~/.postgresql, which this user may not read: "
            "set HOME to a folder that it may read"
        )
    root = parameters.get("sslrootcert")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if root not in {None, SYSTEM_CERTIFICATES}:
        try:
            context.load_verify_locations(cafile=root)
        except OSError as error:
            problems.append(f"sslrootcert can't be used: {_reason(root, error, 'holds no certificate in PEM format')}")
    elif root is None and parameters.get("sslmode") in VERIFYING and not _has_default_root():
        problems.append(
            f"sslmode={parameters['sslmode']} needs sslrootcert: the path of the CA's certificate, or "
            "sslrootcert=system for the authorities that the machine trusts"
        )
    if "sslcert" in parameters:
        try:
            _load_client_certificate(context, parameters)
        except OSError as error:
            names = " and ".join(name for name in ("sslcert", "sslkey") if name in parameters)
            files = " and ".join(parameters[name] for name in ("sslcert", "sslkey") if name in parameters)
            reason = _reason(files, error, "hold no certificate with its unencrypted key in PEM format")
            problems.append(f"{names} can't be used: {reason}")
    return problems


def _driver_arguments(dsn: Dsn, connect_seconds: float, server_settings: Mapping[str, str]) -> dict[str, Any]:
    settings = {"application_name": APPLICATION_NAME, **server_settings}
    settings |= {name: dsn.parameters[name] for name in ("application_name", "options") if dsn.parameters.get(name)}
    seconds = int(dsn.parameters.get("connect_timeout", "0")) or connect_seconds
    return {
        "async_creator_fn": partial(_connect, dsn.hosts or (_NO_HOST,)),
        "user": dsn.user,
        "password": dsn.password,
        "database": dsn.database,
        "timeout": seconds,
        "server_settings": settings,
        "target_session_attrs": dsn.parameters.get("target_session_attrs", "any"),
        "direct_tls": dsn.parameters.get("sslnegotiation") == "direct",
        **_tls(dsn.parameters),
    }


def _tls(parameters: Mapping[str, str]) -> dict[str, Any]:
    if parameters.get("sslrootcert") == SYSTEM_CERTIFICATES:
        # The driver would take it for a file's name.
        context = ssl.create_default_context()
        context.set_alpn_protocols(["postgresql"])
        if "sslcert" in parameters:
            _load_client_certificate(context, parameters)
        return {"ssl": context}
    # The driver reads the files for each connection, so certificates may be replaced while the service runs.
    written = {"sslmode": "prefer"} | {name: parameters[name] for name in _TLS if name in parameters}
    return {"dsn": f"postgresql://?{urlencode(written, quote_via=quote)}"}


async def _connect(hosts: tuple[Host, ...], *, target_session_attrs: str, **arguments: Any) -> Any:
    """Connect to the first host that answers and is of the kind that was asked for.

    As in libpq each host has the whole timeout to itself: the driver's own list of hosts shares one, so that a host
    that is silent would leave no time for the next.
    """
    if target_session_attrs == "prefer-standby":
        try:
            return await _connect(hosts, target_session_attrs="standby", **arguments)
        except _NEXT_HOST:
            target_session_attrs = "any"
    failures: list[tuple[Host, Exception]] = []
    for host in hosts:
        place: dict[str, Any] = {} if host is _NO_HOST else {"host": host.name, "port": host.port}
        try:
            return await _driver.connect(**place, target_session_attrs=target_session_attrs, **arguments)
        except _NEXT_HOST as error:
            failures.append((host, error))
        except (ValueError, OverflowError, asyncpg.InterfaceError) as error:
            raise InvalidConnection(error) from error
    last = failures[-1][1]
    if isinstance(last, asyncpg.TargetServerAttributeNotMatched):
        raise NoSuitableHost from last
    if len(failures) == 1 and explain_failure(last) is not None:
        raise last
    raise NoHostAnswers(failures) from last


def _place(host: Host) -> str:
    if host is _NO_HOST:
        return "the default sockets and localhost"
    return host.name if host.port is None else f"{host.name}:{host.port}"


def _why(error: Exception) -> str:
    """Return why a host accepted no connection, in a few words."""
    match error:
        case TimeoutError():
            return "no answer in time"
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


def _load_client_certificate(context: ssl.SSLContext, parameters: Mapping[str, str]) -> None:
    # Without a password OpenSSL would ask for one at the terminal.
    context.load_cert_chain(parameters["sslcert"], keyfile=parameters.get("sslkey"), password=lambda: "")


def _can_look_into_home() -> bool:
    try:
        (Path.home() / ".postgresql" / "postgresql.crt").stat()
    except PermissionError:
        return False
    except (RuntimeError, OSError):
        pass
    return True


def _has_default_root() -> bool:
    """Whether libpq's own place for the CA's certificate holds one."""
    try:
        return bool(os.environ.get("PGSSLROOTCERT")) or (Path.home() / ".postgresql" / "root.crt").exists()
    except (RuntimeError, OSError):
        return False


def _reason(files: str | None, error: OSError, otherwise: str) -> str:
    # An SSLError's text is OpenSSL's, which names no file.
    return f"{files if files and files.isprintable() else repr(files)}: {otherwise if isinstance(error, ssl.SSLError) else error.strerror}"
