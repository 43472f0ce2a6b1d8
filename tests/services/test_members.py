"""Contacts and departments: what creating, changing and removing them writes, what is refused, and who is the default."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Fault, Refused, VersionFault
from app.services import contacts, departments
from app.services.commands import Command
from app.services.members import MemberOutcome, MemberService
from tests.records import Records, new_company
from tests.services.rivals import meeting
from tests.untouched import everything_of


@dataclass(frozen=True, slots=True)
class Case:
    """One of the two kinds."""

    service: MemberService[Any]
    commands: tuple[Callable[[Any], Command], Callable[[Any], Command], Callable[[Any], Command]]
    table: Table
    not_found: ErrorCode

    @property
    def default(self) -> str:
        return self.service.kind.default


CASES = {
    "contact": Case(
        contacts.CONTACTS,
        (contacts.CreateContactCommand, contacts.UpdateContactCommand, contacts.DeleteContactCommand),
        tables.contacts,
        ErrorCode.CONTACT_NOT_FOUND,
    ),
    "department": Case(
        departments.DEPARTMENTS,
        (departments.CreateDepartmentCommand, departments.UpdateDepartmentCommand, departments.DeleteDepartmentCommand),
        tables.departments,
        ErrorCode.DEPARTMENT_NOT_FOUND,
    ),
}


@dataclass(slots=True)
class Desk:
    """Asks for use cases of one kind, about the customer of the test, and looks at what is stored."""

    case: Case
    engine: AsyncEngine
    unit_of_work: UnitOfWork
    records: Records
    customer: UUID

    async def create(self, key: str | None = None, **given: Any) -> MemberOutcome[Any]:
        command = self.case.commands[0]({"customer_id": str(self.customer), "name": "New"} | given)
        return (await self.case.service.create(self.unit_of_work, command, key))[0]

    async def update(self, member: UUID, **given: Any) -> MemberOutcome[Any]:
        command = self.case.commands[1]({"id": str(member)} | given)
        return (await self.case.service.update(self.unit_of_work, command, None))[0]

    async def delete(self, member: UUID, **given: Any) -> MemberOutcome[Any]:
        command = self.case.commands[2]({"id": str(member)} | given)
        return (await self.case.service.delete(self.unit_of_work, command, None))[0]

    async def record(self, *, default: bool = False, customer: UUID | None = None, **values: Any) -> UUID:
        add = getattr(self.records, self.case.service.kind.noun)
        return await add(customer or self.customer, **{self.case.default: default}, **values)

    async def stored(self) -> dict[UUID, dict[str, Any]]:
        """All rows of the company by id."""
        async with self.engine.connect() as connection:
            query = select(self.case.table).where(self.case.table.c.company_id == self.records.company_id)
            return {row["id"]: dict(row) for row in (await connection.execute(query)).mappings()}

    async def defaults(self) -> list[UUID]:
        return [each for each, row in (await self.stored()).items() if row[self.case.default]]

    async def refusal(self, doing: Any) -> list[Fault]:
        """The faults of what is refused, having written nothing at all."""
        before = await everything_of(self.engine, self.records.company_id)
        with pytest.raises(Refused) as refused:
            await doing
        assert await everything_of(self.engine, self.records.company_id) == before
        return list(refused.value.faults)

    async def codes(self, doing: Any) -> list[tuple[ErrorCode, str]]:
        return [(fault.code, str(fault.path[1])) for fault in await self.refusal(doing)]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
async def desk(case: Case, owner_engine: AsyncEngine, unit_of_work: UnitOfWork, records: Records) -> Desk:
    return Desk(case, owner_engine, unit_of_work, records, await records.customer())


def lock(desk: Desk) -> Any:
    return select(tables.customers.c.id).where(tables.customers.c.id == desk.customer).with_for_update()


async def test_a_new_one_is_stored_under_an_id_of_its_own_and_is_no_default_unless_asked(desk: Desk) -> None:
    outcome = await desk.create(name="  Ann  ")
    assert outcome.customer_id == desk.customer
    assert (outcome.row.name, outcome.row.version) == ("Ann", 1)
    stored = (await desk.stored())[outcome.row.id]
    assert (stored["name"], stored["customer_id"], stored[desk.case.default]) == ("Ann", desk.customer, False)
    assert outcome.row.id.version == 7


async def test_a_new_default_unmakes_the_former_one_and_counts_its_version(desk: Desk) -> None:
    former, other = await desk.record(default=True), await desk.record()
    outcome = await desk.create(**{desk.case.default: True})
    assert await desk.defaults() == [outcome.row.id]
    versions = {each: row["version"] for each, row in (await desk.stored()).items()}
    assert versions == {former: 2, other: 1, outcome.row.id: 1}


async def test_the_default_of_another_customer_stays(desk: Desk) -> None:
    elsewhere = await desk.record(default=True, customer=await desk.records.customer())
    mine = (await desk.create(**{desk.case.default: True})).row.id
    assert sorted(await desk.defaults()) == sorted([elsewhere, mine])


async def test_an_update_writes_what_was_sent_and_nothing_else(desk: Desk) -> None:
    member = await desk.record(default=True)
    before = (await desk.stored())[member]
    row = (await desk.update(member, name="Renamed")).row
    after = (await desk.stored())[member]
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"name", "name_key", "version", "updated_at"}
    assert (row.name, row.version, after["version"]) == ("Renamed", 2, 2)
    assert after["updated_at"] > before["updated_at"]


async def test_an_update_without_a_real_change_writes_nothing(desk: Desk) -> None:
    member = await desk.record(default=True, name="Same")
    before = await everything_of(desk.engine, desk.records.company_id)
    for given in ({}, {"name": " Same "}, {desk.case.default: True}):
        assert (await desk.update(member, **given)).row.version == 1
    assert await everything_of(desk.engine, desk.records.company_id) == before


async def test_making_one_the_default_unmakes_the_former_one(desk: Desk) -> None:
    former, next_one = await desk.record(default=True), await desk.record()
    assert getattr((await desk.update(next_one, **{desk.case.default: True})).row, desk.case.default) is True
    assert await desk.defaults() == [next_one]
    assert (await desk.stored())[former]["version"] == 2


async def test_the_default_may_be_unset_while_there_is_no_other(desk: Desk) -> None:
    only = await desk.record(default=True)
    await desk.record(customer=await desk.records.customer())
    await desk.update(only, **{desk.case.default: False})
    assert await desk.defaults() == []


async def test_the_default_is_not_unset_while_others_remain_and_none_is_named(desk: Desk) -> None:
    default, _ = await desk.record(default=True), await desk.record()
    faults = await desk.refusal(desk.update(default, name="Renamed", **{desk.case.default: False}))
    assert [(fault.code, fault.path) for fault in faults] == [(ErrorCode.DEFAULT_REQUIRED, ("input", "newDefaultId"))]
    assert desk.case.service.kind.noun in faults[0].message


async def test_the_default_is_handed_over_to_the_one_that_is_named(desk: Desk) -> None:
    default, heir = await desk.record(default=True), await desk.record()
    row = (await desk.update(default, new_default_id=str(heir), **{desk.case.default: False})).row
    assert (getattr(row, desk.case.default), row.version) == (False, 2)
    assert await desk.defaults() == [heir]


async def test_the_one_that_is_named_becomes_the_default_whoever_was(desk: Desk) -> None:
    member, default, heir = await desk.record(), await desk.record(default=True), await desk.record()
    row = (await desk.update(member, new_default_id=str(heir), **{desk.case.default: False})).row
    assert row.version == 1
    assert await desk.defaults() == [heir]
    assert (await desk.stored())[default]["version"] == 2


async def test_removing_one_that_is_no_default_leaves_the_others_as_they_are(desk: Desk) -> None:
    member, default = await desk.record(name="Gone"), await desk.record(default=True)
    before = (await desk.stored())[default]
    assert (await desk.delete(member)).row.name == "Gone"
    assert await desk.stored() == {default: before}


async def test_the_only_one_may_be_removed_though_it_is_the_default(desk: Desk) -> None:
    await desk.delete(await desk.record(default=True))
    assert await desk.stored() == {}


async def test_the_default_is_not_removed_while_others_remain_and_none_is_named(desk: Desk) -> None:
    default, _ = await desk.record(default=True), await desk.record()
    assert await desk.codes(desk.delete(default)) == [(ErrorCode.DEFAULT_REQUIRED, "newDefaultId")]


async def test_removing_the_default_makes_the_one_that_is_named_follow(desk: Desk) -> None:
    default, heir = await desk.record(default=True), await desk.record()
    assert (await desk.delete(default, new_default_id=str(heir))).row.id == default
    assert set(await desk.stored()) == set(await desk.defaults()) == {heir}


async def test_the_one_to_follow_must_be_another_one_of_the_same_customer(desk: Desk) -> None:
    default = await desk.record(default=True)
    elsewhere = await desk.record(customer=await desk.records.customer())
    for heir in (elsewhere, uuid4()):
        expected = [(desk.case.not_found, "newDefaultId")]
        assert await desk.codes(desk.delete(default, new_default_id=str(heir))) == expected
        unset = {desk.case.default: False, "new_default_id": str(heir)}
        assert await desk.codes(desk.update(default, **unset)) == expected
    itself = {"new_default_id": str(default)}
    conflict = [(ErrorCode.FIELD_CONFLICT, "newDefaultId")]
    assert await desk.codes(desk.delete(default, **itself)) == conflict
    assert await desk.codes(desk.update(default, **{desk.case.default: False}, **itself)) == conflict


async def test_one_to_follow_is_only_for_unsetting_the_default(desk: Desk) -> None:
    default, heir = await desk.record(default=True), await desk.record()
    for given in ({}, {desk.case.default: True}):
        doing = desk.update(default, new_default_id=str(heir), **given)
        assert await desk.codes(doing) == [(ErrorCode.FIELD_CONFLICT, "newDefaultId")]
    assert (await desk.update(default, new_default_id=None)).row.version == 1


async def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    assert await desk.codes(desk.create(customer_id=str(uuid4()))) == [(ErrorCode.CUSTOMER_NOT_FOUND, "customerId")]
    for doing in (desk.update(uuid4(), name="x"), desk.delete(uuid4())):
        assert await desk.codes(doing) == [(desk.case.not_found, "id")]


async def test_another_company_s_rows_are_not_found_and_stay(desk: Desk, database: Database) -> None:
    member = await desk.record(default=True)
    mine = UnitOfWork(database, await new_company(desk.engine))
    stranger = Desk(desk.case, desk.engine, mine, desk.records, desk.customer)
    assert await stranger.codes(stranger.create()) == [(ErrorCode.CUSTOMER_NOT_FOUND, "customerId")]
    for doing in (stranger.update(member, name="x"), stranger.delete(member)):
        assert await stranger.codes(doing) == [(desk.case.not_found, "id")]


async def test_all_faults_of_an_input_are_reported_at_once(desk: Desk) -> None:
    given: dict[str, Any] = {"name": " ", desk.case.default: None}
    shared = [(ErrorCode.FIELD_REQUIRED, "name"), (ErrorCode.FIELD_NOT_CLEARABLE, "isDefault")]
    faults = await desk.codes(desk.create(customer_id="x", **given))
    assert [(code, path.removesuffix("ForCustomer")) for code, path in faults] == [
        (ErrorCode.FIELD_INVALID, "customerId"),
        *shared,
    ]
    faults = await desk.codes(desk.update(uuid4(), id="x", new_default_id="y", expected_version=0, **given))
    assert [(code, path.removesuffix("ForCustomer")) for code, path in faults] == [
        (ErrorCode.FIELD_INVALID, "id"),
        (ErrorCode.FIELD_INVALID, "newDefaultId"),
        (ErrorCode.FIELD_INVALID, "expectedVersion"),
        *shared,
    ]
    faults = await desk.codes(desk.delete(uuid4(), id=" ", new_default_id="y"))
    assert faults == [(ErrorCode.FIELD_REQUIRED, "id"), (ErrorCode.FIELD_INVALID, "newDefaultId")]


async def test_a_version_that_has_moved_on_is_refused_with_what_is_stored(desk: Desk) -> None:
    member = await desk.record(version=3, name="Now")
    before = await everything_of(desk.engine, desk.records.company_id)
    for doing in (desk.update(member, expected_version=2, name="x"), desk.delete(member, expected_version=4)):
        with pytest.raises(Refused) as refused:
            await doing
        (fault,) = refused.value.faults
        assert isinstance(fault, VersionFault)
        assert (fault.code, fault.path) == (ErrorCode.VERSION_CONFLICT, ("input", "expectedVersion"))
        assert (fault.actual_version, fault.changed_fields) == (3, ())
        assert isinstance(refused.value.current, MemberOutcome)
        assert refused.value.current.row.name == "Now"  # pyright: ignore[reportUnknownMemberType] - a row of either kind
    assert await everything_of(desk.engine, desk.records.company_id) == before
    assert (await desk.update(member, expected_version=3, name="x")).row.version == 4
    await desk.delete(member, expected_version=4)


async def test_a_key_writes_once_however_many_send_it_at_once(desk: Desk) -> None:
    create = desk.case.commands[0]
    given = {"customer_id": str(desk.customer), "name": "Once", desk.case.default: True}
    answers = await asyncio.gather(
        *(desk.case.service.create(desk.unit_of_work, create(dict(given)), "key") for _ in range(20))
    )
    assert {outcome for outcome, _ in answers} == {answers[0][0]}
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 19
    assert list(await desk.stored()) == [answers[0][0].row.id]


async def test_a_removal_is_replayed_as_it_was_answered(desk: Desk) -> None:
    member = await desk.record(name="Gone")
    remove = desk.case.commands[2]({"id": str(member)})
    first = await desk.case.service.delete(desk.unit_of_work, remove, "key")
    assert await desk.case.service.delete(desk.unit_of_work, remove, "key") == (first[0], True)
    rename = desk.case.service.update(desk.unit_of_work, desk.case.commands[1]({"id": str(member)}), "key")
    assert await desk.codes(rename) == [(ErrorCode.IDEMPOTENCY_KEY_REUSED, "idempotencyKey")]


async def test_rivals_that_each_make_their_own_the_default_all_succeed_and_one_stays(desk: Desk) -> None:
    await desk.record(default=True)
    members = [await desk.record() for _ in range(4)]
    make: dict[str, Any] = {desk.case.default: True}
    answers = await meeting(
        desk.engine,
        lock(desk),
        *(desk.update(member, **make) for member in members),
        *(desk.create(**make) for _ in range(4)),
    )
    assert all(isinstance(answer, MemberOutcome) for answer in answers), answers
    assert len(await desk.defaults()) == 1
    assert len(await desk.stored()) == 9


async def test_of_rivals_that_expect_one_version_exactly_one_writes(desk: Desk) -> None:
    member = await desk.record()
    rivals = (desk.update(member, name=f"Name {place}", expected_version=1) for place in range(5))
    answers = await meeting(desk.engine, lock(desk), *rivals)
    refused = [answer.faults[0].code for answer in answers if isinstance(answer, Refused)]
    assert refused == [ErrorCode.VERSION_CONFLICT] * 4
    assert (await desk.stored())[member]["version"] == 2


async def test_of_rivals_that_remove_the_same_one_exactly_one_does(desk: Desk) -> None:
    member = await desk.record(default=True)
    answers = await meeting(desk.engine, lock(desk), *(desk.delete(member) for _ in range(5)))
    refused = [answer.faults[0].code for answer in answers if isinstance(answer, Refused)]
    assert refused == [desk.case.not_found] * 4
    assert await desk.stored() == {}


async def test_an_update_that_meets_the_removal_is_first_or_finds_nothing(desk: Desk) -> None:
    for _ in range(5):
        member = await desk.record()
        updated, deleted = await meeting(desk.engine, lock(desk), desk.update(member, name="x"), desk.delete(member))
        assert isinstance(deleted, MemberOutcome)
        if isinstance(updated, Refused):
            assert [fault.code for fault in updated.faults] == [desk.case.not_found]
        else:
            assert isinstance(updated, MemberOutcome)
    assert await desk.stored() == {}


async def test_the_default_never_vanishes_though_the_one_to_follow_is_removed_at_the_same_moment(desk: Desk) -> None:
    for _ in range(5):
        customer = desk.customer = await desk.records.customer()
        default, heir = await desk.record(default=True), await desk.record()
        await desk.record()
        first, second = await meeting(
            desk.engine, lock(desk), desk.delete(default, new_default_id=str(heir)), desk.delete(heir)
        )
        # Whoever comes second is refused: the one to follow is gone, or has become the default itself.
        refused = [answer.faults[0].code for answer in (first, second) if isinstance(answer, Refused)]
        assert refused in ([desk.case.not_found], [ErrorCode.DEFAULT_REQUIRED])
        left = [row for row in (await desk.stored()).values() if row["customer_id"] == customer]
        assert [row[desk.case.default] for row in left].count(True) == 1
        assert len(left) == 2
