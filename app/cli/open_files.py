"""The limit of open files, and the number of client connections that it allows."""

import resource
import sys
from contextlib import suppress

from app.cli.failures import CommandError, ExitCode
from app.settings import Settings
from app.web.connections import ConnectionLimits

_RESERVE = 100
"""Number of open files besides connections to clients and to the database: sockets, logs, metrics, fetches of keys, and
connections beyond the limit that are told so."""
_MAX_CONNECTIONS = 10_000
"""Default maximum of connections: more than one process can serve, with an acceptable amount of memory if idle."""
_MIN_CONNECTIONS = 10


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Raise this process's limit of open files, and return the limits for clients that it allows."""
    reserve = _RESERVE + settings.database_pool_size + settings.plan_connections
    files = _raise_limit()
    room = sys.maxsize if files is None else files - reserve
    if room < max(settings.max_connections or 0, _MIN_CONNECTIONS):
        needed = reserve + (settings.max_connections or _MIN_CONNECTIONS)
        msg = (
            f"The limit of open files, {files} (ulimit -Hn), is too low: raise it to at least {needed}, "
            "or lower MAX_CONNECTIONS, DATABASE_POOL_SIZE or PLAN_CONNECTIONS."
        )
        raise CommandError(msg, ExitCode.SETTINGS)
    return ConnectionLimits(
        connections=settings.max_connections or min(room, _MAX_CONNECTIONS),
        head_seconds=settings.header_timeout_seconds,
        body_seconds=settings.body_timeout_seconds,
        send_seconds=settings.send_timeout_seconds,
        # A ping and its answer cost more than the comment of an idle stream.
        ping_seconds=2 * settings.live_keepalive_seconds,
        unsent_bytes=settings.max_unsent_bytes,
    )


def _raise_limit() -> int | None:
    """Raise the limit of open files for this process and its workers to the hard limit.

    Return it; None if unlimited.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS reports no limit, but then rejects numbers above an internal one.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return None if soft == resource.RLIM_INFINITY else soft
