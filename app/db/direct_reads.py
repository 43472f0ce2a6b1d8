"""Statements without a session: each is one snapshot, on a connection for plans.

A session begins a transaction, sets the company and ends it, and SQLAlchemy prepares each of these statements and reads
their results. That takes ten times as long as a small statement.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Select
from sqlalchemy.dialects.postgresql import asyncpg

from app.db.database import Database
from app.db.read_session import COMPANY

_DIALECT = asyncpg.dialect()
_STATEMENTS = 32
"""Maximum number of statements whose SQL is kept."""


class DirectReads:
    """Runs single statements for one company. Each must return a row as long as the company has anything to read."""

    def __init__(self, database: Database, company_id: UUID) -> None:
        self.company_id = company_id
        self._database = database

    async def rows(self, statement: Executable, parameters: Mapping[str, object]) -> Sequence[Any]:
        """Run a statement and return its rows. COMPANY is added to its parameters.

        Raise DatabaseUnavailable or StatementTimeout.
        """
        sql, names, constants = _compiled(statement)
        values = {**constants, **parameters, COMPANY: self.company_id}
        given = [values[name] for name in names]
        if rows := await self._database.rows(sql, given, self.company_id):
            return rows
        # Behind a misconfigured pooler, the connection may have another company's setting. A transaction has its own.
        async with self._database.read(self.company_id) as session:
            return await session.rows(statement, parameters)


@lru_cache(_STATEMENTS)
def _compiled(statement: Executable) -> tuple[str, Sequence[str], Mapping[str, object]]:
    """Return a statement's SQL, the names of its parameters in order, and the values of those that are constant."""
    assert isinstance(statement, Select)  # noqa: S101 - nothing is written without a transaction
    made = statement.compile(dialect=_DIALECT)
    return str(made), made.positiontup or (), made.params
