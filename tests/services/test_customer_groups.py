"""Customer groups: what creating, changing and removing them writes, and what is refused."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.db.database import Database
from app.db.rows import CustomerGroupRow
from app.db.tables import customer_group_metadata
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import CustomersProblem, ErrorCode, Rejected, VersionProblem
from app.services.customer_groups import CreateCustomerGroupCommand, GroupOutcome, create_customer_group
from app.services.upsert_groups import UpsertCustomerGroupsCommand, upsert_customer_groups
from tests.services.group_use_cases import GroupUseCases
from tests.support.records import Records, new_company
from tests.support.untouched import everything_of


async def test_a_new_group_is_stored_with_all_that_was_sent(groups: GroupUseCases) -> None:
    metadata = {"region": "north", "rank": 1, "rate": 0.5, "vip": True}
    group = await groups.create(number=" A-1 ", name=" Big ", discount=Decimal("12.5"), metadata=metadata)
    assert group == CustomerGroupRow(
        group.id, "A-1", "Big", Decimal("12.50"), groups.account, "4010", "Sales", metadata, 1
    )
    stored = (await groups.stored())[group.id]
    assert (stored["number"], stored["discount"], stored["metadata"]) == ("A-1", Decimal("12.50"), metadata)
    assert group.id.version == 7


async def test_a_new_group_has_no_discount_and_no_metadata_unless_they_are_sent(groups: GroupUseCases) -> None:
    group = await groups.create()
    assert (group.discount, group.metadata) == (Decimal(0), {})


async def test_an_update_writes_what_was_sent_and_nothing_else(groups: GroupUseCases) -> None:
    group = await groups.group(name="Old", discount=5, metadata={"a": 1})
    other = await groups.records.account(number="4020", name="Exports")
    before = (await groups.stored())[group]
    row = await groups.update(group, name="New", account_id=str(other))
    after = (await groups.stored())[group]
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"name", "name_prefix", "account_id", "version", "updated_at"}
    assert (row.name, row.account_number, row.account_name, row.version) == ("New", "4020", "Exports", 2)


async def test_an_update_without_a_real_change_writes_nothing(groups: GroupUseCases) -> None:
    group = await groups.group(number="7", discount=5, metadata={"a": 1, "b": True})
    before = await everything_of(groups.engine, groups.records.company_id)
    same: list[dict[str, Any]] = [
        {},
        {"number": " 7 ", "discount": Decimal("5.0"), "account_id": str(groups.account)},
        {"metadata": {"b": True, "a": 1}},
        {"metadata_set": {"a": 1}, "metadata_unset": ["c"]},
    ]
    for given in same:
        assert (await groups.update(group, **given)).version == 1
    assert await everything_of(groups.engine, groups.records.company_id) == before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"metadata": {"c": "x"}}, {"c": "x"}),
        ({"metadata": {}}, {}),
        ({"metadata_set": {"a": True}}, {"a": True, "b": "kept"}),
        ({"metadata_set": {"a": True, "c": 2}}, {"a": True, "b": "kept", "c": 2}),
        ({"metadata_unset": ["a", "unknown"]}, {"b": "kept"}),
        ({"metadata_set": {"c": 2}, "metadata_unset": ["a"]}, {"b": "kept", "c": 2}),
    ],
)
async def test_metadata_is_replaced_whole_or_entry_by_entry(
    groups: GroupUseCases, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    group = await groups.group(metadata={"a": 1, "b": "kept"})
    row = await groups.update(group, **given)
    stored = (await groups.stored())[group]["metadata"]
    for metadata in (row.metadata, stored):
        # Compared with their types, because to Python true is 1.
        assert {key: (type(value), value) for key, value in metadata.items()} == {
            key: (type(value), value) for key, value in expected.items()
        }
    async with groups.engine.connect() as connection:
        indexed = select(customer_group_metadata).where(customer_group_metadata.c.customer_group_id == group)
        assert len((await connection.execute(indexed)).all()) == len(expected)


async def test_metadata_is_bounded_with_what_is_stored(groups: GroupUseCases) -> None:
    group = await groups.group(metadata={str(place): place for place in range(50)})
    expected = [(ErrorCode.METADATA_LIMIT_EXCEEDED, ("metadata_set",))]
    assert await groups.codes(groups.update(group, metadata_set={"one more": 1})) == expected
    assert len((await groups.update(group, metadata_set={"50": 1}, metadata_unset=["0"])).metadata) == 50


async def test_all_problems_of_an_input_are_reported_at_once(groups: GroupUseCases) -> None:
    given: dict[str, Any] = {
        "number": "x" * 51,
        "name": " ",
        "discount": Decimal("100.01"),
        "account_id": "x",
        "metadata": {"": 1, "k": "v" * 501},
    }
    problems = [
        (ErrorCode.FIELD_TOO_LONG, ("number",)),
        (ErrorCode.FIELD_REQUIRED, ("name",)),
        (ErrorCode.FIELD_INVALID, ("discount",)),
        (ErrorCode.FIELD_INVALID, ("account_id",)),
        (ErrorCode.METADATA_VALUE_INVALID, ("metadata", "")),
        (ErrorCode.METADATA_VALUE_INVALID, ("metadata", "k")),
    ]
    assert sorted(await groups.codes(groups.create(**given))) == sorted(problems)
    assert await groups.codes(groups.update(await groups.group(), **given)) == problems


async def test_nothing_of_a_group_can_be_null(groups: GroupUseCases) -> None:
    group = await groups.group()
    fields = ("number", "name", "discount", "account_id", "metadata")
    problems = await groups.rejection(groups.update(group, **dict.fromkeys(fields)))
    assert [(problem.code, problem.path[0]) for problem in problems] == [
        (ErrorCode.FIELD_NOT_CLEARABLE, name) for name in ("number", "name", "discount", "account_id", "metadata")
    ]


@pytest.mark.parametrize("discount", ["-0.01", "100.01", "0.001", "NaN"])
async def test_a_discount_is_a_percentage_of_two_decimals(groups: GroupUseCases, discount: str) -> None:
    expected = [(ErrorCode.FIELD_INVALID, ("discount",))]
    assert await groups.codes(groups.create(discount=Decimal(discount))) == expected


@pytest.mark.parametrize("discount", ["0", "0.01", "100", "100.00"])
async def test_a_discount_may_be_anything_from_nothing_to_all(groups: GroupUseCases, discount: str) -> None:
    assert (await groups.create(discount=Decimal(discount))).discount == Decimal(discount)


async def test_what_is_not_there_is_not_found(groups: GroupUseCases) -> None:
    account = [(ErrorCode.LEDGER_ACCOUNT_NOT_FOUND, ("account_id",))]
    assert await groups.codes(groups.create(account_id=str(uuid4()))) == account
    assert await groups.codes(groups.update(await groups.group(), account_id=str(uuid4()))) == account
    for doing in (groups.update(uuid4(), name="x"), groups.delete(uuid4())):
        assert await groups.codes(doing) == [(ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("id",))]


async def test_another_company_s_rows_are_not_found_and_stay(groups: GroupUseCases, database: Database) -> None:
    group = await groups.group(number="1")
    company = await new_company(groups.engine)
    other_company = GroupUseCases(groups.engine, UnitOfWork(database, company), groups.records, groups.account)
    assert await other_company.codes(other_company.create()) == [(ErrorCode.LEDGER_ACCOUNT_NOT_FOUND, ("account_id",))]
    for doing in (other_company.update(group, name="x"), other_company.delete(group)):
        assert await other_company.codes(doing) == [(ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("id",))]
    own = await Records(groups.engine, company).account()
    assert (await other_company.create(number="1", account_id=str(own))).number == "1"


async def test_a_number_that_another_group_has_is_rejected(groups: GroupUseCases) -> None:
    await groups.group(number="1")
    group = await groups.group(number="2")
    taken = [(ErrorCode.CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS, ("number",))]
    assert await groups.codes(groups.create(number=" 1 ")) == taken
    assert await groups.codes(groups.update(group, number="1", name="x")) == taken
    assert (await groups.update(group, number="01")).number == "01"


async def test_a_group_without_customers_is_removed_with_its_metadata(groups: GroupUseCases) -> None:
    group = await groups.group(name="Gone", metadata={"a": 1})
    stays = await groups.group()
    removed = await groups.delete(group)
    assert (removed.id, removed.name, removed.metadata) == (group, "Gone", {"a": 1})
    assert list(await groups.stored()) == [stays]
    assert (await everything_of(groups.engine, groups.records.company_id))["customer_group_metadata"] == []


async def test_a_group_in_use_stays_and_says_how_many_and_who(groups: GroupUseCases) -> None:
    group = await groups.group()
    users = [
        await groups.records.customer(customer_group_id=group, customer_number=str(place), is_active=place > 2)
        for place in range(1, 13)
    ]
    (problem,) = await groups.rejection(groups.delete(group))
    assert isinstance(problem, CustomersProblem)
    assert (problem.code, problem.path) == (ErrorCode.CUSTOMER_GROUP_IN_USE, ("id",))
    assert problem.customer_ids == tuple(users[:10])
    assert "12 " in problem.message


async def test_a_version_that_has_moved_on_is_rejected_with_what_is_stored(groups: GroupUseCases) -> None:
    group = await groups.group(version=3, name="Now")
    before = await everything_of(groups.engine, groups.records.company_id)
    for doing in (groups.update(group, expected_version=2, name="x"), groups.delete(group, expected_version=4)):
        with pytest.raises(Rejected) as rejected:
            await doing
        (problem,) = rejected.value.problems
        assert isinstance(problem, VersionProblem)
        assert (problem.code, problem.path) == (ErrorCode.VERSION_CONFLICT, ("expected_version",))
        assert (problem.actual_version, problem.changed_fields) == (3, ())
        assert isinstance(rejected.value.current, GroupOutcome)
        assert rejected.value.current.group.name == "Now"
    assert await everything_of(groups.engine, groups.records.company_id) == before
    assert (await groups.update(group, expected_version=3, name="x")).version == 4
    await groups.delete(group, expected_version=4)


async def test_an_unknown_account_and_a_taken_number_are_rejected_together(groups: GroupUseCases) -> None:
    await groups.group(number="7")

    assert await groups.codes(groups.create(number="7", account_id=str(uuid4()))) == [
        (ErrorCode.CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS, ("number",)),
        (ErrorCode.LEDGER_ACCOUNT_NOT_FOUND, ("account_id",)),
    ]


async def test_malformed_fields_are_reported_together_with_what_is_stored(groups: GroupUseCases) -> None:
    group, _ = await groups.group(number="8"), await groups.group(number="7")
    given: dict[str, Any] = {"name": " ", "number": "7", "account_id": str(uuid4())}
    stored = [
        (ErrorCode.CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS, ("number",)),
        (ErrorCode.LEDGER_ACCOUNT_NOT_FOUND, ("account_id",)),
    ]
    name, unknown = (ErrorCode.FIELD_REQUIRED, ("name",)), (ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("id",))
    outdated, fits = (ErrorCode.VERSION_CONFLICT, ("expected_version",)), {str(place): 1 for place in range(50)}

    assert await groups.codes(groups.create(**given)) == [name, *stored]
    assert await groups.codes(groups.update(group, **given)) == [name, *stored]
    assert await groups.codes(groups.update(uuid4(), **given)) == [name, unknown, *stored]
    assert await groups.codes(groups.update(group, expected_version=9, **given)) == [name, outdated, *stored]
    full = await groups.group(number="9", metadata=fits)
    excess = (ErrorCode.METADATA_LIMIT_EXCEEDED, ("metadata_set",))
    assert await groups.codes(groups.update(full, metadata_set={"more": 1}, **given)) == [name, excess, *stored]


async def test_an_update_without_a_number_isn_t_taken_for_one_named_none(groups: GroupUseCases) -> None:
    await groups.group(number="None")

    assert (await groups.update(await groups.group(number="7"), name="New")).number == "7"


async def test_a_rejected_row_and_a_rejected_mutation_have_the_same_problems(groups: GroupUseCases) -> None:
    await groups.group(number="7")
    group = await groups.group(number="8")
    given: dict[str, Any] = {"name": " ", "number": "7", "account_id": str(uuid4()), "discount": "x"}
    list_ = UpsertCustomerGroupsCommand(({"id": str(group)} | given,))

    single = await groups.rejection(groups.update(group, **given))
    listed = await groups.rejection(upsert_customer_groups(groups.unit_of_work, "tester", list_, None))

    assert {(problem.path, problem.message) for problem in single} == {
        (problem.path[2:], problem.message) for problem in listed
    }
    assert len(single) == len(listed) == 4


async def test_a_malformed_input_doesn_t_use_its_key(groups: GroupUseCases) -> None:
    account = str(groups.account)
    malformed = CreateCustomerGroupCommand({"number": "1", "name": " ", "account_id": account})
    valid = CreateCustomerGroupCommand({"number": "1", "name": "New", "account_id": account})

    first = await groups.codes(create_customer_group(groups.unit_of_work, "tester", malformed, "key"))
    await create_customer_group(groups.unit_of_work, "tester", valid, "key")
    again = await groups.codes(create_customer_group(groups.unit_of_work, "tester", malformed, "key"))

    assert first == [(ErrorCode.FIELD_REQUIRED, ("name",))]
    assert again == [*first, (ErrorCode.IDEMPOTENCY_KEY_REUSED, ("idempotency_key",))]


async def test_a_malformed_key_is_rejected_together_with_malformed_fields(groups: GroupUseCases) -> None:
    command = CreateCustomerGroupCommand({"number": "1", "name": " ", "account_id": str(groups.account)})

    problems = await groups.codes(create_customer_group(groups.unit_of_work, "tester", command, " "))

    assert problems == [
        (ErrorCode.FIELD_REQUIRED, ("name",)),
        (ErrorCode.FIELD_INVALID, ("idempotency_key",)),
    ]
