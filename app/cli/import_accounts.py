"""The import of ledger accounts."""

from collections.abc import Mapping, Sequence

from app.cli.import_kind import ACTOR, Kind, RowResult, row_keys
from app.cli.import_rows import Columns, by_attribute
from app.db.unit_of_work import UnitOfWork
from app.domain import account_fields
from app.domain.upserts import RejectionPolicy
from app.services.upsert_accounts import UpsertAccountsCommand, UpsertAccountsOutcome, number_of, upsert_accounts


async def _carry_out(
    unit_of_work: UnitOfWork, rows: Sequence[Mapping[str, object]], policy: RejectionPolicy
) -> Sequence[RowResult]:
    outcome, _ = await upsert_accounts(unit_of_work, ACTOR, UpsertAccountsCommand(tuple(rows), policy), None)
    return outcome.results


_NAMES, _row = by_attribute(account_fields.ATTRIBUTES)

ACCOUNTS: Kind[Mapping[str, object]] = Kind(
    columns=Columns(
        "ledger accounts",
        "UpsertLedgerAccountRow",
        _NAMES,
        _row,
        numbers=frozenset({"number", "name"}),
    ),
    key="number",
    keys=lambda row: row_keys(("number", number_of(row))),
    problems=lambda row: account_fields.read_account(row, creating=False)[1],
    carry_out=_carry_out,
    results_of=lambda found: found.results if isinstance(found, UpsertAccountsOutcome) else None,
)
