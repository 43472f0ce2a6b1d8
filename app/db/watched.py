"""SQLAlchemy's adapted connection to asyncpg, which tells of each wait on it and never waits to be closed."""

from typing import Any, NoReturn

from sqlalchemy import event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection, AsyncAdapt_asyncpg_cursor
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from app.db.waits import Waits

_ADAPTERS = {"async_creator_fn", "prepared_statement_cache_size"}
"""What is told to SQLAlchemy's adapter, and not to the driver."""


class _Cursor(AsyncAdapt_asyncpg_cursor):
    """A cursor whose statements are known to be waited for."""

    __slots__ = ()

    _adapt_connection: "_Connection"  # pyright: ignore[reportIncompatibleVariableOverride] - its own are the only ones

    def execute(self, operation: Any, parameters: Any = None) -> None:
        waits, driver = self._adapt_connection.waits, self._connection
        waits.begin(driver)
        try:
            super().execute(operation, parameters)
        finally:
            waits.end(driver)

    def executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        waits, driver = self._adapt_connection.waits, self._connection
        waits.begin_many(driver)
        try:
            return super().executemany(operation, seq_of_parameters)
        finally:
            waits.end_many(driver)


class _Connection(AsyncAdapt_asyncpg_connection):
    """A connection whose waits are known."""

    __slots__ = ("waits",)

    _cursor_cls = _Cursor

    def __init__(self, dbapi: Any, connection: Any, prepared_statement_cache_size: int, *, waits: Waits) -> None:
        super().__init__(dbapi, connection, prepared_statement_cache_size)  # pyright: ignore[reportUnknownMemberType] - it has no types
        self.waits = waits
        waits.opened(connection)

    def commit(self) -> None:
        self.waits.begin(self._connection)
        try:
            super().commit()
        finally:
            self.waits.end(self._connection)

    def rollback(self) -> None:
        self.waits.begin(self._connection)
        try:
            super().rollback()
        finally:
            self.waits.end(self._connection)

    def close(self) -> None:
        self._transaction = None
        self.waits.close(self._connection)

    def terminate(self) -> None:
        self.close()

    def _handle_exception(self, error: Exception) -> NoReturn:
        super()._handle_exception(self.waits.silence_of(self._connection) or error)


def watch(engine: AsyncEngine, waits: Waits) -> None:
    """Have the engine's connections tell of their waits."""

    def connect(dialect: Any, _record: object, _arguments: object, options: dict[str, Any]) -> Any:
        driver = {name: value for name, value in options.items() if name not in _ADAPTERS}
        adapter = {"prepared_statement_cache_size": options["prepared_statement_cache_size"], "waits": waits}
        creator = options["async_creator_fn"]
        return await_only(_Connection.create(dialect.loaded_dbapi, creator(**driver), **adapter))

    event.listen(engine.sync_engine, "do_connect", connect)
