"""Contacts and departments: what creating, changing and removing them writes, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Rejected, VersionProblem
from app.services.members import MemberOutcome
from tests.services.member_use_cases import MemberUseCases
from tests.support.records import new_company
from tests.support.untouched import everything_of


async def test_an_update_writes_what_was_sent_and_nothing_else(members: MemberUseCases) -> None:
    member = await members.record(default=True)
    before = (await members.stored())[member]
    row = (await members.update(member, name="Renamed")).row
    after = (await members.stored())[member]
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"name", "name_key", "version", "updated_at"}
    assert (row.name, row.version, after["version"]) == ("Renamed", 2, 2)
    assert after["updated_at"] > before["updated_at"]


async def test_an_update_without_a_real_change_writes_nothing(members: MemberUseCases) -> None:
    member = await members.record(default=True, name="Same")
    before = await everything_of(members.engine, members.records.company_id)
    for given in ({}, {"name": " Same "}, {members.kind.default: True}):
        assert (await members.update(member, **given)).row.version == 1
    assert await everything_of(members.engine, members.records.company_id) == before


async def test_what_is_not_there_is_not_found(members: MemberUseCases) -> None:
    assert await members.codes(members.create(customer_id=str(uuid4()))) == [
        (ErrorCode.CUSTOMER_NOT_FOUND, "customer_id")
    ]
    for doing in (members.update(uuid4(), name="x"), members.delete(uuid4())):
        assert await members.codes(doing) == [(members.kind.not_found, "id")]


async def test_another_company_s_rows_are_not_found_and_stay(members: MemberUseCases, database: Database) -> None:
    member = await members.record(default=True)
    mine = UnitOfWork(database, await new_company(members.engine))
    other_company = MemberUseCases(members.kind, members.engine, mine, members.records, members.customer)
    assert await other_company.codes(other_company.create()) == [(ErrorCode.CUSTOMER_NOT_FOUND, "customer_id")]
    for doing in (other_company.update(member, name="x"), other_company.delete(member)):
        assert await other_company.codes(doing) == [(members.kind.not_found, "id")]


async def test_all_problems_of_an_input_are_reported_at_once(members: MemberUseCases) -> None:
    given: dict[str, Any] = {"name": " ", members.kind.default: None}
    shared = [(ErrorCode.FIELD_REQUIRED, "name"), (ErrorCode.FIELD_NOT_CLEARABLE, members.kind.default)]
    problems = await members.codes(members.create(customer_id="x", **given))
    assert problems == [
        (ErrorCode.FIELD_INVALID, "customer_id"),
        *shared,
    ]
    problems = await members.codes(members.update(uuid4(), id="x", new_default_id="y", expected_version=0, **given))
    assert problems == [
        (ErrorCode.FIELD_INVALID, "id"),
        (ErrorCode.FIELD_INVALID, "new_default_id"),
        (ErrorCode.FIELD_INVALID, "expected_version"),
        *shared,
    ]
    problems = await members.codes(members.delete(uuid4(), id=" ", new_default_id="y"))
    assert problems == [(ErrorCode.FIELD_INVALID, "id"), (ErrorCode.FIELD_INVALID, "new_default_id")]


async def test_malformed_fields_are_reported_together_with_what_is_stored(members: MemberUseCases) -> None:
    member, _ = await members.record(default=True), await members.record()
    name, default = (ErrorCode.FIELD_REQUIRED, "name"), members.kind.default
    outdated, needed = (ErrorCode.VERSION_CONFLICT, "expected_version"), (ErrorCode.DEFAULT_REQUIRED, "new_default_id")
    unknown = (members.kind.not_found, "new_default_id")

    problems = await members.codes(members.create(customer_id=str(uuid4()), name=" "))
    assert problems == [name, (ErrorCode.CUSTOMER_NOT_FOUND, "customer_id")]
    assert await members.codes(members.update(uuid4(), name=" ")) == [name, (members.kind.not_found, "id")]
    given: dict[str, Any] = {"name": " ", "expected_version": 9, default: False}
    assert await members.codes(members.update(member, **given)) == [name, outdated, needed]
    assert await members.codes(members.update(member, new_default_id=str(uuid4()), **given)) == [
        name,
        outdated,
        unknown,
    ]
    problems = await members.codes(members.delete(member, expected_version=9))
    assert problems == [outdated, needed]


async def test_a_default_is_not_judged_by_fields_that_are_malformed(members: MemberUseCases) -> None:
    member, _ = await members.record(default=True), await members.record()
    malformed = [(ErrorCode.FIELD_INVALID, "new_default_id")]

    assert await members.codes(members.update(member, new_default_id="x", **{members.kind.default: False})) == malformed
    assert await members.codes(members.delete(member, new_default_id="x")) == malformed


async def test_a_malformed_input_doesn_t_use_its_key(members: MemberUseCases) -> None:
    service, command = members.kind.service, members.kind.commands[0]
    malformed = command({"customer_id": str(members.customer), "name": " "})
    valid = command({"customer_id": str(members.customer), "name": "New"})

    problems = await members.codes(service.create(members.unit_of_work, "tester", malformed, "key"))
    assert problems == [(ErrorCode.FIELD_REQUIRED, "name")]
    assert not (await service.create(members.unit_of_work, "tester", valid, "key"))[1]
    malformed_key = await members.codes(service.create(members.unit_of_work, "tester", malformed, " "))
    assert malformed_key == [*problems, (ErrorCode.FIELD_INVALID, "idempotency_key")]


async def test_a_version_that_has_moved_on_is_rejected_with_what_is_stored(members: MemberUseCases) -> None:
    member = await members.record(version=3, name="Now")
    before = await everything_of(members.engine, members.records.company_id)
    for doing in (members.update(member, expected_version=2, name="x"), members.delete(member, expected_version=4)):
        with pytest.raises(Rejected) as rejected:
            await doing
        (problem,) = rejected.value.problems
        assert isinstance(problem, VersionProblem)
        assert (problem.code, problem.path) == (ErrorCode.VERSION_CONFLICT, ("expected_version",))
        assert (problem.actual_version, problem.changed_fields) == (3, ())
        assert isinstance(rejected.value.current, MemberOutcome)
        assert rejected.value.current.row.name == "Now"  # pyright: ignore[reportUnknownMemberType] - a row of either kind
    assert await everything_of(members.engine, members.records.company_id) == before
    assert (await members.update(member, expected_version=3, name="x")).row.version == 4
    await members.delete(member, expected_version=4)


async def test_a_removal_is_replayed_as_it_was_answered(members: MemberUseCases) -> None:
    member = await members.record(name="Gone")
    remove = members.kind.commands[2]({"id": str(member)})
    first = await members.kind.service.delete(members.unit_of_work, "tester", remove, "key")
    assert await members.kind.service.delete(members.unit_of_work, "tester", remove, "key") == (first[0], True)
    rename = members.kind.service.update(
        members.unit_of_work, "tester", members.kind.commands[1]({"id": str(member)}), "key"
    )
    assert await members.codes(rename) == [(ErrorCode.IDEMPOTENCY_KEY_REUSED, "idempotency_key")]
