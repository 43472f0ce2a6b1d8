"""SQL statements per request, counted by PostgreSQL in a separate pass, so that counting doesn't affect the timing."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from bench.load import Length
from bench.postgres import connected
from bench.python_load import PythonLoad

_WARM_UP = 64
_WARM_UP_CONNECTIONS = 16
_COUNTED = 20
# A transaction may end after its answer was sent, and its last statement is counted at its end.
_SETTLED_SECONDS = 0.2
# Statements that read the graph's tables are counted separately from others, such as BEGIN, SET and ROLLBACK.
_COUNT = r"""
SELECT coalesce(sum(calls) FILTER (WHERE reads), 0)::int, coalesce(sum(calls) FILTER (WHERE NOT reads), 0)::int
FROM (
    SELECT calls, query ~ '\m(customers|customer_groups|contacts|departments)\M' AS reads
    FROM pg_stat_statements
    WHERE toplevel AND query NOT LIKE '%pg_stat_statements%'
) AS counted
"""
_RESET = "SELECT pg_stat_statements_reset()"


class Statements(NamedTuple):
    """Average number of statements per request."""

    reading: float
    """Statements that read the tables."""
    around: float
    """All others: transactions and settings."""


async def count_statements(owner_dsn: str, port: int, requests: Sequence[bytes]) -> Statements:
    """Count the statements of a warmed-up server for these requests."""
    load = PythonLoad(port, requests)
    # Warm up all connections of a pool: new ones look up types and apply settings.
    await load.run(_WARM_UP_CONNECTIONS, Length(0, _WARM_UP))
    await asyncio.sleep(_SETTLED_SECONDS)
    async with connected(owner_dsn) as connection:
        await connection.execute(_RESET)
        window = await load.run(1, Length(0, _COUNTED))
        await asyncio.sleep(_SETTLED_SECONDS)
        reading, around = await connection.fetchrow(_COUNT)
    return Statements(reading / window.requests, around / window.requests)
