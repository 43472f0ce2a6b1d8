"""SQLAlchemy's adapter of asyncpg, extended to report each wait for the server and to close without waiting."""

from typing import Any, NoReturn

from sqlalchemy import event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection, AsyncAdapt_asyncpg_cursor
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from app.db.driver_errors import lost_connection
from app.db.waits import Waits

_ADAPTERS = {"async_creator_fn", "prepared_statement_cache_size", "prepared_statement_name_func"}
"""Options for SQLAlchemy's adapter, not for the driver."""


class _Cursor(AsyncAdapt_asyncpg_cursor):
    """A cursor that reports its waits."""

    __slots__ = ()

    _adapt_connection: "_Connection"  # pyright: ignore[reportIncompatibleVariableOverride] - only _Connection creates it

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
    """A connection that reports its waits, and begins each transaction with the statements in `beginning`."""

    __slots__ = ("beginning", "waits")

    _cursor_cls = _Cursor

    def __init__(self, dbapi: Any, connection: Any, *, waits: Waits, beginning: str | None, **options: Any) -> None:
        super().__init__(dbapi, connection, **options)  # pyright: ignore[reportUnknownMemberType] - it has no types
        self.waits = waits
        waits.opened(connection)
        self.beginning = beginning
        if beginning is not None:
            # To look up a type, the driver turns JIT off for the session. Here each transaction turns it off itself.
            connection._server_caps = connection._server_caps._replace(jit=False)  # noqa: SLF001 - the driver has no option for it

    async def _start_transaction(self) -> None:
        await super()._start_transaction()
        if self.beginning is not None:
            try:
                await self._connection.execute(self.beginning)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - SQLAlchemy names less than there is
            except Exception as error:  # noqa: BLE001 - raised again as an exception of SQLAlchemy
                self._handle_exception(error)

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
        driver = self._connection
        super()._handle_exception(self.waits.silence_of(driver) or lost_connection(driver, error) or error)


def watch(engine: AsyncEngine, waits: Waits, *, beginning: str | None = None) -> None:
    """Make the engine's connections report their waits and begin each transaction with `beginning`."""

    def connect(dialect: Any, _record: object, _arguments: object, options: dict[str, Any]) -> Any:
        driver = {name: value for name, value in options.items() if name not in _ADAPTERS}
        adapter = {name: options[name] for name in _ADAPTERS & options.keys()}
        creator = adapter.pop("async_creator_fn")
        made = _Connection.create(dialect.loaded_dbapi, creator(**driver), waits=waits, beginning=beginning, **adapter)
        return await_only(made)

    event.listen(engine.sync_engine, "do_connect", connect)
