"""Settings for connections with and without a pooler, and checks of how a pooler works."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_ROUNDS = 3
_IDLE_MILLISECONDS = 5_000
_SECONDS = 1.0
_STATEMENT_POOLING = "statement pooling mode"


class Pooling(StrEnum):
    """How long a connection uses the same process of the server."""

    SESSION = "session"
    """For its whole life: no pooler, or a session pooler."""
    TRANSACTION = "transaction"
    """For one transaction: a transaction pooler. Session state is lost and would leak to other clients."""


class PoolingError(Exception):
    """The pooler reassigns connections earlier than DATABASE_POOLING allows. The message says what to set."""


def unnamed() -> str:
    """Return the empty name, so that prepared statements don't outlive their transaction."""
    return ""


UNNAMED_STATEMENTS: Mapping[str, Any] = {
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": unnamed,
    "statement_cache_size": 0,
}
"""Options for the driver and SQLAlchemy's adapter that keep no prepared statements."""


SERVER_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "standard_conforming_strings": "on",
}
"""Settings sent in the startup message. Poolers track these for their clients, and no others."""


def first_statements(pooling: Pooling, statement_timeout_seconds: float) -> str | None:
    """Return the statements that a new connection begins with."""
    return _limits(statement_timeout_seconds, "SET") if pooling is Pooling.SESSION else None


def beginning_of(pooling: Pooling, statement_timeout_seconds: float) -> str | None:
    """Return the statements that each transaction begins with."""
    return _limits(statement_timeout_seconds, "SET LOCAL") if pooling is Pooling.TRANSACTION else None


def beginning_for_all(pooling: Pooling, statement_timeout_seconds: float) -> str | None:
    """Return the same for transactions with locks that every process wants; the server ends those of a hung client."""
    beginning = beginning_of(pooling, statement_timeout_seconds)
    return beginning and f"{beginning}; SET LOCAL idle_in_transaction_session_timeout = {_IDLE_MILLISECONDS}"


def driver_options(pooling: Pooling, prepared_statements: int) -> Mapping[str, Any]:
    """Return options for the driver and SQLAlchemy's adapter; each keeps that number of prepared statements."""
    if pooling is Pooling.TRANSACTION:
        return UNNAMED_STATEMENTS
    # SQLAlchemy keeps its own statements. The driver keeps those sent without SQLAlchemy, of any length.
    return {
        "prepared_statement_cache_size": prepared_statements,
        "statement_cache_size": prepared_statements,
        "max_cacheable_statement_size": 0,
    }


def _limits(statement_timeout_seconds: float, command: str) -> str:
    settings = {
        "jit": "off",
        # Most statements end before parallel workers would have started.
        "max_parallel_workers_per_gather": 0,
        # Cancels statements whose client is gone. By default PostgreSQL doesn't check.
        "client_connection_check_interval": 1000,
        "statement_timeout": int(statement_timeout_seconds * 1000),
    }
    return "; ".join(f"{command} {name} = {value}" for name, value in settings.items())


async def check_pooling(engine: AsyncEngine, pooling: Pooling) -> None:
    """Raise PoolingError if a pooler reassigns connections earlier than `pooling` allows.

    `engine` uses unnamed statements and keeps no connection. There are no false alarms, but a busy pooler may go
    undetected.
    """
    try:
        if pooling is Pooling.SESSION and await _changes_servers(engine):
            msg = (
                "The database's URL leads to a pooler that gives its connections to others after each transaction: set "
                "DATABASE_POOLING=transaction, or have the pooler work by session (pool_mode=session in PgBouncer)."
            )
            raise PoolingError(msg)
        async with engine.begin() as connection:
            await connection.exec_driver_sql("SELECT 1")
    except DBAPIError as error:
        if _STATEMENT_POOLING not in str(error.orig):
            raise
        msg = (
            "The database's URL leads to a pooler that works by statement, which allows no transactions: "
            "have it work by transaction (pool_mode=transaction in PgBouncer)."
        )
        raise PoolingError(msg) from error


async def _changes_servers(engine: AsyncEngine) -> bool:
    """Return whether two connections share a server process, or one connection uses several.

    A pooler's startup message contains an invented pid, so the server is asked for the real one.
    """
    async with engine.connect() as one, engine.connect() as other:
        drivers = [await _driver_of(one), await _driver_of(other)]
        found: list[set[int]] = [set(), set()]
        try:
            async with asyncio.timeout(_SECONDS):
                for _ in range(_ROUNDS):
                    for driver, pids in zip(drivers, found, strict=True):
                        pids.add(await driver.fetchval("SELECT pg_backend_pid()"))
                        if drivers[0].get_server_pid() in found[0]:
                            return False
        except TimeoutError:
            # A session pooler without a server connection for the second client.
            return False
        finally:
            for driver in drivers:
                driver.terminate()
    return len(found[0]) > 1 or len(found[1]) > 1 or found[0] == found[1]


async def _driver_of(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


async def connections_given(engine: AsyncEngine, needed: int) -> int | None:
    """Return how many of `needed` connections a session pooler provides at the same time; None without a pooler.

    The connections stay open until all are, or until none was added for a second. Other clients of the pooler wait that
    long. `engine` keeps no connection.
    """
    async with engine.connect() as connection:
        driver = await _driver_of(connection)
        if await driver.fetchval("SELECT pg_backend_pid()") == driver.get_server_pid():
            return None
        given, done = asyncio.Queue[None](), asyncio.Event()
        tasks = [asyncio.create_task(_take(engine, given, done)) for _ in range(needed - 1)]
        try:
            for number in range(1, needed):
                try:
                    async with asyncio.timeout(_SECONDS):
                        await given.get()
                except TimeoutError:
                    return number
        finally:
            done.set()
            _, waiting = await asyncio.wait(tasks, timeout=_SECONDS)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return needed


async def _take(engine: AsyncEngine, given: asyncio.Queue[None], done: asyncio.Event) -> None:
    """Open a connection, report when the server answers over it, and keep it open until `done`."""
    async with engine.connect() as connection:
        await (await _driver_of(connection)).fetchval("SELECT 1")
        given.put_nowait(None)
        await done.wait()


def refused_parameter(error: asyncpg.PostgresError) -> str | None:
    """Return the startup parameter that a pooler refused, or None for other errors."""
    _, found, name = str(error).partition("unsupported startup parameter")
    return name.strip(" :") or "?" if found else None
