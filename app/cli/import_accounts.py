"""The import of ledger accounts."""

from collections.abc import Mapping, Sequence

from app.cli.import_kind import ACTOR, Kind, RowResult
from app.cli.import_rows import Columns
from app.db.unit_of_work import UnitOfWork
from app.domain import account_fields
from app.domain.fields import schema_name
from app.domain.upserts import RejectionPolicy
from app.services.upsert_accounts import UpsertAccountsCommand, UpsertAccountsOutcome, numbers_of, upsert_accounts


async def _carry_out(
    unit_of_work: UnitOfWork, rows: Sequence[Mapping[str, object]], policy: RejectionPolicy
) -> Sequence[RowResult]:
    outcome, _ = await upsert_accounts(unit_of_work, ACTOR, UpsertAccountsCommand(tuple(rows), policy), None)
    return outcome.results


def _account(fields: Mapping[str, object]) -> Mapping[str, object]:
    return {_ACCOUNT[name]: value for name, value in fields.items()}


_ACCOUNT = {schema_name(attribute): attribute for attribute in account_fields.ATTRIBUTES}

ACCOUNTS: Kind[Mapping[str, object]] = Kind(
    columns=Columns(
        "ledger accounts",
        "UpsertLedgerAccountRow",
        frozenset(_ACCOUNT),
        _account,
        numbers=frozenset({"number", "name"}),
    ),
    key="number",
    keys=numbers_of,
    problems=lambda row: account_fields.read_account(row, creating=False)[1],
    carry_out=_carry_out,
    results_of=lambda found: found.results if isinstance(found, UpsertAccountsOutcome) else None,
)
