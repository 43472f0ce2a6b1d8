"""Read and write ledger accounts. Every function runs one statement, for any number of accounts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from app.db import graph
from app.db.conditions import Condition
from app.db.declarations import SortKey
from app.db.paging import clause
from app.db.read_session import ReadSession
from app.db.record_set import among, at_this_moment, insert_all, update_all
from app.db.rows import LedgerAccountRow
from app.db.tables import ledger_accounts
from app.db.unit_of_work import WriteSession, racing_for

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
    numbered = among(ledger_accounts.c.number, list(numbers))
    query = graph.ledger_account.select().where(numbered).order_by(ledger_accounts.c.id)
    rows = await session.rows(query.with_for_update(of=ledger_accounts, key_share=True))
    return {row.number: row for row in map(LedgerAccountRow._make, rows)}


async def insert_accounts(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert accounts that all have the same columns, ordered by number, so that concurrent inserts don't deadlock."""
    in_order = sorted(rows, key=lambda row: row["number"])
    with racing_for(_UNIQUE_NUMBER):
        await insert_all(session, ledger_accounts, in_order, created_at=at_this_moment, updated_at=at_this_moment)


async def update_accounts(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update the same columns of locked accounts, each row with its `id`, and increment their versions."""
    await update_all(session, ledger_accounts, rows)


async def accounts_by_id(session: WriteSession, ids: Collection[UUID]) -> dict[UUID, LedgerAccountRow]:
    """Return the stored accounts by id."""
    if not ids:
        return {}
    with_id = among(ledger_accounts.c.id, ids)
    rows = await session.rows(graph.ledger_account.select().where(with_id))
    return {row.id: row for row in map(LedgerAccountRow._make, rows)}
