"""The mutation upsertLedgerAccounts."""

from dataclasses import replace
from typing import Annotated

import strawberry

from app.domain.errors import Refused
from app.domain.identity import Scope
from app.graphql.arguments import sent_fields
from app.graphql.context import Info
from app.graphql.errors import ReportsRefusals, may_read
from app.graphql.mutations.commands import sent
from app.graphql.mutations.upsert_payloads import RESULTS, UpsertedRow, UpsertFields, UpsertPayload, is_written
from app.graphql.permissions import Requires
from app.graphql.types.ledger_account import LedgerAccount
from app.graphql.types.ledger_account_input import UpsertLedgerAccountsInput
from app.services.upsert_accounts import AccountResult, UpsertAccountsCommand, UpsertAccountsOutcome, upsert_accounts


def _refused(refused: Refused) -> UpsertPayload:
    outcome = refused.current
    results = outcome.results if isinstance(outcome, UpsertAccountsOutcome) else ()
    return UpsertPayload(results, errors=refused.faults)


@strawberry.type(description="How one row of a list of ledger accounts ended.")
class UpsertLedgerAccountsResult(UpsertedRow):
    """How a row's result is shown."""

    ledger_account: LedgerAccount | None = strawberry.field(
        description="The account as it is stored now; null for a row that made none, and for a credential without"
        " accounts-read unless the row wrote it."
    )


@strawberry.type(description="What upsertLedgerAccounts did, row by row.")
class UpsertLedgerAccountsPayload(UpsertFields):
    """How the outcome of a list is shown."""

    results: list[UpsertLedgerAccountsResult] = strawberry.field(description=RESULTS)


@strawberry.field(
    description="Keep ledger accounts in step with another system: create, update or leave as it is each row of a list, in"
    " one transaction. Repeating a list that was written leaves every row UNCHANGED. Needs accounts-write.",
    graphql_type=UpsertLedgerAccountsPayload,
    extensions=[Requires(Scope.ACCOUNTS_WRITE), ReportsRefusals(_refused, reads=Scope.ACCOUNTS_READ)],
)
async def upsert_ledger_accounts(
    info: Info,
    input: Annotated[UpsertLedgerAccountsInput, strawberry.argument(description="The rows.")],  # noqa: A002 - the schema's name
) -> UpsertPayload:
    """All or nothing, or row by row."""
    command = UpsertAccountsCommand(tuple(sent_fields(each) for each in input.rows), input.on_refusal, input.dry_run)
    context = info.context
    outcome, replayed = await upsert_accounts(
        context.unit_of_work, context.principal.subject, command, sent(input.idempotency_key)
    )
    written = not input.dry_run
    results = outcome.results
    if not may_read(info, Scope.ACCOUNTS_READ):
        results = tuple(_unread(each, written=written) for each in results)
    return UpsertPayload(results, written, replayed)


def _unread(result: AccountResult, *, written: bool) -> AccountResult:
    """Return a result as a credential may see it that writes and does not read: any number would show its account otherwise."""
    return result if is_written(result, written=written) else replace(result, ledger_account=None)
