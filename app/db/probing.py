"""Questions that are answered within two seconds or not at all, over connections that operations don't use."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import BigInteger, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.unavailable import DatabaseUnavailable, NoAnswerInTime, translate_failures
from app.db.waits import Backend

AnswerT = TypeVar("AnswerT")
PROBE_SECONDS = 2.0
"""How long readiness and the look-up of a credential may wait for the database in all."""
_FIRST_ATTEMPT_SECONDS = 0.75
CONNECT_SECONDS = 1.0
"""How long each host may take to connect for it: what goes wrong then is told before the time is over."""
_BACKENDS = text(
    "SELECT pg_backend_pid(), pg_is_in_recovery(), pid, state, state_change FROM (SELECT) AS once"
    " LEFT JOIN pg_stat_activity ON pid = ANY (:pids) AND usename = current_user"
).bindparams(bindparam("pids", type_=ARRAY(BigInteger())))
_END = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = :pid AND usename = current_user"
    " AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '0.5 s'"
)


@asynccontextmanager
async def answered_within(seconds: float, question: str) -> AsyncGenerator[asyncio.Timeout]:
    """Bound the wait for an answer; NoAnswerInTime names the question."""
    begun, limit = time.monotonic(), asyncio.timeout(seconds)
    try:
        async with limit:
            yield limit
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise NoAnswerInTime(question, seconds, time.monotonic() - begun) from error


class Probe:
    """Asks the server a question over a separate connection, and over a new one if that connection is dead."""

    def __init__(self, engine: AsyncEngine, fresh: AsyncEngine) -> None:
        self.engine = engine
        self.fresh = fresh
        """Opens a connection for each use."""

    async def ask(self, question: Callable[[AsyncEngine], Awaitable[AnswerT]]) -> AnswerT:
        """Return the answer of a question that may be asked twice; DatabaseUnavailable if none comes in time."""
        with translate_failures():
            async with answered_within(PROBE_SECONDS, "The readiness check"):
                try:
                    with translate_failures():
                        async with asyncio.timeout(_FIRST_ATTEMPT_SECONDS):
                            return await question(self.engine)
                except DatabaseUnavailable:
                    # A connection that was kept may be dead or silent. The failure ended it, so that a new one is opened.
                    return await question(self.engine)

    async def backends(self, drivers: Iterable[Any]) -> Mapping[Any, Backend | None]:
        """Return what the server says of these connections, None for one that it doesn't have."""
        # A connection that was kept may have fallen silent like those in question.
        with translate_failures():
            async with answered_within(PROBE_SECONDS, "The question about slow statements"):
                return await _backends(self.fresh, [each for each in drivers if not each.is_closed()])

    async def end(self, pid: int) -> None:
        """End a process that keeps a transaction open without doing anything."""
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
        address, own_pid = own._addr, own.get_server_pid()  # noqa: SLF001 - the driver tells nowhere else
    pid, is_standby, *_ = rows[0]
    if pid != own_pid or is_standby:
        # The pids mean nothing here: there is a pooler in between, or there may be several servers at this address.
        return {}
    found = {row[2]: Backend(row[3], row[4]) for row in rows}
    return {driver: found.get(pid) for driver, pid in pids.items() if driver._addr == address}  # noqa: SLF001
