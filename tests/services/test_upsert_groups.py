"""upsertCustomerGroups: what becomes of each row, and what a list costs."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, VersionProblem
from app.domain.upserts import RejectionPolicy, RowOutcome
from app.services.upsert_groups import (
    CustomerGroupResult,
    UpsertCustomerGroupsCommand,
    upsert_customer_groups,
)
from tests.services.group_use_cases import GroupUseCases
from tests.services.records_of_writes import events_of
from tests.support.records import new_company
from tests.support.untouched import everything_of

CREATED, UPDATED, UNCHANGED, REFUSED = RowOutcome
ROW_BY_ROW = RejectionPolicy.ROW_BY_ROW


async def upsert(
    groups: GroupUseCases, *rows: Mapping[str, object], unit_of_work: UnitOfWork | None = None, **control: Any
) -> tuple[CustomerGroupResult, ...]:
    command = UpsertCustomerGroupsCommand(rows, **control)
    return (await upsert_customer_groups(unit_of_work or groups.unit_of_work, "tester", command, None))[0].results


async def test_each_row_is_created_updated_or_left_as_it_is_and_recorded(groups: GroupUseCases) -> None:
    old = await groups.group(number="1", name="Old", discount=5)
    await groups.group(number="2", name="Same", metadata={"a": 1})
    rows: list[dict[str, object]] = [
        {"id": str(old), "number": "01", "discount": Decimal("7.5")},
        {"number": " 2 ", "name": "Same", "metadata": {"a": 1}},
        {"number": "3", "name": "New", "account_number": "4010", "metadata": {"a": True}},
    ]
    results = await upsert(groups, *rows)
    assert [result.outcome for result in results] == [UPDATED, UNCHANGED, CREATED]
    assert [result.changed_fields for result in results] == [("discount", "number"), (), ()]
    shown = [result.customer_group for result in results if result.customer_group]
    assert [(group.number, group.discount, group.account_name, group.version) for group in shown] == [
        ("01", Decimal("7.50"), "Sales", 2),
        ("2", Decimal(0), "Sales", 1),
        ("3", Decimal(0), "Sales", 1),
    ]
    assert sorted(kind for _, kind, _, _ in await events_of(groups.engine, groups.records.company_id)) == [
        "customer_group.created",
        "customer_group.updated",
    ]
    before = await everything_of(groups.engine, groups.records.company_id)
    assert [result.outcome for result in await upsert(groups, *rows)] == [UNCHANGED] * 3
    assert await everything_of(groups.engine, groups.records.company_id) == before


async def test_each_row_s_problems_are_its_own(groups: GroupUseCases, database: Database) -> None:
    first = await groups.group(number="1")
    await groups.group(number="2")
    rows: list[dict[str, object]] = [
        {"name": "No number"},
        {"number": "9", "name": "No account"},
        {"number": "8", "name": "x", "account_id": str(uuid4())},
        {"number": "7", "name": "x", "account_number": "none"},
        {"number": "6", "name": "x", "account_id": str(groups.account), "account_number": "4010"},
        {"id": str(uuid4()), "name": "x"},
        {"id": str(first), "number": "2"},
        {"number": "5", "name": "x", "account_id": str(groups.account)},
        {"number": "5", "name": "y", "account_id": str(groups.account)},
        {"number": "4", "name": "Good", "account_id": str(groups.account)},
    ]
    results = await upsert(groups, *rows, on_refusal=ROW_BY_ROW)
    assert [[(problem.code, problem.path[2:]) for problem in result.errors] for result in results] == [
        [(ErrorCode.FIELD_REQUIRED, ("number",))],
        [(ErrorCode.FIELD_REQUIRED, ("account_id",))],
        [(ErrorCode.LEDGER_ACCOUNT_NOT_FOUND, ("account_id",))],
        [(ErrorCode.LEDGER_ACCOUNT_NOT_FOUND, ("account_number",))],
        [(ErrorCode.FIELD_CONFLICT, ("account_number",))],
        [(ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("id",))],
        [(ErrorCode.CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS, ("number",))],
        [(ErrorCode.FIELD_CONFLICT, ("number",))],
        [(ErrorCode.FIELD_CONFLICT, ("number",))],
        [],
    ]
    stranger = UnitOfWork(database, await new_company(groups.engine))
    (result,) = await upsert(groups, {"id": str(first), "name": "x"}, unit_of_work=stranger, on_refusal=ROW_BY_ROW)
    assert [problem.code for problem in result.errors] == [ErrorCode.CUSTOMER_GROUP_NOT_FOUND]


async def test_a_row_of_another_version_is_rejected_with_what_changed_since(
    groups: GroupUseCases,
) -> None:
    group = (await groups.create(number="1")).id
    await groups.update(group, discount=Decimal(5), metadata_set={"a": 1})
    before = await everything_of(groups.engine, groups.records.company_id)
    results = await upsert(
        groups,
        {"number": "1", "name": "Other", "expected_version": 1},
        {"number": "2", "name": "New", "account_number": "4010", "expected_version": 1},
        on_refusal=ROW_BY_ROW,
    )
    (conflict,), (missing,) = (result.errors for result in results)
    assert isinstance(conflict, VersionProblem)
    assert (conflict.path, conflict.expected_version, conflict.actual_version, conflict.changed_fields) == (
        ("rows", 0, "expected_version"),
        1,
        2,
        ("discount", "metadata"),
    )
    assert (missing.code, missing.path) == (ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("rows", 1, "expected_version"))
    assert await everything_of(groups.engine, groups.records.company_id) == before
    given: dict[str, object] = {"number": "1", "name": "Renamed", "expected_version": 2}
    assert [result.outcome for result in await upsert(groups, given)] == [UPDATED]
    assert [result.outcome for result in await upsert(groups, given)] == [UNCHANGED]


async def test_single_entries_of_metadata_are_set_and_unset(groups: GroupUseCases) -> None:
    old = await groups.group(number="1", metadata={"a": 1, "b": "x"})
    rows: list[dict[str, object]] = [
        {"number": "1", "metadata_set": {"c": True}, "metadata_unset": ["a", "none"]},
        {"number": "2", "name": "New", "account_number": "4010", "metadata_set": {"d": 1.5}, "metadata_unset": ["a"]},
    ]
    results = await upsert(groups, *rows)
    assert [(result.outcome, result.changed_fields) for result in results] == [(UPDATED, ("metadata",)), (CREATED, ())]
    assert [result.customer_group and result.customer_group.metadata for result in results] == [
        {"b": "x", "c": True},
        {"d": 1.5},
    ]
    assert [result.outcome for result in await upsert(groups, *rows)] == [UNCHANGED] * 2
    assert (await groups.stored())[old]["version"] == 2


async def test_metadata_that_is_too_much_or_said_in_two_ways_is_a_problem_of_its_row(groups: GroupUseCases) -> None:
    full = {str(place): place for place in range(50)}
    await groups.group(number="1", metadata=full)
    before = await everything_of(groups.engine, groups.records.company_id)
    results = await upsert(
        groups,
        {"number": "1", "metadata_set": {"one more": 1}},
        {"number": "2", "name": "x", "account_number": "4010", "metadata": {}, "metadata_set": {"a": 1}},
        {"number": "3", "name": "x", "account_number": "4010", "metadata_set": {"a": 1}, "metadata_unset": ["a"]},
        {"number": "4", "name": "x", "account_number": "4010", "metadata_set": None, "metadata_unset": [""]},
        on_refusal=ROW_BY_ROW,
    )
    assert [[(problem.code, problem.path[2:]) for problem in result.errors] for result in results] == [
        [(ErrorCode.METADATA_LIMIT_EXCEEDED, ("metadata_set",))],
        [(ErrorCode.FIELD_CONFLICT, ("metadata",))],
        [(ErrorCode.FIELD_CONFLICT, ("metadata_unset", 0))],
        [(ErrorCode.FIELD_NOT_CLEARABLE, ("metadata_set",)), (ErrorCode.FIELD_INVALID, ("metadata_unset", 0))],
    ]
    assert await everything_of(groups.engine, groups.records.company_id) == before


@pytest.mark.parametrize("size", [2, 40, 500])
async def test_a_list_costs_the_same_statements_however_long_it_is(groups: GroupUseCases, size: int) -> None:
    old = await groups.group(number="old")
    before = groups.unit_of_work.statements
    new = [{"number": str(place), "name": "New", "account_number": "4010"} for place in range(size - 1)]
    await upsert(groups, {"id": str(old), "name": "Renamed"}, *new)
    assert groups.unit_of_work.statements - before == 7


async def test_lists_that_meet_create_each_group_once(groups: GroupUseCases) -> None:
    rows = [{"number": str(place), "name": "New", "account_number": "4010"} for place in range(20)]
    answers = await asyncio.gather(*(upsert(groups, *rows) for _ in range(4)))
    assert sorted(results[0].outcome for results in answers) == [CREATED] + [UNCHANGED] * 3
    assert len(await groups.stored()) == 20
