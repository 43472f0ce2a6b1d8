"""Upsert a list of customer groups: each row is created, updated, unchanged or rejected."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, cast
from uuid import UUID

from app.db import group_writes as stored
from app.db.identifiers import new_id
from app.db.record_set import of_the_same_columns
from app.db.rows import CustomerGroupRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import MOST_LISTED_OF_ROW, ErrorCode, listed
from app.domain.group_fields import DEFAULTS, canonical_group_row, read_group_row
from app.domain.metadata_fields import METADATA_FIELDS, changed_values, merged_metadata
from app.domain.upserts import RejectionPolicy, RowOutcome
from app.scheduling.pauses import paced
from app.services.customer_groups import RECORDING
from app.services.group_judging import NOT_FOUND, GroupFacts, reference_problems
from app.services.recording import Write, record_all
from app.services.row_results import RowResult
from app.services.upsert_lists import ListCommand, RowDecision, Steps, carry_out, repeated, unexpected

_NOUN = "customer group"


@dataclass(frozen=True, slots=True)
class UpsertCustomerGroupsCommand(ListCommand[Mapping[str, object]]):
    """A list of customer groups to upsert."""

    rows: tuple[Mapping[str, object], ...]
    """For each row, the fields that were sent, by attribute; None is null."""
    on_refusal: RejectionPolicy = RejectionPolicy.ALL_OR_NOTHING
    dry_run: bool = False

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


async def upsert_customer_groups(
    unit_of_work: UnitOfWork, actor: str, command: UpsertCustomerGroupsCommand, idempotency_key: str | None
) -> tuple[UpsertCustomerGroupsOutcome, bool]:
    """Upsert the list as `carry_out` does; return the outcome, and whether it was replayed."""
    return await carry_out(unit_of_work, actor, command, _STEPS, idempotency_key)


async def _decide(session: WriteSession, command: UpsertCustomerGroupsCommand) -> list[RowDecision]:
    read = [read_group_row(row, creating=False)[0] async for row in paced(command.rows)]
    found = await stored.lock_groups(session, _of(read, "id"), _of(read, "number"))
    accounts = await stored.accounts_of(session, _of(read, "account_id"), _of(read, "account_number"))
    judge = _Judge(found, accounts)
    judge.prepare(read)
    return [judge.decide(*pair) async for pair in paced(list(zip(command.rows, read, strict=True)))]


def _of(read: Sequence[Mapping[str, object]], name: str) -> set[Any]:
    return {value for row in read if (value := row.get(name)) is not None}


class _Judge:
    """Decides rows by what was read under locks."""

    def __init__(self, found: Sequence[CustomerGroupRow], accounts: Mapping[UUID, str]) -> None:
        self._by_id = {row.id: row for row in found}
        self._by_number = {row.number: row for row in found}
        self._facts = GroupFacts({row.number: row.id for row in found}, accounts)
        self._times: Counter[object] = Counter()

    def prepare(self, read: Sequence[Mapping[str, object]]) -> None:
        """Count the rows of each group and number, because a list may hold only one of each."""
        for row in read:
            self._times.update(self._meant(row))

    def decide(self, given: Mapping[str, object], read: Mapping[str, object]) -> RowDecision:
        """Decide a row."""
        before = self._match(read)
        rejected = RowDecision(RowOutcome.REFUSED, before, {})
        times = max((self._times[key] for key in self._meant(read)), default=0)
        if times > 1:
            return replace(rejected, problems=(repeated("number" if read.get("id") is None else "id", times),))
        creating = before is None and read.get("id") is None and read.get("number") is not None
        values, problems = read_group_row(given, creating=creating)
        missing = [NOT_FOUND] if values.pop("id", None) is not None and before is None else []
        expected = cast("int | None", values.pop("expected_version", None))
        others = reference_problems(values, None if before is None else before.id, self._facts)
        columns = self._columns(values)
        changes, excess = ({}, []) if before is None else changed_values(before, columns)
        others = [*excess, *others]
        if creating or (before is not None and (changes or problems or others)):
            # An unchanged row may expect any version: a list that was written is unchanged when it comes again.
            missing += unexpected(expected, before, ErrorCode.CUSTOMER_GROUP_NOT_FOUND, _NOUN)
        if found := [*problems, *missing, *others]:
            return replace(rejected, problems=listed(found, MOST_LISTED_OF_ROW))
        if before is None:
            return RowDecision(RowOutcome.CREATED, None, _new(columns))
        return RowDecision(RowOutcome.UPDATED if changes else RowOutcome.UNCHANGED, before, changes)

    def _columns(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return values with the account by its id; one that doesn't exist is left out."""
        columns = {name: value for name, value in values.items() if name != "account_number"}
        number = values.get("account_number")
        if number in self._facts.account_ids:
            columns["account_id"] = self._facts.account_ids[str(number)]
        return columns

    def _match(self, read: Mapping[str, Any]) -> CustomerGroupRow | None:
        group_id = read.get("id")
        return self._by_number.get(read.get("number", "")) if group_id is None else self._by_id.get(group_id)

    def _meant(self, read: Mapping[str, Any]) -> set[object]:
        before = self._match(read)
        return {key for key in (before and before.id, read.get("number")) if key is not None}


def _new(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all columns of a new group. Its metadata can't be too much: no input has more entries than a group."""
    values = {name: value for name, value in given.items() if name not in METADATA_FIELDS}
    metadata, _ = merged_metadata({}, given)
    return {"id": new_id(), **DEFAULTS, **values, "metadata": metadata}


async def _write(session: WriteSession, decisions: Sequence[RowDecision], actor: str) -> dict[UUID, CustomerGroupRow]:
    """Write and record the decisions; return the written groups by id."""
    created = [decision.values for decision in decisions if decision.outcome is RowOutcome.CREATED]
    updated = [
        (decision.before, decision.values)
        for decision in decisions
        if decision.before and decision.outcome is RowOutcome.UPDATED
    ]
    await stored.change_groups(session, of_the_same_columns(updated))
    await stored.add_groups(session, created)
    ids = [values["id"] for values in created] + [before.id for before, _ in updated]
    now = await stored.groups_by_id(session, ids)
    writes = [Write(None, now[values["id"]]) for values in created]
    writes += [Write(before, now[before.id], tuple(values)) for before, values in updated]
    await record_all(session, RECORDING, writes, actor=actor)
    return now


_STEPS = Steps(UpsertCustomerGroupsOutcome, CustomerGroupResult, _decide, _write)
