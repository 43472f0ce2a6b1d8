"""Contacts, departments and customer groups: the history and the events that their writes leave."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.errors import Rejected, VersionProblem
from app.domain.fields import schema_name
from tests.services.group_use_cases import GroupUseCases
from tests.services.member_use_cases import MemberUseCases
from tests.services.records_of_writes import entries_of, events_of
from tests.support.untouched import everything_of


def after(**values: Any) -> dict[str, Any]:
    return {name: {"before": None, "after": value} for name, value in values.items()}


async def test_a_member_s_life_is_recorded_with_its_customer(members: MemberUseCases) -> None:
    engine, company, noun = members.engine, members.records.company_id, members.kind.service.kind.noun
    default, owner = schema_name(members.kind.default), str(members.customer)

    member = (await members.create(name="Ann")).row.id
    await members.update(member, name="Bo", expected_version=1)
    await members.delete(member)

    created, updated, deleted = await entries_of(engine, company)
    assert created == (member, 1, "CREATED", "tester", created[4])
    shared = {"customerId": owner, "name": "Ann", default: False}
    assert after(**shared).items() <= created[4].items()
    assert set(created[4]) <= {*shared, "isActive"}
    assert updated == (member, 2, "UPDATED", "tester", {"name": {"before": "Ann", "after": "Bo"}})
    gone = {name: {"before": change["after"], "after": None} for name, change in created[4].items()}
    gone["name"]["before"] = "Bo"
    assert deleted == (member, 3, "DELETED", "tester", gone)
    assert await events_of(engine, company) == [
        (member, f"{noun}.created", "tester", {"version": 1, "customerId": owner}),
        (member, f"{noun}.updated", "tester", {"version": 2, "customerId": owner, "changedFields": ["name"]}),
        (member, f"{noun}.deleted", "tester", {"version": 3, "customerId": owner}),
    ]


async def test_the_default_that_is_replaced_and_the_one_that_follows_are_recorded_too(members: MemberUseCases) -> None:
    engine, company, noun = members.engine, members.records.company_id, members.kind.service.kind.noun
    default = schema_name(members.kind.default)
    first = await members.record(default=True)
    second = (await members.create(**{members.kind.default: True})).row.id
    await members.update(first, **{members.kind.default: True})
    await members.delete(first, new_default_id=str(second))

    lost, won = ({default: {"before": before, "after": not before}} for before in (True, False))
    entries = await entries_of(engine, company)
    of = {
        subject: [(entry[1], entry[2], entry[4]) for entry in entries if entry[0] == subject]
        for subject in (first, second)
    }
    assert of[first][:2] == [(2, "UPDATED", lost), (3, "UPDATED", won)]
    assert of[first][2][:2] == (4, "DELETED")
    assert of[second][0][:2] == (1, "CREATED")
    assert of[second][1:] == [(2, "UPDATED", lost), (3, "UPDATED", won)]
    told = [
        (subject, kind.removeprefix(f"{noun}."), data["version"])
        for subject, kind, _, data in await events_of(engine, company)
    ]
    assert told == [
        (first, "updated", 2),
        (second, "created", 1),
        (second, "updated", 2),
        (first, "updated", 3),
        (first, "deleted", 4),
        (second, "updated", 3),
    ]
    stored = await members.stored()
    assert {id_: row["version"] for id_, row in stored.items()} == {second: 3}


async def test_a_version_conflict_names_the_fields_that_changed_since(members: MemberUseCases) -> None:
    member = (await members.create(name="Ann")).row.id
    await members.update(member, name="Bo")
    await members.update(member, **{members.kind.default: True})
    before = await everything_of(members.engine, members.records.company_id)
    default = schema_name(members.kind.default)
    for expected, names in ((1, tuple(sorted(("name", default)))), (2, (default,)), (9, ())):
        for doing in (
            members.update(member, name="x", expected_version=expected),
            members.delete(member, expected_version=expected),
        ):
            with pytest.raises(Rejected) as rejected:
                await doing
            (problem,) = rejected.value.problems
            assert isinstance(problem, VersionProblem)
            assert (problem.actual_version, problem.changed_fields) == (3, names)
    assert await everything_of(members.engine, members.records.company_id) == before


async def test_a_group_s_life_is_recorded_with_its_number(groups: GroupUseCases) -> None:
    engine, company = groups.engine, groups.records.company_id
    group = (await groups.create(number="7", metadata={"a": 1})).id
    await groups.update(group, discount=Decimal("12.5"), metadata_set={"a": True})
    await groups.delete(group)

    created, updated, deleted = await entries_of(engine, company)
    values = {"number": "7", "name": "New", "discount": "0.00", "accountId": str(groups.account), "metadata": {"a": 1}}
    assert created == (group, 1, "CREATED", "tester", after(**values))
    changes = {
        "discount": {"before": "0.00", "after": "12.50"},
        "metadata": {"before": {"a": 1}, "after": {"a": True}},
    }
    assert updated[:4] == (group, 2, "UPDATED", "tester")
    assert updated[4] == changes
    assert type(updated[4]["metadata"]["after"]["a"]) is bool
    last = values | {"discount": "12.50", "metadata": {"a": True}}
    gone = {name: {"before": value, "after": None} for name, value in last.items()}
    assert deleted == (group, 3, "DELETED", "tester", gone)
    assert await events_of(engine, company) == [
        (group, "customer_group.created", "tester", {"version": 1, "number": "7"}),
        (group, "customer_group.updated", "tester", {"version": 2, "changedFields": ["discount", "metadata"]}),
        (group, "customer_group.deleted", "tester", {"version": 3, "number": "7"}),
    ]


async def test_a_group_s_version_conflict_names_the_fields_that_changed_since(groups: GroupUseCases) -> None:
    group = (await groups.create()).id
    await groups.update(group, discount=Decimal(5))
    for doing in (groups.update(group, name="x", expected_version=1), groups.delete(group, expected_version=1)):
        (problem,) = await groups.rejection(doing)
        assert isinstance(problem, VersionProblem)
        assert problem.changed_fields == ("discount",)


async def test_a_write_takes_as_many_statements_as_before_and_two_more(members: MemberUseCases) -> None:
    unit_of_work = members.unit_of_work
    for doing, statements in (
        (members.create, 4),
        (lambda: members.create(**{members.kind.default: True}), 5),
    ):
        before = unit_of_work.statements
        await doing()
        assert unit_of_work.statements - before == statements
    member = (await members.create()).row.id
    before = unit_of_work.statements
    await members.update(member, **{members.kind.default: True})
    assert unit_of_work.statements - before == 7
    await members.update(member, **{members.kind.default: True})
    assert unit_of_work.statements - before == 10
