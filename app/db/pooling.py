"""What may stand between the service and PostgreSQL: a pooler, and for how long it gives a connection of the server's away."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_ROUNDS = 3
_SECONDS = 1.0
_STATEMENT_POOLING = "statement pooling mode"


class Pooling(StrEnum):
    """How long the server's end of a connection stays the same."""

    SESSION = "session"
    """As long as the connection: there is no pooler, or one that works by session."""
    TRANSACTION = "transaction"
    """For one transaction. Nothing may be left on it for the next one, which may be another program's."""


class PoolingRefusedError(Exception):
    """The pooler gives connections away earlier than the settings say; the message says what to set."""


def unnamed() -> str:
    """Return the name of every prepared statement: none, so that it belongs to its transaction alone."""
    return ""


UNNAMED_STATEMENTS: Mapping[str, Any] = {
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": unnamed,
    "statement_cache_size": 0,
}
"""For the driver and SQLAlchemy's adapter: no statement is expected to be known from before."""


SERVER_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "standard_conforming_strings": "on",
}
"""What is sent when a connection is opened: poolers know these and keep them for their clients, and no others."""


def first_statements(pooling: Pooling, statement_timeout_seconds: float) -> str | None:
    """Return what a new connection begins with."""
    return _limits(statement_timeout_seconds, "SET") if pooling is Pooling.SESSION else None


def beginning_of(pooling: Pooling, statement_timeout_seconds: float) -> str | None:
    """Return what each transaction begins with."""
    return _limits(statement_timeout_seconds, "SET LOCAL") if pooling is Pooling.TRANSACTION else None


def driver_options(pooling: Pooling, prepared_statements: int) -> Mapping[str, Any]:
    """Return the options for the driver and SQLAlchemy's adapter, with the number of statements that each keeps prepared."""
    if pooling is Pooling.TRANSACTION:
        return UNNAMED_STATEMENTS
    # SQLAlchemy keeps its own statements; the driver those that are sent without it, however long they are.
    return {
        "prepared_statement_cache_size": prepared_statements,
        "statement_cache_size": prepared_statements,
        "max_cacheable_statement_size": 0,
    }


def _limits(statement_timeout_seconds: float, command: str) -> str:
    settings = {
        "jit": "off",
        # Many short statements share the server; workers would start later than most of them end.
        "max_parallel_workers_per_gather": 0,
        # A statement whose client is gone should not work on; PostgreSQL looks for the client only if told to.
        "client_connection_check_interval": 1000,
        "statement_timeout": int(statement_timeout_seconds * 1000),
    }
    return "; ".join(f"{command} {name} = {value}" for name, value in settings.items())


async def refuse_shared_connections(engine: AsyncEngine, pooling: Pooling) -> None:
    """Raise PoolingRefusedError if a pooler is found to give connections to others earlier than `pooling` says.

    `engine` names no statements and keeps no connection. What is found is certain; a busy pooler may not be found out.
    """
    try:
        if pooling is Pooling.SESSION and await _changes_servers(engine):
            msg = (
                "The database's URL leads to a pooler that gives its connections to others after each transaction: set "
                "DATABASE_POOLING=transaction, or have the pooler work by session (pool_mode=session in PgBouncer)."
            )
            raise PoolingRefusedError(msg)
        async with engine.begin() as connection:
            await connection.exec_driver_sql("SELECT 1")
    except DBAPIError as error:
        if _STATEMENT_POOLING not in str(error.orig):
            raise
        msg = (
            "The database's URL leads to a pooler that works by statement, which allows no transactions: "
            "have it work by transaction (pool_mode=transaction in PgBouncer)."
        )
        raise PoolingRefusedError(msg) from error


async def _changes_servers(engine: AsyncEngine) -> bool:
    """Return whether two connections share one server process, or one connection uses several.

    The pid that a pooler reports at the start is made up, so the server is asked for the real one.
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
            # A pooler that works by session, and has no connection left for the second.
            return False
        finally:
            for driver in drivers:
                driver.terminate()
    return len(found[0]) > 1 or len(found[1]) > 1 or found[0] == found[1]


async def _driver_of(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


async def connections_given(engine: AsyncEngine, needed: int) -> int | None:
    """Return how many of `needed` connections a pooler that works by session gives at once; None if there is no pooler.

    They are open for a moment, until all are, or until no further one came for a second. Behind a pooler others wait that
    long, and get no error. `engine` keeps no connection.
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
    """Open a connection, say so once the server's end of it answers, and keep it until the others are done."""
    async with engine.connect() as connection:
        await (await _driver_of(connection)).fetchval("SELECT 1")
        given.put_nowait(None)
        await done.wait()


def refused_parameter(error: asyncpg.PostgresError) -> str | None:
    """Return the startup parameter that a pooler refused, or None if that is not what the error says."""
    _, found, name = str(error).partition("unsupported startup parameter")
    return name.strip(" :") or "?" if found else None
