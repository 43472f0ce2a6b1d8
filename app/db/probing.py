"""Probes: questions to the server over separate connections, with a limit of two seconds."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import BigInteger, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.driver_errors import NoAnswerInTime, translate_failures
from app.db.waits import Backend
from app.scheduling.time_limits import TimeLimit
from app.unavailable import DatabaseUnavailable

AnswerT = TypeVar("AnswerT")
PROBE_SECONDS = 2.0
"""Total time limit in seconds for readiness checks and look-ups of credentials."""
_FIRST_ATTEMPT_SECONDS = 0.75
PROBE_CONNECT_SECONDS = 1.0
"""Time limit in seconds for connecting to each host; below PROBE_SECONDS, so that the error names the reason."""
_BACKENDS = text(
    "SELECT pg_backend_pid(), pg_is_in_recovery(), pid, state, state_change FROM (SELECT) AS once"
    " LEFT JOIN pg_stat_activity ON pid = ANY (:pids) AND usename = current_user"
).bindparams(bindparam("pids", type_=ARRAY(BigInteger())))
_END = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = :pid AND usename = current_user"
    " AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '0.5 s'"
)


@asynccontextmanager
async def answered_within(seconds: float, question: str) -> AsyncGenerator[TimeLimit]:
    """Limit the time for an answer. Raise NoAnswerInTime with the question's name."""
    begun, limit = time.monotonic(), TimeLimit(seconds)
    try:
        async with limit:
            yield limit
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise NoAnswerInTime(question, seconds, time.monotonic() - begun) from error


class Probe:
    """Asks the server questions over a separate connection, or over a new one if that is dead."""

    def __init__(self, engine: AsyncEngine, fresh: AsyncEngine) -> None:
        self.engine = engine
        self.fresh = fresh
        """An engine without a pool."""

    async def ask(self, question: Callable[[AsyncEngine], Awaitable[AnswerT]]) -> AnswerT:
        """Return the answer to a question, which may be asked twice.

        Raise DatabaseUnavailable if there is none in time.
        """
        with translate_failures():
            async with answered_within(PROBE_SECONDS, "The readiness check"):
                try:
                    with translate_failures():
                        async with TimeLimit(_FIRST_ATTEMPT_SECONDS):
                            return await question(self.engine)
                except DatabaseUnavailable:
                    # The kept connection may have been dead or silent. The failure closed it, so a new one is opened.
                    return await question(self.engine)

    async def backends(self, drivers: Iterable[Any]) -> Mapping[Any, Backend | None]:
        """Return the server's state of these connections; None for connections that it doesn't have."""
        # A new connection, because a kept one may be silent like the connections in question.
        with translate_failures():
            async with answered_within(PROBE_SECONDS, "The question about slow statements"):
                return await _backends(self.fresh, [driver for driver in drivers if not driver.is_closed()])

    async def end(self, pid: int) -> None:
        """Terminate a server process that is idle in a transaction."""
        with translate_failures():
            async with answered_within(PROBE_SECONDS, "The end of a transaction"), self.fresh.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                if await driver.fetchval("SELECT pg_backend_pid()") == driver.get_server_pid():
                    await connection.execute(_END, {"pid": pid})


async def _backends(engine: AsyncEngine, drivers: list[Any]) -> Mapping[Any, Backend | None]:
    pids = {driver: driver.get_server_pid() for driver in drivers}
    async with engine.connect() as connection:
        rows = (await connection.execute(_BACKENDS, {"pids": [*pids.values()]})).all()
        own: Any = (await connection.get_raw_connection()).driver_connection
        address, own_pid = own._addr, own.get_server_pid()  # noqa: SLF001 - the driver has no public attribute
    pid, is_standby, *_ = rows[0]
    if pid != own_pid or is_standby:
        # The pids can't be compared: there is a pooler, or there may be several servers at this address.
        return {}
    found = {row[2]: Backend(row[3], row[4]) for row in rows}
    return {driver: found.get(pid) for driver, pid in pids.items() if driver._addr == address}  # noqa: SLF001
