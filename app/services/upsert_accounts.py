"""Upsert a list of ledger accounts: each row is created, updated, unchanged or rejected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from app.db import accounts
from app.db.identifiers import new_id
from app.db.rows import LedgerAccountRow
from app.db.unit_of_work import WriteSession
from app.domain.account_fields import canonical, read_account
from app.domain.errors import LimitProblem, Problem
from app.domain.events import EventType
from app.domain.inputs import find_changes
from app.scheduling.pauses import paced
from app.services.lists.commands import Fields, ListCommand
from app.services.lists.deciding import Match, RowDecision, decide_rows
from app.services.lists.results import ListOutcome, RowResult
from app.services.lists.upsert import Upsert
from app.services.lists.writing import write_rows
from app.services.recording import Recording

AccountRowProblem = LimitProblem | Problem
"""Kinds of problems of a row. Stored outcomes read problems by these kinds."""
_RECORDING = Recording(
    (), EventType.LEDGER_ACCOUNT_CREATED, EventType.LEDGER_ACCOUNT_UPDATED, identity="number", has_history=False
)


@dataclass(frozen=True, slots=True)
class UpsertAccountsCommand(ListCommand[Fields]):
    """A list of ledger accounts to upsert."""

    canonical_row = staticmethod(canonical)


@dataclass(frozen=True, slots=True)
class AccountResult(RowResult):
    """The result of a row."""

    errors: tuple[AccountRowProblem, ...]
    ledger_account: LedgerAccountRow | None = None

    @property
    def shown(self) -> LedgerAccountRow | None:
        """The stored account; None if there is none."""
        return self.ledger_account


@dataclass(frozen=True, slots=True)
class UpsertAccountsOutcome(ListOutcome):
    """The results of all rows, in order."""

    results: tuple[AccountResult, ...]


def number_of(row: Fields) -> str | None:
    """Return the key of a row; None if it has no valid key."""
    values, _ = read_account({"number": row.get("number")}, creating=False)
    number = values.get("number")
    return number if isinstance(number, str) else None


async def _decide(session: WriteSession, command: UpsertAccountsCommand) -> Sequence[RowDecision]:
    numbers = [number_of(row) async for row in paced(command.rows)]
    stored = await accounts.lock_numbered(session, {number for number in numbers if number is not None})
    return await decide_rows(_Judge(stored), command.rows, numbers)


@dataclass(frozen=True, slots=True)
class _Judge:
    stored: Mapping[str, LedgerAccountRow]
    """Locked accounts by number."""

    def match(self, number: str | None) -> Match:
        return Match("number") if number is None else Match("number", (number,), self.stored.get(number))

    def decide(self, given: Fields, number: str | None, before: LedgerAccountRow | None) -> RowDecision:
        values, problems = read_account(given, creating=number is not None and before is None)
        columns = {"id": new_id(), **values} if before is None else find_changes(before, values)
        return RowDecision(before, columns, tuple(problems))

    def reject(self, before: LedgerAccountRow | None, problem: Problem) -> RowDecision:
        return RowDecision(before, problems=(problem,))


upsert_accounts = Upsert(
    UpsertAccountsOutcome,
    AccountResult,
    _decide,
    partial(write_rows, store=accounts.write_accounts, recording=_RECORDING),
)
"""Upserts a list of ledger accounts."""
