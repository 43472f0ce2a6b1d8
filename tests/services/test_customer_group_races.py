"""Customer groups: what becomes of requests that meet."""

import asyncio
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, select, update

from app.db.rows import CustomerGroupRow
from app.db.tables import customer_groups, customers, ledger_accounts
from app.domain.errors import ErrorCode, Rejected
from app.services.create_customer import CreateCustomerCommand, create_customer
from app.services.customer_groups import CreateCustomerGroupCommand, create_customer_group
from app.services.update_customer import UpdateCustomerCommand, update_customer
from tests.services.group_use_cases import GroupUseCases
from tests.services.rivals import meeting
from tests.support.new_customers import new_customer


async def test_of_rivals_for_one_number_exactly_one_gets_it(groups: GroupUseCases) -> None:
    answers = await asyncio.gather(*(groups.create(number="1") for _ in range(8)), return_exceptions=True)
    rejected = [answer.problems[0].code for answer in answers if isinstance(answer, Rejected)]
    assert rejected == [ErrorCode.CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS] * 7
    assert len(await groups.stored()) == 1


async def test_a_number_taken_at_the_same_moment_is_rejected_by_its_code(groups: GroupUseCases) -> None:
    group = await groups.group(number="2")
    row = {"company_id": groups.records.company_id, "name": "Rival", "account_id": groups.account}
    for doing in (groups.create(number="1"), groups.update(group, number="1")):
        rival = uuid4()
        (answer,) = await meeting(
            groups.engine, insert(customer_groups).values(row | {"id": rival, "number": "1"}), doing
        )
        assert isinstance(answer, Rejected), answer
        assert [problem.code for problem in answer.problems] == [ErrorCode.CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS]
        async with groups.engine.begin() as owner:
            await owner.execute(delete(customer_groups).where(customer_groups.c.id == rival))


async def test_an_account_that_goes_at_the_same_moment_is_not_found(groups: GroupUseCases) -> None:
    going = delete(ledger_accounts).where(ledger_accounts.c.id == groups.account)
    (answer,) = await meeting(groups.engine, going, groups.create())
    assert isinstance(answer, Rejected), answer
    assert [problem.code for problem in answer.problems] == [ErrorCode.LEDGER_ACCOUNT_NOT_FOUND]
    assert await groups.stored() == {}


async def test_a_customer_that_joins_at_the_same_moment_keeps_the_group(groups: GroupUseCases) -> None:
    group = await groups.group()
    customer = {
        "company_id": groups.records.company_id,
        "id": uuid4(),
        "customer_number": "1",
        "name": "Joins",
        "vat_zone": "DOMESTIC",
        "customer_group_id": group,
        "country_code": "DK",
        "default_currency": "DKK",
    }
    (answer,) = await meeting(groups.engine, insert(customers).values(customer), groups.delete(group))
    assert isinstance(answer, Rejected), answer
    assert [problem.code for problem in answer.problems] == [ErrorCode.CUSTOMER_GROUP_IN_USE]
    assert list(await groups.stored()) == [group]


async def test_a_new_customer_that_meets_the_removal_is_in_the_group_or_finds_none(groups: GroupUseCases) -> None:
    for _ in range(5):
        group = await groups.group()
        command = CreateCustomerCommand(new_customer(group))
        lock = select(customer_groups.c.id).where(customer_groups.c.id == group).with_for_update()
        created, deleted = await meeting(
            groups.engine,
            lock,
            create_customer(groups.unit_of_work, "tester", command, None),
            groups.delete(group),
        )
        (rejected,) = (answer for answer in (created, deleted) if isinstance(answer, Rejected))
        code = ErrorCode.CUSTOMER_GROUP_IN_USE if rejected is deleted else ErrorCode.CUSTOMER_GROUP_NOT_FOUND
        assert [problem.code for problem in rejected.problems] == [code]
        assert (group in await groups.stored()) == (rejected is deleted)


@pytest.mark.parametrize("joins", ["stored", "new"])
async def test_a_customer_that_joins_a_group_has_the_name_that_it_gets_meanwhile(
    groups: GroupUseCases, joins: str
) -> None:
    customer, group = await groups.records.customer(), await groups.group()
    if joins == "stored":
        command = UpdateCustomerCommand(customer, {"customer_group_id": group})
        joining = update_customer(groups.unit_of_work, "tester", command, None)
    else:
        new = CreateCustomerCommand(new_customer(group))
        joining = create_customer(groups.unit_of_work, "tester", new, None)
    renaming = update(customer_groups).where(customer_groups.c.id == group).values(number="New", name="Renamed")
    (answer,) = await meeting(groups.engine, renaming, joining)
    joined = answer[0].customer
    assert (joined.customer_group_number, joined.customer_group_name) == ("New", "Renamed")


async def test_of_rivals_that_expect_one_version_exactly_one_writes(groups: GroupUseCases) -> None:
    group = await groups.group()
    lock = select(customer_groups.c.id).where(customer_groups.c.id == group).with_for_update()
    rivals = (groups.update(group, name=f"Name {place}", expected_version=1) for place in range(5))
    answers = await meeting(groups.engine, lock, *rivals)
    rejected = [answer.problems[0].code for answer in answers if isinstance(answer, Rejected)]
    assert rejected == [ErrorCode.VERSION_CONFLICT] * 4
    assert (await groups.stored())[group]["version"] == 2


async def test_an_update_that_meets_the_removal_is_first_or_finds_nothing(groups: GroupUseCases) -> None:
    for _ in range(5):
        group = await groups.group()
        lock = select(customer_groups.c.id).where(customer_groups.c.id == group).with_for_update()
        updated, deleted = await meeting(groups.engine, lock, groups.update(group, name="x"), groups.delete(group))
        assert isinstance(deleted, CustomerGroupRow)
        if isinstance(updated, Rejected):
            assert [problem.code for problem in updated.problems] == [ErrorCode.CUSTOMER_GROUP_NOT_FOUND]
        else:
            assert isinstance(updated, CustomerGroupRow)
    assert await groups.stored() == {}


async def test_a_key_writes_once_and_answers_the_same_however_many_send_it_at_once(groups: GroupUseCases) -> None:
    given = {
        "number": "1",
        "name": "Once",
        "account_id": str(groups.account),
        "metadata": {"a": True, "b": 1, "c": 0.5},
    }
    command = CreateCustomerGroupCommand(given | {"discount": Decimal("7.5")})
    answers = await asyncio.gather(
        *(create_customer_group(groups.unit_of_work, "tester", command, "key") for _ in range(20))
    )
    assert {repr(group) for group, _ in answers} == {repr(answers[0][0])}
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 19
    assert list(await groups.stored()) == [answers[0][0].group.id]
    other = create_customer_group(groups.unit_of_work, "tester", CreateCustomerGroupCommand(given), "key")
    assert await groups.codes(other) == [(ErrorCode.IDEMPOTENCY_KEY_REUSED, ("idempotency_key",))]
