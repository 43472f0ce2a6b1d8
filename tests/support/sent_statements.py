"""Record what use cases send to the database, each statement in a few words, so that a test can list the sequence."""

import re
from typing import Any

import pytest
from sqlalchemy import ClauseElement
from sqlalchemy.dialects import postgresql

from app.db.read_session import ReadSession
from app.db.unit_of_work import WriteSession

_ADVISORY = re.compile(r"pg_advisory_xact_lock\(hashtextextended\('([a-z ]+):'")
_WRITE = re.compile(r"\b(INSERT) INTO ([a-z_]+)|\b(UPDATE) ([a-z_]+) SET\b|\b(DELETE) FROM ([a-z_]+)")
_LOCK = re.compile(r"\bFOR (NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)\b")
_TABLE = re.compile(r"\bFROM ([a-z_]+)")
_ORDER = re.compile(r"\bORDER BY ([a-z_., ]+?) *(?:\bLIMIT\b|\bFOR\b|\Z)")
_INNERMOST = re.compile(r"\([^()]*\)")
_WEAKER = {"UPDATE": "", "NO KEY UPDATE": ", without keys"}


def summary_of(statement: ClauseElement) -> str:
    """Return what a statement does to which table, and the order in which it locks rows: "lock customers by id"."""
    sql = " ".join(str(statement.compile(dialect=postgresql.dialect())).split())
    if advisory := _ADVISORY.search(sql):
        return f"lock {advisory[1]}"
    while _INNERMOST.search(sql):
        sql = _INNERMOST.sub("", sql)
    if write := _WRITE.search(sql):
        verb, table = filter(None, write.groups())
        return f"{verb.lower()} {table}"
    tables = "+".join(_TABLE.findall(sql))
    lock = _LOCK.search(sql)
    if lock is None:
        return f"read {tables}"
    order = _ORDER.search(sql)
    columns = "" if order is None else " by " + "+".join(name.split(".")[-1] for name in order[1].split(", "))
    return f"lock {tables}{columns}{_WEAKER[lock[1]]}"


def record_statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which sessions add a summary of each statement that they run."""
    sent: list[str] = []
    for session in (WriteSession, ReadSession):
        rows = session.rows

        async def recorded(self: Any, statement: ClauseElement, *rest: Any, _rows: Any = rows, **named: Any) -> Any:
            sent.append(summary_of(statement))
            return await _rows(self, statement, *rest, **named)

        monkeypatch.setattr(session, "rows", recorded)
    return sent
