"""Upsert a list of customer groups: each row is created, updated, unchanged or rejected."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Self, cast
from uuid import UUID

from app.db import group_writes as stored
from app.db.identifiers import new_id
from app.db.pauses import paced
from app.db.rows import CustomerGroupRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import MOST_LISTED_OF_ROW, ErrorCode, Problem, Rejected, listed
from app.domain.fields import schema_name
from app.domain.group_fields import canonical_group_row, read_group_row
from app.domain.metadata_fields import METADATA_FIELDS, merged_metadata
from app.domain.upserts import RejectionPolicy, RowOutcome
from app.services.commands import Repeatable
from app.services.customer_groups import RECORDING, changed_columns
from app.services.recording import Write, record_all
from app.services.row_results import RowResult
from app.services.upsert_lists import Steps, at_row, carry_out, check_size, repeated, unexpected

_NOUN = "customer group"


@dataclass(frozen=True, slots=True)
class UpsertCustomerGroupsCommand(Repeatable):
    """A list of customer groups to upsert."""

    rows: tuple[Mapping[str, object], ...]
    """For each row, the fields that were sent, by attribute; None is null."""
    on_refusal: RejectionPolicy = RejectionPolicy.ALL_OR_NOTHING
    dry_run: bool = False

    @property
    def is_long(self) -> bool:
        """Lists always are."""
        return True

    @property
    def canonical(self) -> Self:
        """The command with every row in its stored form."""
        return replace(self, rows=tuple(canonical_group_row(row) for row in self.rows))


@dataclass(frozen=True, slots=True)
class CustomerGroupResult(RowResult):
    """The result of a row."""

    customer_group: CustomerGroupRow | None = None
    """The stored group; None if there is none."""

    @property
    def shown(self) -> CustomerGroupRow | None:
        """The stored row."""
        return self.customer_group


@dataclass(frozen=True, slots=True)
class UpsertCustomerGroupsOutcome:
    """The results of all rows, in order."""

    results: tuple[CustomerGroupResult, ...]


@dataclass(frozen=True, slots=True)
class _Decision:
    """The decision about a row."""

    outcome: RowOutcome
    before: CustomerGroupRow | None
    values: Mapping[str, Any]
    """All columns of a new group, its id included, or the columns that change."""
    problems: tuple[Problem, ...] = ()

    @property
    def group_id(self) -> UUID | None:
        """Id of the row's group; None if the row is rejected and matches none."""
        return self.before.id if self.before else self.values.get("id")


async def upsert_customer_groups(
    unit_of_work: UnitOfWork, actor: str, command: UpsertCustomerGroupsCommand, idempotency_key: str | None
) -> tuple[UpsertCustomerGroupsOutcome, bool]:
    """Upsert the list as `carry_out` does; return the outcome, and whether it was replayed."""
    check_size(len(command.rows))

    async def decide(session: WriteSession) -> Sequence[_Decision]:
        return await _decide(session, command.rows)

    async def write(session: WriteSession, decisions: Sequence[_Decision]) -> dict[UUID, CustomerGroupRow]:
        return await _write(session, actor, decisions)

    return await carry_out(
        unit_of_work,
        command,
        UpsertCustomerGroupsOutcome,
        Steps(decide, write, _outcome),
        on_refusal=command.on_refusal,
        dry_run=command.dry_run,
        idempotency_key=idempotency_key,
    )


async def _decide(session: WriteSession, rows: Sequence[Mapping[str, object]]) -> Sequence[_Decision]:
    read = [read_group_row(row, creating=False)[0] async for row in paced(rows)]
    found = await stored.lock_groups(session, _of(read, "id"), _of(read, "number"))
    accounts = await stored.accounts_of(session, _of(read, "account_id"), _of(read, "account_number"))
    judge = _Judge(found, accounts)
    judge.prepare(read)
    return [judge.decide(*pair) async for pair in paced(list(zip(rows, read, strict=True)))]


def _of(read: Sequence[Mapping[str, object]], name: str) -> set[Any]:
    return {value for row in read if (value := row.get(name)) is not None}


class _Judge:
    """Decides rows by what was read under locks."""

    def __init__(self, found: Sequence[CustomerGroupRow], accounts: Mapping[UUID, str]) -> None:
        self._by_id = {row.id: row for row in found}
        self._by_number = {row.number: row for row in found}
        self._accounts = accounts
        self._account_ids = {number: id_ for id_, number in accounts.items()}
        self._times: Counter[object] = Counter()

    def prepare(self, read: Sequence[Mapping[str, object]]) -> None:
        """Count how often each group and number is meant, because a list can say only one thing of it."""
        for row in read:
            self._times.update(self._meant(row))

    def decide(self, given: Mapping[str, object], read: Mapping[str, object]) -> _Decision:
        """Decide a row."""
        before = self._match(read)
        rejected = _Decision(RowOutcome.REFUSED, before, {})
        times = max((self._times[key] for key in self._meant(read)), default=0)
        if times > 1:
            return replace(rejected, problems=(repeated("number" if read.get("id") is None else "id", times),))
        creating = before is None and read.get("id") is None and read.get("number") is not None
        values, problems = read_group_row(given, creating=creating)
        problems += self._problems(given, values, before)
        expected = cast("int | None", values.pop("expected_version", None))
        if creating:
            problems += unexpected(expected, None, ErrorCode.CUSTOMER_GROUP_NOT_FOUND, _NOUN)
        if problems:
            return replace(rejected, problems=listed(problems, MOST_LISTED_OF_ROW))
        number = values.pop("account_number", None)
        if number is not None:
            values["account_id"] = self._account_ids[str(number)]
        values.pop("id", None)
        if before is None:
            return _Decision(RowOutcome.CREATED, None, _new(values))
        return _changed(before, values, expected)

    def _match(self, read: Mapping[str, Any]) -> CustomerGroupRow | None:
        group_id = read.get("id")
        return self._by_number.get(read.get("number", "")) if group_id is None else self._by_id.get(group_id)

    def _meant(self, read: Mapping[str, Any]) -> set[object]:
        before = self._match(read)
        return {key for key in (before and before.id, read.get("number")) if key is not None}

    def _problems(
        self, given: Mapping[str, object], values: Mapping[str, Any], before: CustomerGroupRow | None
    ) -> list[Problem]:
        problems: list[Problem] = []
        if values.get("id") is not None and before is None:
            message = "must be the id of a customer group of the company."
            problems.append(Problem(ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("id",), message))
        holder = self._by_number.get(values.get("number", ""))
        if given.get("id") is not None and holder is not None and holder != before:
            message = "is already used by another customer group; choose another number."
            problems.append(Problem(ErrorCode.CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS, ("number",), message))
        for name, known in (("account_id", self._accounts), ("account_number", self._account_ids)):
            if values.get(name) is not None and values[name] not in known:
                message = f"must be the {name.removeprefix('account_')} of a ledger account of the company."
                problems.append(Problem(ErrorCode.LEDGER_ACCOUNT_NOT_FOUND, (name,), message))
        return problems


def _changed(before: CustomerGroupRow, values: Mapping[str, object], expected: int | None) -> _Decision:
    try:
        changes = changed_columns(before, values)
    except Rejected as too_much:
        return _Decision(RowOutcome.REFUSED, before, {}, too_much.problems)
    if not changes:
        # Whatever version it expects, because a list that was written must be unchanged when it comes again.
        return _Decision(RowOutcome.UNCHANGED, before, changes)
    if found := unexpected(expected, before, ErrorCode.CUSTOMER_GROUP_NOT_FOUND, _NOUN):
        return _Decision(RowOutcome.REFUSED, before, {}, tuple(found))
    return _Decision(RowOutcome.UPDATED, before, changes)


def _new(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all columns of a new group. Its metadata can't be too much: no input has more entries than a group."""
    values = {name: value for name, value in given.items() if name not in METADATA_FIELDS}
    metadata, _ = merged_metadata({}, given)
    return {"id": new_id(), "discount": Decimal(0), **values, "metadata": metadata}


async def _write(session: WriteSession, actor: str, decisions: Sequence[_Decision]) -> dict[UUID, CustomerGroupRow]:
    """Write and record the decisions; return the written groups by id."""
    created = [decision.values for decision in decisions if decision.outcome is RowOutcome.CREATED]
    updated = [
        (decision.before, decision.values)
        for decision in decisions
        if decision.before and decision.outcome is RowOutcome.UPDATED
    ]
    names = sorted({name for _, values in updated for name in values})
    await stored.change_groups(
        session,
        [
            {"id": before.id} | {name: values.get(name, getattr(before, name)) for name in names}
            for before, values in updated
        ],
    )
    await stored.add_groups(session, created)
    ids = [values["id"] for values in created] + [before.id for before, _ in updated]
    now = await stored.groups_by_id(session, ids)
    writes = [Write(None, now[values["id"]]) for values in created]
    writes += [Write(before, now[before.id], tuple(values)) for before, values in updated]
    await record_all(session, RECORDING, writes, actor=actor)
    return now


async def _outcome(
    decisions: Sequence[_Decision], now: Mapping[UUID, CustomerGroupRow] | None
) -> UpsertCustomerGroupsOutcome:
    """Return the results of the rows, with the written groups; with `now` None, the results they would have."""
    results = [_result(*numbered, now) async for numbered in paced(list(enumerate(decisions)))]
    return UpsertCustomerGroupsOutcome(tuple(results))


def _result(index: int, decision: _Decision, now: Mapping[UUID, CustomerGroupRow] | None) -> CustomerGroupResult:
    group_id = decision.group_id
    group = decision.before if group_id is None else (now or {}).get(group_id, decision.before)
    names = decision.values if decision.outcome is RowOutcome.UPDATED else ()
    changed = tuple(sorted(schema_name(name) for name in names))
    return CustomerGroupResult(
        index, decision.outcome, changed, at_row(index, decision.problems), is_planned=now is None, customer_group=group
    )
