"""The input of upsertLedgerAccounts: a list of rows, and how to write it."""

import strawberry
from strawberry import Maybe

from app.graphql.types.controls import FIELD_CODES, dry_run, idempotency_key, on_refusal
from app.graphql.types.enums import RejectionPolicy


@strawberry.input(
    description="A ledger account of another system. The number is the key and required (FIELD_REQUIRED). If an account"
    " has the number, it is changed, and a name that is left out is kept. Otherwise one is created; then the"
    " name is required (FIELD_REQUIRED). Paths of errors begin with `input`, `rows` and the row's index,"
    " from 0." + FIELD_CODES
)
class UpsertLedgerAccountRow:
    """One row of upsertLedgerAccounts."""

    number: Maybe[str | None] = strawberry.field(
        description="The account's number, unique in the company: 1 to 50 visible characters. It identifies the account"
        " and never changes."
    )
    name: Maybe[str | None] = strawberry.field(description="The account's name, 1 to 255 characters.")


@strawberry.input(description="Ledger accounts to create or update.")
class UpsertLedgerAccountsInput:
    """Input of upsertLedgerAccounts."""

    rows: list[UpsertLedgerAccountRow] = strawberry.field(
        description="The rows, 1 to 500 (FIELD_REQUIRED, FIELD_TOO_LONG). Rows with the same number are all rejected"
        " with FIELD_CONFLICT."
    )
    on_refusal: RejectionPolicy = on_refusal()
    dry_run: bool = dry_run()
    idempotency_key: Maybe[str | None] = idempotency_key()
