"""The engines of the service, one for each use of connections, so that no use takes the connections of another."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.connecting import create_engine
from app.db.pooling import (
    SERVER_SETTINGS,
    Pooling,
    beginning_for_all,
    beginning_of,
    driver_options,
    first_statements,
)
from app.db.pools import CountingPool
from app.db.probing import PROBE_CONNECT_SECONDS, PROBE_SECONDS
from app.db.stored_json import json_text, stored_json
from app.db.waits import Waits
from app.db.watched import watch


class Engines(NamedTuple):
    """The engines of a process."""

    transactions: AsyncEngine
    plans: AsyncEngine
    """Opens plan connections, without a pool.

    If they were detached from a pool, it would open others in their place, and the process would exceed its number of
    connections.
    """
    probe: AsyncEngine
    """Has one connection, for readiness checks."""
    fresh_probe: AsyncEngine
    """Opens a connection for each question about other connections: a kept one may be silent like these."""
    keys: AsyncEngine
    """Has one connection, for look-ups of API keys.

    Unauthenticated clients cause them, so they don't use the connections of authenticated ones.
    """
    feed: AsyncEngine
    """Has one connection, for work on the feeds of all companies."""

    def watch(self, waits: Waits, pooling: Pooling, statement_timeout_seconds: float) -> None:
        """Report the waits of all connections, and begin their transactions with the limits that `pooling` requires."""
        for engine, seconds in (
            (self.transactions, statement_timeout_seconds),
            (self.plans, statement_timeout_seconds),
            (self.probe, PROBE_SECONDS),
            (self.fresh_probe, PROBE_SECONDS),
            (self.keys, PROBE_SECONDS),
        ):
            watch(engine, waits, beginning=beginning_of(pooling, seconds))
        watch(self.feed, waits, beginning=beginning_for_all(pooling, statement_timeout_seconds))


def create_engines(
    dsn: str,
    *,
    pooling: Pooling,
    pool_size: int,
    pool_timeout_seconds: float,
    statement_timeout_seconds: float,
    compiled_statements: int,
    prepared_statements: int,
) -> Engines:
    """Return the engines of a process, without connecting."""
    serving = _options(pooling, prepared_statements, statement_timeout_seconds)
    serving |= {"json_deserializer": stored_json, "json_serializer": json_text, "connect_seconds": pool_timeout_seconds}
    probing = _options(pooling, prepared_statements, PROBE_SECONDS)
    one = dict[str, Any](poolclass=CountingPool, pool_size=1, max_overflow=0)
    single = dict[str, Any](probing | one, pool_timeout=PROBE_SECONDS)
    return Engines(
        transactions=create_engine(
            dsn,
            poolclass=CountingPool,
            pool_size=pool_size,
            # Operations wait for their turn, not in the pool.
            max_overflow=0,
            pool_timeout=pool_timeout_seconds,
            query_cache_size=compiled_statements,
            **serving,
        ),
        plans=create_engine(dsn, poolclass=NullPool, **serving),
        probe=create_engine(dsn, connect_seconds=PROBE_CONNECT_SECONDS, **single),
        fresh_probe=create_engine(dsn, poolclass=NullPool, connect_seconds=PROBE_SECONDS, **probing),
        keys=create_engine(dsn, connect_seconds=PROBE_SECONDS, **single),
        feed=create_engine(dsn, **_of_feed(one | serving, pooling, pool_timeout_seconds)),
    )


def _of_feed(options: Mapping[str, Any], pooling: Pooling, pool_timeout_seconds: float) -> dict[str, Any]:
    """Return the options for statements that need a snapshot of their own for each of their parts."""
    if pooling is Pooling.TRANSACTION:
        return dict[str, Any](options, pool_timeout=pool_timeout_seconds, isolation_level="READ COMMITTED")
    # Each statement is its own transaction, so the role's default isolation would apply.
    first = f"{options['first_statements']}; SET default_transaction_isolation = 'read committed'"
    settings = {"pool_timeout": pool_timeout_seconds, "isolation_level": "AUTOCOMMIT", "first_statements": first}
    return dict[str, Any](options, **settings)


def _options(pooling: Pooling, prepared_statements: int, statement_timeout_seconds: float) -> dict[str, Any]:
    return {
        "driver_options": driver_options(pooling, prepared_statements),
        "server_settings": SERVER_SETTINGS,
        "first_statements": first_statements(pooling, statement_timeout_seconds),
    }
