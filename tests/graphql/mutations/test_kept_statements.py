"""Statements are built once and kept: SQLAlchemy takes longer to build one, and to find its SQL, than to run it."""

from typing import Any

import pytest
from sqlalchemy import ClauseElement
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.unit_of_work import WriteSession
from tests.support.asking import Caller
from tests.support.every_mutation import TABLE, document, ids_of
from tests.support.records import Records, new_company
from tests.support.sent_statements import summary_of


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[ClauseElement]:
    """The statements that transactions run, in order."""
    statements: list[ClauseElement] = []
    rows = WriteSession.rows

    async def noted(self: WriteSession, statement: Any, *parameters: Any) -> Any:
        statements.append(statement)
        return await rows(self, statement, *parameters)

    monkeypatch.setattr(WriteSession, "rows", noted)
    return statements


@pytest.mark.parametrize("mutation", TABLE)
async def test_a_mutation_runs_the_same_statements_the_second_time(
    database: Database, owner_engine: AsyncEngine, sent: list[ClauseElement], mutation: str
) -> None:
    runs: list[list[ClauseElement]] = []
    for _ in range(2):
        records = Records(owner_engine, await new_company(owner_engine))
        given = TABLE[mutation].input(await ids_of(records)) | {"idempotencyKey": "key"}
        sent.clear()
        data = await Caller(database, records.company_id).data(document(mutation, TABLE[mutation].payload), input=given)
        assert data[mutation]["errors"] == []
        runs.append([*sent])
    built = [summary_of(second) for first, second in zip(*runs, strict=True) if first is not second]
    assert built == [], "Build these statements in a function with @cache, and pass their values as parameters."
