"""Creation of engines from a connection URL; the only place where connections are opened."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import asyncpg
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db.connection_failures import (
    DEFAULT_PLACE,
    InvalidConnection,
    NoHostAnswers,
    NoSuitableHost,
    NotLetIn,
    ParameterRefused,
    explain_failure,
)
from app.db.connection_files import load_client_certificate
from app.db.driver_errors import lost_while_connecting
from app.db.dsn import Dsn, Host, parse
from app.db.dsn_parameters import SYSTEM_CERTIFICATES
from app.db.plain_values import give_plain_values
from app.db.pooling import UNNAMED_STATEMENTS, refused_parameter
from app.db.sockets import watch_socket
from app.scheduling.time_limits import TimeLimit

APPLICATION_NAME = "customer-gateway"
CONNECT_SECONDS = 10
"""Timeout in seconds for connecting a command to one host, unless the URL sets `connect_timeout`."""

_ACCEPT_SECONDS = 0.2
_PORT = 5432
_TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
_driver: Any = asyncpg  # it has no types
# Errors after which the next host is tried. A wrong password isn't among them, because as in libpq all hosts share it.
_NEXT_HOST = (OSError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched)


def create_engine(
    dsn: str,
    *,
    connect_seconds: float = CONNECT_SECONDS,
    driver_options: Mapping[str, Any] | None = None,
    server_settings: Mapping[str, str] | None = None,
    first_statements: str | None = None,
    **options: Any,
) -> AsyncEngine:
    """Return an engine for the URL. Raise DsnError if the URL is invalid.

    `connect_seconds` limits the attempt at each host, unless the URL sets `connect_timeout`. `driver_options` are
    passed to asyncpg and its adapter. `server_settings` are sent with the startup message; the URL's application_name
    takes precedence. Poolers accept few such settings, so others go into `first_statements`, run on each new
    connection.
    """
    connect_args = {
        **(driver_options or {}),
        "first_statements": first_statements,
        **_driver_arguments(parse(dsn), connect_seconds, server_settings or {}),
    }
    # Parameters can hold customer data, which must not appear in logs or messages.
    return give_plain_values(
        create_async_engine("postgresql+asyncpg://", hide_parameters=True, connect_args=connect_args, **options)
    )


def short_lived_engine(dsn: str, **options: Any) -> AsyncEngine:
    """Return an engine without a pool, for the few statements of a command; it works behind any pooler."""
    return create_engine(dsn, poolclass=NullPool, driver_options=UNNAMED_STATEMENTS, **options)


def _driver_arguments(dsn: Dsn, connect_seconds: float, server_settings: Mapping[str, str]) -> dict[str, Any]:
    settings = {"application_name": APPLICATION_NAME, **server_settings}
    settings |= {name: dsn.parameters[name] for name in ("application_name", "options") if dsn.parameters.get(name)}
    seconds = int(dsn.parameters.get("connect_timeout", "0")) or connect_seconds
    return {
        "async_creator_fn": partial(_connect, dsn.hosts or (DEFAULT_PLACE,)),
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
        # The driver would read "system" as a file name.
        context = ssl.create_default_context()
        context.set_alpn_protocols(["postgresql"])
        if "sslcert" in parameters:
            load_client_certificate(context, parameters)
        return {"ssl": context}
    # The driver reads the files for each connection, so certificates can be replaced while the service runs.
    written = {"sslmode": "prefer"} | {name: parameters[name] for name in _TLS if name in parameters}
    return {"dsn": f"postgresql://?{urlencode(written, quote_via=quote)}"}


async def _connect(
    hosts: tuple[Host, ...], *, target_session_attrs: str, first_statements: str | None, **arguments: Any
) -> Any:
    """Connect to the first host that answers and meets target_session_attrs.

    As in libpq, the timeout applies to each host. The driver's own list of hosts shares one timeout, so that a silent
    host would leave no time for the next.
    """
    if target_session_attrs == "prefer-standby":
        try:
            return await _connect(hosts, target_session_attrs="standby", first_statements=first_statements, **arguments)
        except _NEXT_HOST:
            target_session_attrs = "any"
    failures: list[tuple[Host, Exception]] = []
    for host in hosts:
        place: dict[str, Any] = {} if host is DEFAULT_PLACE else {"host": host.name, "port": host.port}
        try:
            return await _connect_to(first_statements, **place, target_session_attrs=target_session_attrs, **arguments)
        except _NEXT_HOST as error:
            # These failures are the same at every host.
            if isinstance(error, InvalidConnection | ParameterRefused):
                raise
            is_accepted = type(error) is TimeoutError and await _accepts(host)
            failures.append((host, NotLetIn() if is_accepted else error))
    last = failures[-1][1]
    if isinstance(last, asyncpg.TargetServerAttributeNotMatched):
        raise NoSuitableHost from last
    if len(failures) == 1 and explain_failure(last) is not None:
        raise last
    raise NoHostAnswers(failures) from last


async def _accepts(host: Host) -> bool:
    """Return whether a silent host accepts TCP connections; the driver's timeout doesn't tell."""
    if host is DEFAULT_PLACE or host.name.startswith("/"):
        # A Unix socket accepts or refuses a connection immediately.
        return True
    try:
        async with asyncio.timeout(_ACCEPT_SECONDS):
            _, writer = await asyncio.open_connection(host.name, host.port or _PORT)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def _connect_to(first_statements: str | None, *, timeout: float, **arguments: Any) -> Any:  # noqa: ASYNC109 - the driver's name for it
    """Connect to one host and run the first statements."""
    try:
        async with TimeLimit(timeout):
            connection = await _driver.connect(timeout=None, **arguments)
    except asyncpg.ProtocolViolationError as error:
        parameter = refused_parameter(error)
        if parameter is None:
            raise
        raise ParameterRefused(parameter) from error
    except OSError:
        # ssl.SSLCertVerificationError is an OSError and a ValueError.
        raise
    except (ValueError, OverflowError, asyncpg.InterfaceError) as error:
        raise InvalidConnection(error) from error
    except asyncpg.InternalClientError as error:
        raise lost_while_connecting(error) or error from error
    watch_socket(connection)
    if first_statements is not None:
        try:
            async with TimeLimit(timeout):
                await connection.execute(first_statements)
        except BaseException as error:
            connection.terminate()
            if (lost := lost_while_connecting(error)) is not None:
                raise lost from error
            if isinstance(error, TimeoutError):
                # A pooler accepts clients and then lets them wait for a connection to the server.
                raise NotLetIn from error
            raise
    return connection
