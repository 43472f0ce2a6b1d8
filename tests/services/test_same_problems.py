"""The same faulty input has the same problems as a single mutation and as a row of a list, whatever else is wrong."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, LimitProblem, Problem, Rejected
from app.domain.transition import read_acknowledgement
from app.services.create_customer import CreateCustomerCommand, create_customer
from app.services.update_customer import UpdateCustomerCommand, update_customer
from app.services.upsert_groups import UpsertCustomerGroupsCommand, upsert_customer_groups
from tests.services.group_use_cases import GroupUseCases
from tests.services.member_use_cases import MemberUseCases
from tests.services.member_use_cases import upsert as upsert_members
from tests.support.new_customers import new_customer
from tests.support.records import Records
from tests.support.thorough import examples
from tests.support.untouched import everything_of
from tests.support.upserts import upsert

UNKNOWN = UUID("0198c0de-0000-7000-8000-000000000000")
FULL = {str(place): 1 for place in range(50)}
CUSTOMER: dict[str, Sequence[object]] = {
    "name": ["New", " ", None],
    "email": ["freja@fjord.example", "nobody"],
    "customer_number": ["taken", "free", "a\u200bb", "x" * 51],
    "customer_group_id": [UNKNOWN, "x"],
    "is_active": [False, None],
    "billing_relationship": ["SELF", "PARENT_PAYS", "OTHER"],
    "consolidation_mode": ["SINGLE_INVOICE", "OTHER"],
    "billing_day": [1, 29],
    "default_currency": ["EUR", "?"],
    "parent_customer_id": ["parent", "child", "itself", UNKNOWN, "x", None],
    "metadata_set": [{"more": 1}, {"more": [1]}],
    "acknowledged": [(UNKNOWN,), ("x", UNKNOWN)],
}
CUSTOMER_INVALID = [("name", " "), ("email", "nobody"), ("customer_number", "taken"), ("customer_group_id", UNKNOWN)]
GROUP: dict[str, Sequence[object]] = {
    "name": ["New", " ", "x" * 256],
    "number": ["taken", "free", "a\u200bb"],
    "account_id": ["known", UNKNOWN, "x"],
    "discount": ["7.5", "101", "x"],
    "metadata": [FULL, {"a": [1]}],
    "metadata_set": [{"more": 1}, {"a": [1]}],
    "expected_version": [1, 7, 0],
}
GROUP_INVALID = [("name", " "), ("number", "taken"), ("account_id", UNKNOWN), ("discount", "x")]
MEMBER: dict[str, Sequence[object]] = {
    "name": ["New", " ", "x" * 256],
    "default": [True, False, None],
    "text": ["5790000000005", "nobody", None],
    "expected_version": [1, 7, 0],
}
NEW_INVALID = [("name", " "), ("text", "x"), ("customer", False)]
MEMBER_INVALID = [("name", " "), ("text", "x"), ("expected_version", 7), ("default", False)]


def with_invalid(values: Mapping[str, Sequence[object]], invalid: Sequence[tuple[str, object]]) -> SearchStrategy[Any]:
    """Return inputs with some of the values and one of the invalid ones."""
    some = st.fixed_dictionaries({}, optional={name: st.sampled_from(found) for name, found in values.items()})
    return st.tuples(some, st.sampled_from(invalid)).map(lambda drawn: {**drawn[0], drawn[1][0]: drawn[1][1]})


TRIED = settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""All examples are tried in the world of one test, which no rejected input changes."""


async def rejection(doing: Awaitable[object]) -> list[Problem]:
    with pytest.raises(Rejected) as rejected:
        await doing
    return list(rejected.value.problems)


def told(problem: Problem, *, in_list: bool) -> tuple[object, ...]:
    """Return what callers are told, without what differs because a row names objects in another way."""
    path = problem.path[2:] if in_list else problem.path
    if problem.code is ErrorCode.DEFAULT_REQUIRED:
        # Another row becomes the default; a single mutation names it.
        return (problem.code,)
    if path == ("customer_id",):
        path = ("customer", "id")
    return (
        (problem.code, path) if problem.code is ErrorCode.CUSTOMER_NOT_FOUND else (problem.code, path, problem.message)
    )


async def assert_same(single: Awaitable[object], row: Awaitable[object]) -> None:
    """Compare both in the order of the problems' paths."""
    found = await rejection(single)
    alone = sorted(repr(told(problem, in_list=False)) for problem in found)
    found = await rejection(row)
    last = found[-1]
    if isinstance(last, LimitProblem) and last.code is ErrorCode.MORE_PROBLEMS:
        assert last.actual == len(alone)
        assert {repr(told(problem, in_list=True)) for problem in found[:-1]} <= {*alone}
    else:
        assert sorted(repr(told(problem, in_list=True)) for problem in found) == alone


@pytest.fixture
async def named(records: Records) -> dict[str, UUID]:
    """Customers by what inputs call them."""
    await records.customer(customer_number="taken")
    parent = await records.customer(consolidation_mode="SINGLE_INVOICE", billing_day=1, default_currency="SEK")
    child = await records.customer(parent_customer_id=parent)
    itself = await records.customer(external_system_id="own", metadata=FULL)
    await records.subscription(itself)
    return {"parent": parent, "child": child, "itself": itself, "group": await records.group()}


def fields_of(sent: Mapping[str, Any], named: Mapping[str, UUID]) -> tuple[dict[str, Any], tuple[object, ...] | None]:
    """Return the fields of a customer's input, and what it acknowledges."""
    fields = {name: value for name, value in sent.items() if name != "acknowledged"}
    parent = fields.get("parent_customer_id")
    if isinstance(parent, str):
        fields["parent_customer_id"] = named.get(parent, parent)
    return fields, sent.get("acknowledged")


@pytest.mark.usefixtures("clock")
@TRIED
@given(sent=with_invalid(CUSTOMER, CUSTOMER_INVALID))
async def test_an_update_of_a_customer(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, named: dict[str, UUID], sent: dict[str, Any]
) -> None:
    before = await everything_of(owner_engine, unit_of_work.company_id)
    fields, acknowledged = fields_of(sent, named)
    ids, malformed = read_acknowledgement(acknowledged)
    command = UpdateCustomerCommand(named["itself"], fields, ids)
    row = {"external_system_id": "own", **fields, "acknowledged": acknowledged}

    await assert_same(update_customer(unit_of_work, "tester", command, None, malformed), upsert(unit_of_work, row))
    assert await everything_of(owner_engine, unit_of_work.company_id) == before


@TRIED
@given(sent=with_invalid(CUSTOMER, CUSTOMER_INVALID))
async def test_a_new_customer(unit_of_work: UnitOfWork, named: dict[str, UUID], sent: dict[str, Any]) -> None:
    fields = new_customer(named["group"], "new") | fields_of(sent, named)[0]
    command = CreateCustomerCommand(fields)

    await assert_same(create_customer(unit_of_work, "tester", command, None), upsert(unit_of_work, fields))


@pytest.fixture
async def own_group(groups: GroupUseCases) -> UUID:
    await groups.group(number="taken")
    return await groups.group(number="own", metadata=FULL)


def group_rows(groups: GroupUseCases, row: dict[str, Any]) -> Awaitable[object]:
    command = UpsertCustomerGroupsCommand((row,))
    return upsert_customer_groups(groups.unit_of_work, "tester", command, None)


@TRIED
@given(sent=with_invalid(GROUP, GROUP_INVALID))
async def test_an_update_of_a_customer_group(groups: GroupUseCases, own_group: UUID, sent: dict[str, Any]) -> None:
    fields = sent | ({"account_id": str(groups.account)} if sent.get("account_id") == "known" else {})

    await assert_same(groups.update(own_group, **fields), group_rows(groups, {"id": str(own_group), **fields}))


@pytest.fixture
async def own_member(members: MemberUseCases) -> UUID:
    """The default, beside another one."""
    await members.record()
    return await members.record(default=True)


def of_kind(members: MemberUseCases, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return an input with the names of the kind's fields, and a name that changes unless another is sent."""
    names = {
        "default": members.kind.default,
        "text": "email" if members.kind.table.name == "contacts" else "ean_number",
    }
    return {"name": "Changed", **{names.get(name, name): value for name, value in sent.items()}}


@TRIED
@given(sent=with_invalid(MEMBER, MEMBER_INVALID))
async def test_an_update_of_a_member(members: MemberUseCases, own_member: UUID, sent: dict[str, Any]) -> None:
    fields = of_kind(members, sent)

    await assert_same(members.update(own_member, **fields), upsert_members(members, {"id": str(own_member), **fields}))


@TRIED
@given(
    sent=with_invalid(
        {"customer": [True, False]} | {name: MEMBER[name] for name in ("name", "default", "text")}, NEW_INVALID
    )
)
async def test_a_new_member(members: MemberUseCases, sent: dict[str, Any]) -> None:
    customer = str(members.customer if sent.get("customer", True) else UNKNOWN)
    fields = of_kind(members, {name: value for name, value in sent.items() if name != "customer"})
    row = {"customer": {"id": customer}, **fields}
    await assert_same(members.create(customer_id=customer, **fields), upsert_members(members, row))
