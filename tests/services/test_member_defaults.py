"""The default among a customer's contacts or departments: at most one, and it never vanishes by accident."""

from uuid import uuid4

from app.domain.errors import ErrorCode
from tests.services.member_use_cases import MemberUseCases


async def test_a_new_one_is_stored_under_an_id_of_its_own_and_is_no_default_unless_asked(
    members: MemberUseCases,
) -> None:
    outcome = await members.create(name="  Ann  ")
    assert outcome.customer_id == members.customer
    assert (outcome.row.name, outcome.row.version) == ("Ann", 1)
    stored = (await members.stored())[outcome.row.id]
    assert (stored["name"], stored["customer_id"], stored[members.kind.default]) == ("Ann", members.customer, False)
    assert outcome.row.id.version == 7


async def test_a_new_default_unmakes_the_former_one_and_counts_its_version(members: MemberUseCases) -> None:
    former, other = await members.record(default=True), await members.record()
    outcome = await members.create(**{members.kind.default: True})
    assert await members.defaults() == [outcome.row.id]
    versions = {id_: row["version"] for id_, row in (await members.stored()).items()}
    assert versions == {former: 2, other: 1, outcome.row.id: 1}


async def test_the_default_of_another_customer_stays(members: MemberUseCases) -> None:
    elsewhere = await members.record(default=True, customer=await members.records.customer())
    mine = (await members.create(**{members.kind.default: True})).row.id
    assert sorted(await members.defaults()) == sorted([elsewhere, mine])


async def test_making_one_the_default_unmakes_the_former_one(members: MemberUseCases) -> None:
    former, next_one = await members.record(default=True), await members.record()
    assert getattr((await members.update(next_one, **{members.kind.default: True})).row, members.kind.default) is True
    assert await members.defaults() == [next_one]
    assert (await members.stored())[former]["version"] == 2


async def test_the_default_may_be_unset_while_there_is_no_other(members: MemberUseCases) -> None:
    only = await members.record(default=True)
    await members.record(customer=await members.records.customer())
    await members.update(only, **{members.kind.default: False})
    assert await members.defaults() == []


async def test_the_default_is_not_unset_while_others_remain_and_none_is_named(members: MemberUseCases) -> None:
    default, _ = await members.record(default=True), await members.record()
    problems = await members.rejection(members.update(default, name="Renamed", **{members.kind.default: False}))
    assert [(problem.code, problem.path) for problem in problems] == [(ErrorCode.DEFAULT_REQUIRED, ("new_default_id",))]
    assert members.kind.service.kind.noun in problems[0].message


async def test_the_default_is_handed_over_to_the_one_that_is_named(members: MemberUseCases) -> None:
    default, new_default = await members.record(default=True), await members.record()
    row = (await members.update(default, new_default_id=str(new_default), **{members.kind.default: False})).row
    assert (getattr(row, members.kind.default), row.version) == (False, 2)
    assert await members.defaults() == [new_default]


async def test_where_the_default_stays_none_may_be_named_to_follow_it(members: MemberUseCases) -> None:
    member, default, other = await members.record(), await members.record(default=True), await members.record()
    conflict = [(ErrorCode.FIELD_CONFLICT, "new_default_id")]
    for named in (other, default):
        unset = {members.kind.default: False, "new_default_id": str(named)}
        assert await members.codes(members.update(member, name="Renamed", **unset)) == conflict
        assert await members.codes(members.delete(member, new_default_id=str(named))) == conflict


async def test_where_there_is_no_default_none_may_be_named_to_follow_it(members: MemberUseCases) -> None:
    member, other = await members.record(), await members.record()
    conflict = [(ErrorCode.FIELD_CONFLICT, "new_default_id")]
    unset = {members.kind.default: False, "new_default_id": str(other)}
    assert await members.codes(members.update(member, **unset)) == conflict
    assert await members.codes(members.delete(member, new_default_id=str(other))) == conflict


async def test_removing_one_that_is_no_default_leaves_the_others_as_they_are(members: MemberUseCases) -> None:
    member, default = await members.record(name="Gone"), await members.record(default=True)
    before = (await members.stored())[default]
    assert (await members.delete(member)).row.name == "Gone"
    assert await members.stored() == {default: before}


async def test_the_only_one_may_be_removed_though_it_is_the_default(members: MemberUseCases) -> None:
    await members.delete(await members.record(default=True))
    assert await members.stored() == {}


async def test_the_default_is_not_removed_while_others_remain_and_none_is_named(members: MemberUseCases) -> None:
    default, _ = await members.record(default=True), await members.record()
    assert await members.codes(members.delete(default)) == [(ErrorCode.DEFAULT_REQUIRED, "new_default_id")]


async def test_removing_the_default_makes_the_one_that_is_named_follow(members: MemberUseCases) -> None:
    default, new_default = await members.record(default=True), await members.record()
    assert (await members.delete(default, new_default_id=str(new_default))).row.id == default
    assert set(await members.stored()) == set(await members.defaults()) == {new_default}


async def test_the_one_to_follow_must_be_another_one_of_the_same_customer(members: MemberUseCases) -> None:
    default = await members.record(default=True)
    elsewhere = await members.record(customer=await members.records.customer())
    for new_default in (elsewhere, uuid4()):
        expected = [(members.kind.not_found, "new_default_id")]
        assert await members.codes(members.delete(default, new_default_id=str(new_default))) == expected
        unset = {members.kind.default: False, "new_default_id": str(new_default)}
        assert await members.codes(members.update(default, **unset)) == expected
    itself = {"new_default_id": str(default)}
    conflict = [(ErrorCode.FIELD_CONFLICT, "new_default_id")]
    assert await members.codes(members.delete(default, **itself)) == conflict
    assert await members.codes(members.update(default, **{members.kind.default: False}, **itself)) == conflict


async def test_one_to_follow_is_only_for_unsetting_the_default(members: MemberUseCases) -> None:
    default, new_default = await members.record(default=True), await members.record()
    for given in ({}, {members.kind.default: True}):
        doing = members.update(default, new_default_id=str(new_default), **given)
        assert await members.codes(doing) == [(ErrorCode.FIELD_CONFLICT, "new_default_id")]
    assert (await members.update(default, new_default_id=None)).row.version == 1
