"""Counting the SQL statements of an operation."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.asking import Caller


@contextmanager
def counted(engine: AsyncEngine) -> Generator[list[str]]:
    """The statements that really go to the database, the one that names the company left out."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "set_config" not in statement:
            seen.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def cost(caller: Caller, document: str, **variables: Any) -> int:
    """The statements of an operation, by the engine's count and by the context's own."""
    with counted(caller.database.engine) as seen:
        await caller.data(document, **variables)
    assert len(seen) == caller.statements
    return caller.statements
