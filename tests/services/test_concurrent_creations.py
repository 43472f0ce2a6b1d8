"""createCustomer at once and again: concurrent creations on real connections, idempotency keys, lost races."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import customer_writes
from app.db.database import Database
from app.db.rows import CustomerRow
from app.db.tables import customer_groups, customers, history, idempotency_keys, outbox_events
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import CustomersProblem, ErrorCode, Problem, Rejected
from app.services.create_customer import CreateCustomerCommand, create_customer
from app.services.update_customer import UpdateCustomerCommand, update_customer
from tests.support.new_customers import new_customer
from tests.support.records import Records
from tests.support.untouched import everything_of

CONNECTIONS = 20


@pytest_asyncio.fixture(loop_scope="session")
async def parallel(service_dsn: str, company: UUID) -> AsyncGenerator[UnitOfWork]:
    """A unit of work with many connections."""
    many = Database(service_dsn, pool_size=CONNECTIONS, pool_timeout_seconds=60, statement_timeout_seconds=60)
    yield UnitOfWork(many, company)
    await many.dispose()


@pytest.fixture
async def group(records: Records) -> UUID:
    return await records.group()


def command(group_id: UUID, **fields: Any) -> CreateCustomerCommand:
    return CreateCustomerCommand(new_customer(group_id, **fields))


async def create(
    unit_of_work: UnitOfWork, command: CreateCustomerCommand, key: str | None = None
) -> tuple[CustomerRow, bool]:
    outcome, replayed = await create_customer(unit_of_work, "freja", command, key)
    return outcome.customer, replayed


async def all_at_once(
    unit_of_work: UnitOfWork, *commands: CreateCustomerCommand
) -> tuple[list[CustomerRow], list[Problem]]:
    """What was created, and the problems of what was rejected; anything else that happens fails the test."""
    results = await asyncio.gather(*(create(unit_of_work, command) for command in commands), return_exceptions=True)
    created, problems = list[CustomerRow](), list[Problem]()
    for result in results:
        if isinstance(result, Rejected):
            problems.extend(result.problems)
        elif isinstance(result, BaseException):
            raise result
        else:
            created.append(result[0])
    return created, problems


async def counts(owner_engine: AsyncEngine, company_id: UUID) -> list[int]:
    """How many customers, history entries and events there are."""
    async with owner_engine.connect() as connection:
        return [
            (await connection.execute(select(func.count()).where(table.c.company_id == company_id))).scalar_one()
            for table in (customers, history, outbox_events)
        ]


async def test_two_hundred_parallel_creations_get_two_hundred_consecutive_numbers(
    parallel: UnitOfWork, owner_engine: AsyncEngine, records: Records, group: UUID
):
    await records.customer(customer_number="41")

    created, problems = await all_at_once(parallel, *[command(group)] * 200)

    assert problems == []
    assert sorted(int(customer.customer_number) for customer in created) == list(range(42, 242))
    assert await counts(owner_engine, parallel.company_id) == [201, 200, 200]


async def test_creations_without_a_number_succeed_whatever_numbers_others_choose(
    parallel: UnitOfWork, owner_engine: AsyncEngine, group: UUID
):
    chosen = [command(group, customer_number=str(number)) for number in range(1, 41)]
    commands = [given for pair in zip([command(group)] * 40, chosen, strict=True) for given in pair]

    created, problems = await all_at_once(parallel, *commands)

    numbers = [customer.customer_number for customer in created]
    assert len(set(numbers)) == len(numbers) == 80 - len(problems)
    assert {problem.code for problem in problems} <= {ErrorCode.CUSTOMER_NUMBER_ALREADY_EXISTS}
    assert len(problems) <= len(chosen)
    assert await counts(owner_engine, parallel.company_id) == [len(created)] * 3


async def test_only_a_number_that_could_be_the_next_one_waits_for_whoever_chooses_that(
    parallel: UnitOfWork, group: UUID
):
    async def work(session: WriteSession) -> "asyncio.Task[tuple[CustomerRow, bool]]":
        await customer_writes.lock_numbers(session)
        waiting = asyncio.create_task(create(parallel, command(group, customer_number="8")))
        assert (await create(parallel, command(group, customer_number="A8")))[0].customer_number == "A8"
        await asyncio.sleep(0.2)
        assert not waiting.done()
        return waiting

    waiting = await parallel.run(work)

    assert (await waiting)[0].customer_number == "8"


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("customer_number", ErrorCode.CUSTOMER_NUMBER_ALREADY_EXISTS),
        ("external_system_id", ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS),
    ],
)
@pytest.mark.parametrize("value", ["7", "crm-7"])
async def test_of_parallel_creations_with_one_key_exactly_one_wins(
    parallel: UnitOfWork, owner_engine: AsyncEngine, group: UUID, field: str, code: ErrorCode, value: str
):
    created, problems = await all_at_once(parallel, *[command(group, **{field: value})] * CONNECTIONS)

    (winner,) = created
    assert len(problems) == CONNECTIONS - 1
    assert {problem.code for problem in problems} == {code}
    assert all(isinstance(problem, CustomersProblem) and problem.customer_ids == (winner.id,) for problem in problems)
    assert await counts(owner_engine, parallel.company_id) == [1, 1, 1]


async def test_one_idempotency_key_sent_at_once_writes_once_and_answers_alike(
    parallel: UnitOfWork, owner_engine: AsyncEngine, group: UUID
):
    wanted = command(group, credit_limit=5, metadata={"rating": 4.5, "vip": True}, external_system_id="crm-1")

    answers = await asyncio.gather(*(create(parallel, wanted, "key") for _ in range(20)))

    ((first, _), *_) = answers
    assert all(customer == first for customer, _ in answers)
    assert {repr(customer.metadata) for customer, _ in answers} == {repr(first.metadata)}
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 19
    assert await counts(owner_engine, parallel.company_id) == [1, 1, 1]


async def test_a_key_that_was_used_with_another_input_is_rejected(
    parallel: UnitOfWork, owner_engine: AsyncEngine, group: UUID
):
    first, _ = await create(parallel, command(group), "key")
    before = await everything_of(owner_engine, parallel.company_id)

    with pytest.raises(Rejected) as rejected:
        await create(parallel, command(group, name="Another"), "key")

    (problem,) = rejected.value.problems
    assert (problem.code, problem.path) == (ErrorCode.IDEMPOTENCY_KEY_REUSED, ("idempotency_key",))
    assert await everything_of(owner_engine, parallel.company_id) == before
    assert await create(parallel, command(group), "key") == (first, True)


async def test_a_key_that_has_expired_is_free_again(parallel: UnitOfWork, owner_engine: AsyncEngine, group: UUID):
    first, _ = await create(parallel, command(group), "key")
    async with owner_engine.begin() as connection:
        await connection.execute(
            update(idempotency_keys)
            .where(idempotency_keys.c.company_id == parallel.company_id)
            .values(expires_at=func.now())
        )

    second, replayed = await create(parallel, command(group, name="Another"), "key")

    assert not replayed
    assert second.id != first.id
    assert await create(parallel, command(group, name="Another"), "key") == (second, True)


async def test_a_rejection_leaves_the_key_unused(parallel: UnitOfWork, owner_engine: AsyncEngine, group: UUID):
    before = await everything_of(owner_engine, parallel.company_id)
    with pytest.raises(Rejected):
        await create(parallel, command(group, billing_relationship="PARENT_PAYS"), "key")
    assert await everything_of(owner_engine, parallel.company_id) == before

    _, replayed = await create(parallel, command(group), "key")

    assert not replayed


async def test_a_group_that_vanishes_at_the_same_moment_is_not_found(
    parallel: UnitOfWork, owner_engine: AsyncEngine, group: UUID
):
    async with owner_engine.begin() as connection:
        await connection.execute(delete(customer_groups).where(customer_groups.c.id == group))
        creation = asyncio.create_task(create(parallel, command(group)))
        await asyncio.sleep(0.3)  # it has seen the group, and waits to refer to it
        assert not creation.done()

    with pytest.raises(Rejected) as rejected:
        await creation
    assert [problem.code for problem in rejected.value.problems] == [ErrorCode.CUSTOMER_GROUP_NOT_FOUND]
    assert await counts(owner_engine, parallel.company_id) == [0, 0, 0]


async def test_a_customer_never_gets_a_child_and_a_parent_at_once(
    parallel: UnitOfWork, owner_engine: AsyncEngine, records: Records, group: UUID
):
    for turn in range(10):
        top = await records.customer(customer_number=f"top {turn}")
        middle = await records.customer(customer_number=f"middle {turn}")
        link = UpdateCustomerCommand(middle, {"parent_customer_id": top})

        outcomes = await asyncio.gather(
            update_customer(parallel, "freja", link, None),
            create(parallel, command(group, parent_customer_id=middle)),
            return_exceptions=True,
        )

        (rejected,) = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert isinstance(rejected, Rejected)
        assert {problem.code for problem in rejected.problems} <= {
            ErrorCode.PARENT_CUSTOMER_IS_CHILD,
            ErrorCode.CUSTOMER_HAS_CHILDREN,
        }
    parents = select(customers.c.parent_customer_id).where(customers.c.parent_customer_id.is_not(None))
    grandchildren = select(func.count()).where(
        customers.c.company_id == parallel.company_id,
        customers.c.parent_customer_id.is_not(None),
        customers.c.id.in_(parents),
    )
    async with owner_engine.connect() as connection:
        assert (await connection.execute(grandchildren)).scalar_one() == 0
