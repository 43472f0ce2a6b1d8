"""`serve`: the service, on a database that is managed separately."""

import asyncio
import errno
import math
import os
import socket
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any

import structlog
import typer
import uvicorn
from starlette.types import ASGIApp

from app.cli.failures import CommandError, ExitCode
from app.cli.open_files import connection_limits
from app.cli.owner import command_engine, require_migrated
from app.cli.startup import startup_fields, tls_of
from app.cli.worker import ServingConfig, end_on_signals
from app.cli.workers import Workers
from app.db.database import connections_of_process
from app.db.driver_errors import translate_failures
from app.db.pooling import Pooling, check_pooling, connections_given
from app.db.roles import check_role
from app.settings import Settings, load_settings
from app.web.http_protocol import HttpProtocol
from app.web.http_whole import WholeProtocol
from app.web.logs import configure_logging
from app.web.server import Server
from app.web.serving_checks import SERVING_CHECKS
from app.web.shared_metrics import SHARED_FOLDER
from app.web.websocket_connection import WebSocketConnection

_log = structlog.get_logger()

_BACKLOG = 2_048
_HIGHEST_PORT = 65_535


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on. Default: HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on. Default: PORT.", min=0, max=65_535)] = None,
    workers: Annotated[int, typer.Option(help="Number of worker processes.", min=1, max=64)] = 1,
) -> None:
    """Serve a migrated database."""
    # Check here, once: workers that can't start would be restarted repeatedly.
    settings = load_settings(*SERVING_CHECKS)
    configure_logging(settings)
    limits = connection_limits(settings)
    tls = asyncio.run(check_at_start(settings, workers))
    end_on_signals()
    with (
        listen(host or settings.host, settings.port if port is None else port) as listener,
        _shared_metrics(settings, workers),
    ):
        address, number = listener.getsockname()[:2]
        config = _serving_config(settings, workers)
        config.connection_limits = limits
        _log.info(
            "serving",
            **startup_fields(
                settings, host=address, port=number, workers=workers, connections=limits.connections, tls=tls
            ),
        )
        if workers > 1:
            supervisor = Workers(config, sockets=[listener])
            supervisor.run()
            has_failed = supervisor.has_failed
        else:
            server = Server(config, config.connection_limits)
            server.run(sockets=[listener])
            has_failed = not server.started
        if has_failed:
            sys.exit(1)


@contextmanager
def _shared_metrics(settings: Settings, workers: int) -> Generator[None]:
    """Create a folder in which several workers share metrics. Raise CommandError if that fails.

    The workers inherit its path, and each of them can answer with the metrics of all.
    """
    named = os.environ.get(SHARED_FOLDER)
    if not settings.metrics or (workers == 1 and not named):
        # The variable's folder is not used, so it need not exist.
        os.environ.pop(SHARED_FOLDER, None)
        yield
        return
    try:
        # A new folder inside the configured one, so that files of an earlier run are not counted.
        folder = tempfile.TemporaryDirectory(prefix="customer-gateway-metrics-", dir=named)
    except OSError as error:
        where = f"{SHARED_FOLDER} ({named})" if named else "the folder for temporary files"
        msg = (
            f"METRICS with several workers needs a writable folder, but {where} is not writable: mount a"
            " tmpfs at /tmp, "
            f"set {SHARED_FOLDER} to a writable folder, serve with one worker, or set METRICS=false."
        )
        raise CommandError(msg, ExitCode.SETTINGS) from error
    with folder as path:
        os.environ[SHARED_FOLDER] = path
        yield


def _serving_config(settings: Settings, workers: int) -> ServingConfig:
    options = _options(
        settings.request_timeout_seconds,
        reads_whole=settings.http_whole_requests,
        max_message_bytes=settings.max_body_bytes,
    )
    return ServingConfig("app.main:app", workers=workers, **options)


def server_config(
    application: ASGIApp, *, grace_seconds: float, reads_whole: bool, max_message_bytes: int = 1_000_000
) -> uvicorn.Config:
    """Return uvicorn's configuration for an application object, which configures logging itself.

    `reads_whole` is the setting HTTP_WHOLE_REQUESTS; `max_message_bytes` limits a WebSocket's messages.
    """
    options = _options(grace_seconds, reads_whole=reads_whole, max_message_bytes=max_message_bytes)
    return uvicorn.Config(application, **options)


def _options(grace_seconds: float, *, reads_whole: bool, max_message_bytes: int) -> dict[str, Any]:
    return {
        "http": WholeProtocol if reads_whole else HttpProtocol,
        "ws": WebSocketConnection,
        "ws_max_size": max_message_bytes,
        "ws_ping_interval": None,  # the connection pings by itself
        "ws_per_message_deflate": False,  # it would take 40 kB per connection, and time for each one's copy of an event
        "lifespan": "on",
        "log_config": None,
        "access_log": False,  # replaced by the log line per operation
        "server_header": False,
        "proxy_headers": False,  # no response depends on the client's address
        "timeout_graceful_shutdown": math.ceil(grace_seconds),
    }


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raise CommandError if the address or the port can't be used."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        # getaddrinfo raises UnicodeError for a name that can't be encoded.
        if isinstance(error, socket.gaierror | UnicodeError) or error.errno == errno.EADDRNOTAVAIL:
            msg = (
                f'Can\'t listen on "{host}": it is not an address of this machine. Set HOST or --host to one, such as'
                " 127.0.0.1."
            )
            raise CommandError(msg, ExitCode.SETTINGS) from error
        other = port + 1 if port < _HIGHEST_PORT else 8_000
        msg = (
            f"Can't listen on {host}, port {port}: {error.strerror}. Set PORT or --port to another, such as"
            f" PORT={other}."
        )
        raise CommandError(msg, ExitCode.IN_USE) from error


async def check_at_start(settings: Settings, workers: int) -> str | None:
    """Check the database as `check_database` does, and warn if a pooler has too few connections for all workers."""
    pooling = Pooling(settings.database_pooling)
    tls = await check_database(settings.service_dsn, pooling)
    if pooling is Pooling.SESSION:
        needed = workers * connections_of_process(settings.database_pool_size, settings.plan_connections)
        async with command_engine(settings.service_dsn) as engine:
            with translate_failures():
                given = await connections_given(engine, needed)
        if given is not None and given < needed:
            _log.warning("pooler_too_small", needed=needed, given=given)
    return tls


async def check_database(dsn: str, pooling: Pooling = Pooling.SESSION) -> str | None:
    """Check the database, and return the TLS version of the connection; None without TLS.

    Raise an error if a pooler has another mode, if the role bypasses tenant isolation, or if the database isn't
    migrated.
    """
    async with command_engine(dsn) as engine:
        with translate_failures():
            await check_pooling(engine, pooling)
        # The role first, because a role without the service's rights can't read the revision.
        await check_role(engine)
        await require_migrated(engine)
        return await tls_of(engine)
