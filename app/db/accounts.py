"""Read and write ledger accounts. The number of statements doesn't depend on the number of accounts."""

from collections.abc import Iterable
from uuid import UUID

from app.db import graph
from app.db.conditions import Condition
from app.db.declarations import SortKey
from app.db.paging import clause
from app.db.read_session import ReadSession
from app.db.record_set import KEYS, Rows, among, at_this_moment, insert_all, update_all
from app.db.rows import LedgerAccountRow
from app.db.tables import ledger_accounts
from app.db.unit_of_work import WriteSession, racing_for

ACCOUNTS_BY_NUMBER = (SortKey(ledger_accounts.c.number_key), SortKey(ledger_accounts.c.id))
_UNIQUE_NUMBER = "ledger_accounts_company_id_number_key"
_LOCK_NUMBERED = (
    graph.ledger_account.select()
    .where(among(ledger_accounts.c.number))
    .order_by(ledger_accounts.c.id)
    .with_for_update(of=ledger_accounts, key_share=True)
)


async def first_accounts(session: ReadSession, only: Condition | None, *, limit: int) -> list[LedgerAccountRow]:
    """Return the first accounts in the natural order of numbers."""
    query = graph.ledger_account.select().order_by(*clause(ACCOUNTS_BY_NUMBER, ledger_accounts)).limit(limit)
    if only is not None:
        query = query.where(only.sql(ledger_accounts))
    return [LedgerAccountRow._make(row) for row in await session.rows(query, {})]


async def lock_numbered(session: WriteSession, numbers: Iterable[str]) -> dict[str, LedgerAccountRow]:
    """Lock the accounts with these numbers, in the order of their ids; return them by number."""
    rows = await session.rows(_LOCK_NUMBERED, {KEYS: [*numbers]})
    return {row.number: row for row in map(LedgerAccountRow._make, rows)}


async def write_accounts(session: WriteSession, created: Rows, changed: Rows) -> dict[UUID, LedgerAccountRow]:
    """Insert accounts and update locked ones; return them as they are now, by id."""
    # Ordered, so that concurrent inserts don't deadlock.
    in_order = sorted(created, key=lambda row: row["number"])
    with racing_for(_UNIQUE_NUMBER):
        stored = await insert_all(
            session,
            ledger_accounts,
            in_order,
            returning=graph.ledger_account,
            created_at=at_this_moment,
            updated_at=at_this_moment,
        )
    return stored | await update_all(session, ledger_accounts, changed, returning=graph.ledger_account)
