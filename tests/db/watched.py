"""A database whose connections tests can look at: how many the driver made, and what was sent over them."""

import asyncio
import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import event

from app.db.database import Database


@dataclass
class Watched:
    """Held connections, and every connection of the driver's that was made for them, with what was sent over it."""

    database: Database
    drivers: list[Any] = field(default_factory=list[Any])
    sent: list[str] = field(default_factory=list[str])

    async def ask(self, company_id: UUID, sql: str, *parameters: object, plan_for_values: bool = False) -> Any:
        """The first value of a statement's row, or None without a row."""
        row = await self.database.plan_connections.row(sql, [*parameters], company_id, plan_for_values=plan_for_values)
        return None if row is None else row[0]

    def note(self, record: Any) -> None:
        """Keep what was sent."""
        self.sent.append(record.query)

    async def settings(self) -> int:
        """How often a connection was set to a company since this was asked last."""
        # The driver reports a statement in the next turn of the loop.
        await asyncio.sleep(0)
        sent = sum("set_config" in statement for statement in self.sent)
        self.sent.clear()
        return sent


@asynccontextmanager
async def watched(dsn: str, *, size: int = 1, timeout_seconds: float = 10) -> AsyncGenerator[Watched]:
    """Held connections of a database, as many as `size`, beside a pool of one."""
    limits: dict[str, Any] = {"pool_timeout_seconds": timeout_seconds, "statement_timeout_seconds": 30}
    found = Watched(database := Database(dsn, pool_size=1, plan_connections=size, **limits))

    def watch(connection: Any, _record: object) -> None:
        found.drivers.append(connection.driver_connection)
        connection.driver_connection.add_query_logger(found.note)

    event.listen(database.plan_connections.engine.sync_engine, "connect", watch)
    yield found
    await database.dispose()
    assert all(driver.is_closed() for driver in found.drivers)
    # A connection that nobody closed would warn here.
    gc.collect()
