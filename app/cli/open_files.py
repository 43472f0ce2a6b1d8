"""How many files and connections a process may have open, and how many connections that leaves for clients."""

import resource
import sys
from contextlib import suppress

from app.cli.failures import CommandError, ExitCode
from app.settings import Settings
from app.web.connections import ConnectionLimits

_RESERVE = 100
"""Files beside the connections to clients and to the database: sockets, logs, metrics, and keys that are fetched."""
_MOST_CONNECTIONS = 10_000
"""More than one process can serve, and as much memory as it should spend on connections that do nothing."""
_FEWEST_CONNECTIONS = 10


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Return what clients may take of one process, once it may have as many files open as the system allows."""
    reserve = _RESERVE + settings.database_pool_size + settings.plan_connections
    files = _raise_limit()
    room = sys.maxsize if files is None else files - reserve
    if room < max(settings.max_connections or 0, _FEWEST_CONNECTIONS):
        needed = reserve + (settings.max_connections or _FEWEST_CONNECTIONS)
        msg = (
            f"A process may have {files} files open (ulimit -Hn), which is too few: allow at least {needed}, "
            "or lower MAX_CONNECTIONS, DATABASE_POOL_SIZE or PLAN_CONNECTIONS."
        )
        raise CommandError(msg, ExitCode.SETTINGS)
    return ConnectionLimits(
        connections=settings.max_connections or min(room, _MOST_CONNECTIONS),
        head_seconds=settings.header_timeout_seconds,
        body_seconds=settings.body_timeout_seconds,
        send_seconds=settings.send_timeout_seconds,
        unsent_bytes=settings.max_unsent_bytes,
    )


def _raise_limit() -> int | None:
    """Have this process and its workers open as many files as the system lets them; return how many, None for any number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS says that there is no bound, and then refuses more than it has.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return None if soft == resource.RLIM_INFINITY else soft
