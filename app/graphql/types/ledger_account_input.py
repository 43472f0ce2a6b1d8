"""The input of upsertLedgerAccounts: a list of rows, and how it is carried out."""

import strawberry
from strawberry import Maybe

from app.graphql.types.controls import FIELD_CODES, IDEMPOTENCY_KEY
from app.graphql.types.enums import RefusalPolicy


@strawberry.input(
    description="A ledger account as another system has it. The number is the key, FIELD_REQUIRED where it is missing: the"
    " account that has it is changed, a name that is left out staying as it is; if none has it, one is made, for which the"
    " name is FIELD_REQUIRED. Paths of errors begin with `input`, `rows` and the row's place, from 0." + FIELD_CODES
)
class UpsertLedgerAccountRow:
    """One row of upsertLedgerAccounts."""

    number: Maybe[str | None] = strawberry.field(
        description="The account's number, unique in the company: 1 to 50 visible characters. It finds the account, and never changes."
    )
    name: Maybe[str | None] = strawberry.field(description="The account's name, 1 to 255 characters.")


@strawberry.input(description="Ledger accounts to create or to bring up to date.")
class UpsertLedgerAccountsInput:
    """What upsertLedgerAccounts takes."""

    rows: list[UpsertLedgerAccountRow] = strawberry.field(
        description="The rows, 1 to 500 (FIELD_REQUIRED, FIELD_TOO_LONG). No two may have the same number: all that do are"
        " refused with FIELD_CONFLICT."
    )
    on_refusal: RefusalPolicy = strawberry.field(
        default=RefusalPolicy.ALL_OR_NOTHING, description="What a refused row means for the others."
    )
    dry_run: bool = strawberry.field(
        default=False,
        description="Whether to decide everything and write nothing. A dry run uses up no idempotency key.",
    )
    idempotency_key: Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)
