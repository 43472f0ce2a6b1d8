"""Contacts and departments: what becomes of requests that meet."""

import asyncio
from typing import Any

from sqlalchemy import select

from app.db import tables
from app.domain.errors import ErrorCode, Rejected
from app.services.members import MemberOutcome
from tests.services.member_use_cases import MemberUseCases
from tests.services.rivals import meeting


def lock(members: MemberUseCases) -> Any:
    return select(tables.customers.c.id).where(tables.customers.c.id == members.customer).with_for_update()


async def test_a_key_writes_once_however_many_send_it_at_once(members: MemberUseCases) -> None:
    create = members.kind.commands[0]
    given = {"customer_id": str(members.customer), "name": "Once", members.kind.default: True}
    answers = await asyncio.gather(
        *(members.kind.service.create(members.unit_of_work, "tester", create(dict(given)), "key") for _ in range(20))
    )
    assert {outcome for outcome, _ in answers} == {answers[0][0]}
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 19
    assert list(await members.stored()) == [answers[0][0].row.id]


async def test_rivals_that_each_make_their_own_the_default_all_succeed_and_one_stays(members: MemberUseCases) -> None:
    await members.record(default=True)
    several = [await members.record() for _ in range(4)]
    make: dict[str, Any] = {members.kind.default: True}
    answers = await meeting(
        members.engine,
        lock(members),
        *(members.update(member, **make) for member in several),
        *(members.create(**make) for _ in range(4)),
    )
    assert all(isinstance(answer, MemberOutcome) for answer in answers), answers
    assert len(await members.defaults()) == 1
    assert len(await members.stored()) == 9


async def test_of_rivals_that_expect_one_version_exactly_one_writes(members: MemberUseCases) -> None:
    member = await members.record()
    rivals = (members.update(member, name=f"Name {place}", expected_version=1) for place in range(5))
    answers = await meeting(members.engine, lock(members), *rivals)
    rejected = [answer.problems[0].code for answer in answers if isinstance(answer, Rejected)]
    assert rejected == [ErrorCode.VERSION_CONFLICT] * 4
    assert (await members.stored())[member]["version"] == 2


async def test_of_rivals_that_remove_the_same_one_exactly_one_does(members: MemberUseCases) -> None:
    member = await members.record(default=True)
    answers = await meeting(members.engine, lock(members), *(members.delete(member) for _ in range(5)))
    rejected = [answer.problems[0].code for answer in answers if isinstance(answer, Rejected)]
    assert rejected == [members.kind.not_found] * 4
    assert await members.stored() == {}


async def test_an_update_that_meets_the_removal_is_first_or_finds_nothing(members: MemberUseCases) -> None:
    for _ in range(5):
        member = await members.record()
        updated, deleted = await meeting(
            members.engine, lock(members), members.update(member, name="x"), members.delete(member)
        )
        assert isinstance(deleted, MemberOutcome)
        if isinstance(updated, Rejected):
            assert [problem.code for problem in updated.problems] == [members.kind.not_found]
        else:
            assert isinstance(updated, MemberOutcome)
    assert await members.stored() == {}


async def test_the_default_never_vanishes_though_its_successor_is_removed_meanwhile(
    members: MemberUseCases,
) -> None:
    for _ in range(5):
        customer = members.customer = await members.records.customer()
        default, new_default = await members.record(default=True), await members.record()
        await members.record()
        first, second = await meeting(
            members.engine,
            lock(members),
            members.delete(default, new_default_id=str(new_default)),
            members.delete(new_default),
        )
        # The second is rejected: the one to follow is gone, or has become the default itself.
        rejected = [answer.problems[0].code for answer in (first, second) if isinstance(answer, Rejected)]
        assert rejected in ([members.kind.not_found], [ErrorCode.DEFAULT_REQUIRED])
        left = [row for row in (await members.stored()).values() if row["customer_id"] == customer]
        assert [row[members.kind.default] for row in left].count(True) == 1
        assert len(left) == 2
