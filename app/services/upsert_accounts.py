"""Upsert a list of ledger accounts: each row is created, updated, unchanged or rejected."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from app.db import accounts, outbox
from app.db.identifiers import new_id
from app.db.rows import LedgerAccountRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.account_fields import canonical, read_account
from app.domain.errors import MOST_LISTED_OF_ROW, LimitProblem, Problem, listed
from app.domain.events import EventType
from app.domain.upserts import RejectionPolicy, RowOutcome
from app.scheduling.pauses import paced
from app.services.row_results import RowResult
from app.services.upsert_lists import ListCommand, RowDecision, Steps, carry_out, repeated

AccountRowProblem = LimitProblem | Problem
"""Kinds of problems of a row. Stored outcomes read problems by these kinds."""


@dataclass(frozen=True, slots=True)
class UpsertAccountsCommand(ListCommand[Mapping[str, object]]):
    """A list of ledger accounts to upsert."""

    rows: tuple[Mapping[str, object], ...]
    """For each row, the fields that were sent, by attribute; None is null."""
    on_refusal: RejectionPolicy = RejectionPolicy.ALL_OR_NOTHING
    dry_run: bool = False

    @property
    def canonical(self) -> Self:
        """The command with every row in its stored form."""
        return replace(self, rows=tuple(canonical(row) for row in self.rows))


@dataclass(frozen=True, slots=True)
class AccountResult(RowResult):
    """The result of a row."""

    errors: tuple[AccountRowProblem, ...]
    ledger_account: LedgerAccountRow | None = None
    """The stored account; None if there is none."""

    @property
    def shown(self) -> LedgerAccountRow | None:
        """The stored row."""
        return self.ledger_account


@dataclass(frozen=True, slots=True)
class UpsertAccountsOutcome:
    """The results of all rows, in order."""

    results: tuple[AccountResult, ...]


async def upsert_accounts(
    unit_of_work: UnitOfWork, actor: str, command: UpsertAccountsCommand, idempotency_key: str | None
) -> tuple[UpsertAccountsOutcome, bool]:
    """Upsert the list as `carry_out` does; return the outcome, and whether it was replayed."""
    return await carry_out(unit_of_work, actor, command, _STEPS, idempotency_key)


async def _decide_all(session: WriteSession, command: UpsertAccountsCommand) -> list[RowDecision]:
    numbers = [number_of(row) async for row in paced(command.rows)]
    times = Counter(numbers)
    stored = await accounts.lock_numbered(session, {number for number in numbers if number is not None})
    decisions: list[RowDecision] = []
    async for row, number in paced(list(zip(command.rows, numbers, strict=True))):
        before = None if number is None else stored.get(number)
        if number is not None and times[number] > 1:
            problem = repeated("number", times[number])
            decisions.append(RowDecision(RowOutcome.REFUSED, before, {}, (problem,)))
        else:
            decisions.append(_decide(row, number, before))
    return decisions


def number_of(row: Mapping[str, object]) -> str | None:
    """Return the key of a row; None if it has no valid key."""
    values, _ = read_account({"number": row.get("number")}, creating=False)
    number = values.get("number")
    return number if isinstance(number, str) else None


def _decide(row: Mapping[str, object], number: str | None, before: LedgerAccountRow | None) -> RowDecision:
    values, problems = read_account(row, creating=number is not None and before is None)
    if problems:
        return RowDecision(RowOutcome.REFUSED, before, {}, listed(problems, MOST_LISTED_OF_ROW))
    if before is None:
        return RowDecision(RowOutcome.CREATED, None, {"id": new_id()} | values)
    changes = {name: value for name, value in values.items() if getattr(before, name) != value}
    return RowDecision(RowOutcome.UPDATED if changes else RowOutcome.UNCHANGED, before, changes)


async def _write(session: WriteSession, decisions: Sequence[RowDecision], actor: str) -> dict[UUID, LedgerAccountRow]:
    """Write and record the decisions; return the written accounts by id."""
    created = [decision.values for decision in decisions if decision.outcome is RowOutcome.CREATED]
    updated = [
        (decision.before, decision.values)
        for decision in decisions
        if decision.before and decision.outcome is RowOutcome.UPDATED
    ]
    await accounts.insert_accounts(session, created)
    await accounts.update_accounts(session, [{"id": before.id, **values} for before, values in updated])
    ids = [values["id"] for values in created] + [before.id for before, _ in updated]
    stored = await accounts.accounts_by_id(session, ids)
    events = [_created(stored[values["id"]]) for values in created]
    events += [_updated(stored[before.id], values) for before, values in updated]
    await outbox.append_all(session, events, actor=actor)
    return stored


def _created(account: LedgerAccountRow) -> outbox.Event:
    data = {"version": account.version, "number": account.number}
    return outbox.Event(EventType.LEDGER_ACCOUNT_CREATED, account.id, data)


def _updated(account: LedgerAccountRow, changes: Mapping[str, Any]) -> outbox.Event:
    data = {"version": account.version, "changedFields": tuple(sorted(changes))}
    return outbox.Event(EventType.LEDGER_ACCOUNT_UPDATED, account.id, data)


_STEPS = Steps(UpsertAccountsOutcome, AccountResult, _decide_all, _write)
