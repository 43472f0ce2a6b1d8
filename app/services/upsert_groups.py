"""Upsert a list of customer groups: each row is created, updated, unchanged or rejected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import UUID

from app.db import group_writes as stored
from app.db.identifiers import new_id
from app.db.rows import CustomerGroupRow
from app.db.unit_of_work import WriteSession
from app.domain.errors import ErrorCode, Problem
from app.domain.group_fields import DEFAULTS, canonical_group_row, read_group_row
from app.domain.metadata_fields import METADATA_FIELDS, changed_values, merged_metadata
from app.scheduling.pauses import paced
from app.services.customer_groups import RECORDING
from app.services.group_judging import NOT_FOUND, GroupFacts, reference_problems
from app.services.lists.commands import Fields, ListCommand
from app.services.lists.deciding import Match, RowDecision, decide_rows, is_unchanged, unexpected
from app.services.lists.results import ListOutcome, RowResult
from app.services.lists.upsert import Upsert
from app.services.lists.writing import write_rows


@dataclass(frozen=True, slots=True)
class UpsertCustomerGroupsCommand(ListCommand[Fields]):
    """A list of customer groups to upsert."""

    canonical_row = staticmethod(canonical_group_row)


@dataclass(frozen=True, slots=True)
class CustomerGroupResult(RowResult):
    """The result of a row."""

    customer_group: CustomerGroupRow | None = None

    @property
    def shown(self) -> CustomerGroupRow | None:
        """The stored group; None if there is none."""
        return self.customer_group


@dataclass(frozen=True, slots=True)
class UpsertCustomerGroupsOutcome(ListOutcome):
    """The results of all rows, in order."""

    results: tuple[CustomerGroupResult, ...]


async def _decide(session: WriteSession, command: UpsertCustomerGroupsCommand) -> Sequence[RowDecision]:
    read = [_read(row) async for row in paced(command.rows)]
    found = await stored.lock_groups(session, _of(read, "id"), _of(read, "number"))
    accounts = await stored.accounts_of(session, _of(read, "account_id"), _of(read, "account_number"))
    return await decide_rows(_Judge(found, accounts), command.rows, read)


def _read(row: Fields) -> Fields:
    values, _ = read_group_row(row, creating=False)
    if row.get("id") is not None and "id" not in values:
        # Beside an id that can't be read, the number is no key, because the row may give the group another one.
        values.pop("number", None)
    return values


def _of(read: Sequence[Fields], name: str) -> set[Any]:
    return {value for row in read if (value := row.get(name)) is not None}


class _Judge:
    """Judges rows by what was read under locks. What is valid of a row are its keys, because it names accounts too."""

    def __init__(self, found: Sequence[CustomerGroupRow], accounts: Mapping[UUID, str]) -> None:
        self._by_id = {row.id: row for row in found}
        self._by_number = {row.number: row for row in found}
        self._facts = GroupFacts({row.number: row.id for row in found}, accounts)

    def match(self, read: Mapping[str, Any]) -> Match:
        group_id, number = read.get("id"), read.get("number")
        before = self._by_number.get(number or "") if group_id is None else self._by_id.get(group_id)
        meant = {key for key in (before and before.id, number) if key is not None}
        return Match("number" if group_id is None else "id", meant, before)

    def decide(self, given: Fields, read: Fields, before: CustomerGroupRow | None) -> RowDecision:
        creating = before is None and read.get("id") is None and read.get("number") is not None
        values, problems = read_group_row(given, creating=creating)
        missing = [NOT_FOUND] if values.pop("id", None) is not None and before is None else []
        expected = cast("int | None", values.pop("expected_version", None))
        columns = self._columns(values)
        changes, others = (_new(columns), []) if before is None else changed_values(before, columns)
        others += reference_problems(values, None if before is None else before.id, self._facts)
        if (creating or before is not None) and not is_unchanged(before, changes, problems, others):
            missing += unexpected(expected, before, ErrorCode.CUSTOMER_GROUP_NOT_FOUND, "customer group")
        return RowDecision(before, changes, (*problems, *missing, *others))

    def reject(self, before: CustomerGroupRow | None, problem: Problem) -> RowDecision:
        return RowDecision(before, problems=(problem,))

    def _columns(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return values with the account by its id; one that doesn't exist is left out."""
        columns = {name: value for name, value in values.items() if name != "account_number"}
        number = values.get("account_number")
        if number in self._facts.account_ids:
            columns["account_id"] = self._facts.account_ids[str(number)]
        return columns


def _new(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all columns of a new group. Its metadata can't be too much: no input has more entries than a group."""
    values = {name: value for name, value in given.items() if name not in METADATA_FIELDS}
    metadata, _ = merged_metadata({}, given)
    return {"id": new_id(), **DEFAULTS, **values, "metadata": metadata}


upsert_customer_groups = Upsert(
    UpsertCustomerGroupsOutcome,
    CustomerGroupResult,
    _decide,
    partial(write_rows, store=stored.write_groups, recording=RECORDING),
)
"""Upserts a list of customer groups."""
