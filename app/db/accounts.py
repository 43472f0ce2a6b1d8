"""Read and write ledger accounts. Every function runs one statement, for any number of accounts."""

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, any_, func, literal, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError

from app.db import graph
from app.db.conditions import Condition
from app.db.declarations import SortKey, narrowed
from app.db.paging import clause
from app.db.read_session import ReadSession
from app.db.record_set import at_this_moment, insert_all, record_set
from app.db.rows import LedgerAccountRow
from app.db.tables import ledger_accounts
from app.db.unit_of_work import LostRace, WriteSession, constraint_of

ACCOUNTS_BY_NUMBER = (SortKey(ledger_accounts.c.number_key), SortKey(ledger_accounts.c.id))
_UNIQUE_NUMBER = "ledger_accounts_company_id_number_key"


async def listed(session: ReadSession, only: Condition | None, *, limit: int) -> list[LedgerAccountRow]:
    """Return the first accounts in the natural order of numbers."""
    query = graph.ledger_account.select().order_by(*clause(ACCOUNTS_BY_NUMBER, ledger_accounts)).limit(limit)
    if only is not None:
        query = query.where(only.sql(ledger_accounts))
    return [LedgerAccountRow._make(row) for row in await session.rows(query, {})]


async def lock_numbered(session: WriteSession, numbers: Iterable[str]) -> dict[str, LedgerAccountRow]:
    """Lock the accounts with these numbers, in the order of their ids; return them by number."""
    numbered = ledger_accounts.c.number == any_(literal(list(numbers), ARRAY(Text())))
    query = graph.ledger_account.select().where(numbered).order_by(ledger_accounts.c.id)
    rows = await session.rows(query.with_for_update(of=ledger_accounts, key_share=True))
    return {row.number: row for row in map(LedgerAccountRow._make, rows)}


async def insert_accounts(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert accounts that all have the same columns, ordered by number, so that concurrent inserts don't deadlock."""
    in_order = sorted(rows, key=lambda row: row["number"])
    with _racing():
        await insert_all(session, ledger_accounts, in_order, created_at=at_this_moment, updated_at=at_this_moment)


async def update_accounts(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update the same columns of locked accounts, each row with its `id`, and increment their versions."""
    if not rows:
        return
    given = record_set(ledger_accounts, rows)
    values: dict[str, ColumnElement[Any]] = {name: given.c[name] for name in rows[0] if name != "id"}
    await session.rows(
        update(ledger_accounts)
        .where(narrowed(ledger_accounts), ledger_accounts.c.id == given.c.id)
        .values(**values, version=ledger_accounts.c.version + 1, updated_at=func.clock_timestamp())
    )


async def accounts_by_id(session: WriteSession, ids: Collection[UUID]) -> dict[UUID, LedgerAccountRow]:
    """Return the stored accounts by id."""
    if not ids:
        return {}
    with_id = ledger_accounts.c.id == any_(literal(list(ids), ARRAY(Uuid())))
    rows = await session.rows(graph.ledger_account.select().where(with_id))
    return {row.id: row for row in map(LedgerAccountRow._make, rows)}


@contextmanager
def _racing() -> Generator[None]:
    """Raise LostRace if a concurrent transaction inserted the same number; the retry then finds that account."""
    try:
        yield
    except IntegrityError as error:
        if constraint_of(error) == _UNIQUE_NUMBER:
            raise LostRace from error
        raise
