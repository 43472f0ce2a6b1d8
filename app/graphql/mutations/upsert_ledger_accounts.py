"""The mutation upsertLedgerAccounts."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.arguments import sent_fields
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.upsert_payloads import RESULTS, UpsertedRow, UpsertFields, UpsertPayload, carry_out, rejected
from app.graphql.permissions import Requires, RequiresUnlessWritten
from app.graphql.types.ledger_account import LedgerAccount
from app.graphql.types.ledger_account_input import UpsertLedgerAccountsInput
from app.scheduling.pauses import paced
from app.services.upsert_accounts import UpsertAccountsCommand, upsert_accounts


@strawberry.type(description="The result of one row of a list of ledger accounts.")
class UpsertLedgerAccountsResult(UpsertedRow):
    """The result of a row."""

    ledger_account: LedgerAccount | None = strawberry.field(
        description="The account in its current state; null if there is none. Without accounts-read it is also null if"
        " the row didn't write it, because its `outcome` is UNCHANGED or the list was not written.",
        extensions=[RequiresUnlessWritten(Scope.ACCOUNTS_READ)],
    )


@strawberry.type(description="What upsertLedgerAccounts did, row by row.")
class UpsertLedgerAccountsPayload(UpsertFields):
    """The result of a list."""

    results: list[UpsertLedgerAccountsResult] = strawberry.field(description=RESULTS)


@strawberry.field(
    description="Synchronize ledger accounts with another system: create, update or keep each row of a list, in one"
    " transaction. Repeating a list that was written leaves every row UNCHANGED. Needs accounts-write.",
    graphql_type=UpsertLedgerAccountsPayload | None,
    extensions=[Requires(Scope.ACCOUNTS_WRITE), ReportsProblems(rejected)],
)
async def upsert_ledger_accounts(
    info: Info,
    input: Annotated[UpsertLedgerAccountsInput, strawberry.argument(description="The rows.")],  # noqa: A002 - the schema's name
) -> UpsertPayload:
    """Create or change ledger accounts by a list of rows, in one transaction."""
    rows = [sent_fields(row) async for row in paced(input.rows)]
    command = UpsertAccountsCommand(tuple(rows), input.on_refusal, input.dry_run)
    return await carry_out(info, upsert_accounts, command, input.idempotency_key)
