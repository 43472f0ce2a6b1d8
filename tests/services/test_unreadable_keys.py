"""Keys that can't be read: a row is told about them and its malformed fields, and is compared with nothing stored."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Rejected
from app.domain.upserts import RejectionPolicy, RowOutcome
from app.services.upsert_groups import UpsertCustomerGroupsCommand, upsert_customer_groups
from tests.services.group_use_cases import GroupUseCases
from tests.services.member_use_cases import MemberUseCases, upsert
from tests.support.mirror import mirror, new_subscription
from tests.support.records import Records
from tests.support.untouched import everything_of

INVALID, REQUIRED = ErrorCode.FIELD_INVALID, ErrorCode.FIELD_REQUIRED
ROW_BY_ROW = RejectionPolicy.ROW_BY_ROW
Found = list[tuple[str, ErrorCode]]
HIDDEN = "s\u200b1"
"""A key with an invisible character."""


def told(result: Any) -> Found:
    """The problems of a row."""
    return [(".".join(map(str, problem.path[2:])), problem.code) for problem in result.errors]


ROWS: list[tuple[dict[str, Any], Found]] = [
    ({}, [("external_system_id", REQUIRED)]),
    ({"external_system_id": " "}, [("external_system_id", REQUIRED)]),
    ({"external_system_id": HIDDEN}, [("external_system_id", INVALID)]),
    ({"id": "x"}, [("id", INVALID)]),
    ({"id": "x", "external_system_id": "new"}, [("id", INVALID)]),
    ({"id": "x", "external_system_id": "s", "name": " "}, [("id", INVALID), ("name", REQUIRED)]),
    ({"name": "No key", "currency": "KR"}, [("currency", INVALID), ("external_system_id", REQUIRED)]),
]


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("row", "problems"), ROWS)
async def test_a_subscription_without_a_readable_key_is_told_only_about_it(
    unit_of_work: UnitOfWork, records: Records, row: dict[str, Any], problems: Found
) -> None:
    await mirror(unit_of_work, new_subscription(await records.customer()))

    (result,) = (await mirror(unit_of_work, row, on_refusal=ROW_BY_ROW)).results

    assert (told(result), result.subscription) == (problems, None)


async def test_a_group_whose_id_cannot_be_read_is_not_taken_for_that_of_its_number(groups: GroupUseCases) -> None:
    await groups.group(number="1")
    rows: tuple[dict[str, object], ...] = (
        {"id": "x", "number": "1", "expected_version": 9},
        {"id": "y", "number": "2"},
    )
    command = UpsertCustomerGroupsCommand(rows, on_refusal=ROW_BY_ROW)

    outcome, _ = await upsert_customer_groups(groups.unit_of_work, "tester", command, None)

    assert [told(result) for result in outcome.results] == [[("id", INVALID)]] * 2
    assert [result.customer_group for result in outcome.results] == [None, None]


async def test_a_member_whose_id_cannot_be_read_is_not_taken_for_that_of_its_name(members: MemberUseCases) -> None:
    await members.record(name="Ann")
    row = {"id": "x", "customer": {"id": str(members.customer)}, "name": "Ann", "expected_version": 9}

    (result,) = await upsert(members, row, on_refusal=ROW_BY_ROW)

    assert (told(result), result.shown) == ([("id", INVALID)], None)


@pytest.mark.parametrize("policy", RejectionPolicy)
@pytest.mark.usefixtures("clock")
async def test_a_malformed_idempotency_key_hides_no_problem_of_the_rows(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, policy: RejectionPolicy
) -> None:
    customer = await records.customer()
    before = await everything_of(owner_engine, company)

    with pytest.raises(Rejected) as rejected:
        await mirror(unit_of_work, new_subscription(customer), {"id": "x"}, key=" ", on_refusal=policy)

    assert [(problem.path, problem.code) for problem in rejected.value.problems] == [
        (("rows", 1, "id"), INVALID),
        (("idempotency_key",), INVALID),
    ]
    results: Any = rejected.value.current
    assert [result.outcome for result in results.results] == [RowOutcome.CREATED, RowOutcome.REFUSED]
    assert await everything_of(owner_engine, company) == before


async def test_a_malformed_idempotency_key_comes_with_the_size_of_a_list(unit_of_work: UnitOfWork) -> None:
    with pytest.raises(Rejected) as rejected:
        await mirror(unit_of_work, key=" ")
    assert [problem.path for problem in rejected.value.problems] == [("rows",), ("idempotency_key",)]


async def test_a_new_default_is_not_judged_by_a_mark_that_cannot_be_read(members: MemberUseCases) -> None:
    member, other = await members.record(default=True), await members.record()

    problems = await members.codes(members.update(member, new_default_id=str(other), **{members.kind.default: None}))

    assert problems == [(ErrorCode.FIELD_NOT_CLEARABLE, members.kind.default)]
