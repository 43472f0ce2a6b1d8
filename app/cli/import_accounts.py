"""The import of ledger accounts."""

from collections.abc import Mapping

from app.cli.import_kind import Kind, given_keys
from app.cli.import_rows import Columns, by_attribute
from app.domain import account_fields
from app.services.upsert_accounts import UpsertAccountsCommand, number_of, upsert_accounts

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
    keys=lambda row: given_keys(("number", number_of(row))),
    problems=lambda row: account_fields.read_account(row, creating=False)[1],
    command=UpsertAccountsCommand,
    upsert=upsert_accounts,
)
