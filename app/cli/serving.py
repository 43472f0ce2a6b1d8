"""`serve`: the service itself, over a database that others look after."""

import asyncio
import errno
import math
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from types import FrameType
from typing import Annotated, NoReturn

import typer
import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from app.cli.faults import CommandError, ExitCode
from app.cli.owner import require_migrated, short_lived_engine
from app.db.roles import refuse_powerful_role
from app.settings import load_settings
from app.web.application import SERVING_CHECKS
from app.web.metrics import SHARED_FOLDER

_BACKLOG = 2_048
_HIGHEST_PORT = 65_535


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on; HOST unless given.")] = None,
    port: Annotated[
        int | None, typer.Option(help="The port to listen on; PORT unless given.", min=0, max=65_535)
    ] = None,
    workers: Annotated[int, typer.Option(help="How many processes serve.", min=1, max=64)] = 1,
) -> None:
    """Serve a migrated database."""
    # Here, where it is said once: workers that can't start would be started again and again.
    settings = load_settings(*SERVING_CHECKS)
    asyncio.run(check_database(settings.service_dsn))
    end_on_signals()
    with listen(host or settings.host, settings.port if port is None else port) as listener:
        config = server_config("app.main:app", grace_seconds=settings.request_timeout_seconds, workers=workers)
        if workers == 1:
            uvicorn.Server(config).run(sockets=[listener])
            return
        with tempfile.TemporaryDirectory(prefix="customer-gateway-metrics-") as folder:
            # The workers inherit it, and whichever of them is asked for metrics answers for all.
            os.environ.setdefault(SHARED_FOLDER, folder)
            Multiprocess(config, sockets=[listener]).run()


def server_config(application: ASGIApp | str, *, grace_seconds: float, workers: int = 1) -> uvicorn.Config:
    """How uvicorn runs the application: it logs the way the application says, and leaves the line per operation to it."""
    return uvicorn.Config(
        application,
        workers=workers,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who or what is in front changes no answer
        timeout_graceful_shutdown=math.ceil(grace_seconds),
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens, or a CommandError that says why none can."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        # A UnicodeError is raised for a name that can't even be looked up.
        if isinstance(error, socket.gaierror | UnicodeError) or error.errno == errno.EADDRNOTAVAIL:
            msg = f'Can\'t listen on "{host}": it is no address of this machine. Set HOST or --host to one, such as 127.0.0.1.'
            raise CommandError(msg, ExitCode.SETTINGS) from error
        other = port + 1 if port < _HIGHEST_PORT else 8_000
        msg = f"Can't listen on {host}, port {port}: {error.strerror}. Set PORT or --port to another, such as PORT={other}."
        raise CommandError(msg, ExitCode.IN_USE) from error


def end_on_signals() -> None:
    """Let SIGTERM and Ctrl-C unwind the stack, so that what was started is stopped; a second one changes nothing."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        handle(signal.SIG_IGN)
        sys.exit(0)

    def handle(handler: Callable[[int, FrameType | None], NoReturn] | signal.Handlers) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handler)

    handle(end)


async def check_database(dsn: str) -> None:
    """Refuse a role that could look past the company's wall, and a database that is not migrated."""
    async with short_lived_engine(dsn) as engine:
        # The role first: one that is no member may not even read the revision.
        await refuse_powerful_role(engine)
        await require_migrated(engine)
