"""What PostgreSQL does for a statement of app.db: the plan, and how much of the database it reads."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import event, text

from app.db.database import Database
from app.db.read_session import ReadSession

Ask = Callable[[ReadSession], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that was carried out."""

    nodes: tuple[str, ...]
    """What each node reads: its kind, and the index or else the table."""
    pages: int
    """Pages of 8 kB that were read, from memory or not."""

    @property
    def scanned(self) -> set[str]:
        """The tables that were read from end to end."""
        return {node.removeprefix("Seq Scan ") for node in self.nodes if node.startswith("Seq Scan ")}

    @property
    def indexes(self) -> set[str]:
        """The indexes that were read."""
        return {node.rsplit(" ", 1)[-1] for node in self.nodes if "Index" in node}


async def plans(database: Database, company_id: UUID, ask: Ask) -> list[Plan]:
    """How the last statement of a question is carried out under row-level security, in all the ways that it may be.

    A statement that runs often is planned once for whatever values come, unless its session keeps the server from it.
    """
    statement, values, mode = await _last_statement(database, company_id, ask)
    called = f"EXECUTE probe({', '.join(_literal(value) for value in values)})"
    found: list[Plan] = []
    async with database.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        transaction = driver.transaction(readonly=True)
        await transaction.start()
        await driver.execute(f"SELECT set_config('app.company_id', '{company_id}', true)")
        await driver.execute(f"PREPARE probe AS {statement}")
        # Behind a transaction pooler nothing is prepared, so that PostgreSQL plans for the values there.
        for setting in sorted({mode, "force_custom_plan"}):
            await driver.execute(f"SET LOCAL plan_cache_mode = {setting}")
            explained: Any = await driver.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {called}")
            found.append(_plan(explained[0]["Plan"]))
        await driver.execute("DEALLOCATE probe")
        await transaction.rollback()
    return found


async def _last_statement(database: Database, company_id: UUID, ask: Ask) -> tuple[str, tuple[Any, ...], str]:
    seen: list[tuple[str, tuple[Any, ...]]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, tuple(parameters)))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        async with database.read(company_id) as session:
            await ask(session)
            statement, values = seen[-1]
            ((mode,),) = await session.rows(text("SELECT current_setting('plan_cache_mode')"), {})
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    return statement, values, mode


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list | tuple):
        items = cast("Iterable[object]", value)
        written = "{" + ",".join(f'"{item}"' for item in items) + "}"
    elif isinstance(value, bytes):
        written = rf"\x{value.hex()}"
    elif isinstance(value, datetime):
        written = value.isoformat()
    else:
        written = str(value)
    return "'" + written.replace("'", "''") + "'"


def _plan(root: dict[str, Any]) -> Plan:
    nodes = tuple(
        f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name', ''))}" for node in _walk(root)
    )
    return Plan(nodes, root["Shared Hit Blocks"] + root["Shared Read Blocks"])


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)
