"""upsertContacts and upsertDepartments: what becomes of each row, of the default, and what a list costs."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Rejected, VersionProblem
from app.domain.fields import schema_name
from app.domain.upserts import RejectionPolicy, RowOutcome
from app.services.upsert_contacts import UpsertContactsCommand, upsert_contacts
from tests.services.member_use_cases import MemberUseCases, upsert
from tests.services.records_of_writes import entries_of, events_of
from tests.support.records import Records, new_company
from tests.support.untouched import everything_of

CREATED, UPDATED, UNCHANGED, REFUSED = RowOutcome
ROW_BY_ROW = RejectionPolicy.ROW_BY_ROW


def row(customer: UUID, name: str, **given: Any) -> dict[str, Any]:
    return {"customer": {"id": str(customer)}, "name": name} | given


def outcomes(results: Any) -> list[RowOutcome]:
    return [result.outcome for result in results]


def problems(results: Any) -> list[list[tuple[ErrorCode, tuple[str | int, ...]]]]:
    return [[(problem.code, problem.path[2:]) for problem in result.errors] for result in results]


async def test_each_row_is_created_updated_or_left_as_it_is_and_recorded(members: MemberUseCases) -> None:
    number, external = (
        await members.records.customer(customer_number="77"),
        await members.records.customer(external_system_id="crm"),
    )
    same, old = await members.record(name="Same"), await members.record(name="Old")

    results = await upsert(
        members,
        row(members.customer, " Same "),
        {"id": str(old), "name": "Renamed"},
        {"customer": {"customer_number": "77"}, "name": "By number"},
        {"customer": {"external_system_id": "crm"}, "name": "By key"},
    )

    assert outcomes(results) == [UNCHANGED, UPDATED, CREATED, CREATED]
    assert [result.changed_fields for result in results] == [(), ("name",), (), ()]
    assert [result.shown.id for result in results][:2] == [same, old]
    assert [result.shown.customer_id for result in results] == [members.customer, members.customer, number, external]
    noun = members.kind.service.kind.noun
    told = await events_of(members.engine, members.records.company_id)
    assert sorted(kind for _, kind, _, _ in told) == [f"{noun}.created"] * 2 + [f"{noun}.updated"]
    kept = await entries_of(members.engine, members.records.company_id)
    assert {(subject, version, operation) for subject, version, operation, _, _ in kept} == {
        (old, 2, "UPDATED"),
        *((result.shown.id, 1, "CREATED") for result in results[2:]),
    }


async def test_a_list_that_was_written_is_unchanged_when_it_comes_again(members: MemberUseCases) -> None:
    rows = [row(members.customer, f"Name {place}", **{members.kind.default: place == 1}) for place in range(3)]
    assert outcomes(await upsert(members, *rows)) == [CREATED] * 3
    before = await everything_of(members.engine, members.records.company_id)
    assert outcomes(await upsert(members, *rows)) == [UNCHANGED] * 3
    assert await everything_of(members.engine, members.records.company_id) == before


async def test_all_problems_of_all_rows_are_told_and_nothing_is_written(members: MemberUseCases) -> None:
    twice = [await members.record(name="Twice") for _ in range(2)]
    other = await members.records.customer()
    rows: list[dict[str, object]] = [
        {"name": "No customer"},
        row(uuid4(), "Unknown customer"),
        row(members.customer, "x" * 256),
        {"id": str(uuid4()), "name": "Unknown"},
        row(members.customer, "Twice"),
        {"id": str(twice[0]), "customer": {"id": str(other)}},
        row(members.customer, "Same"),
        row(members.customer, "Same"),
        {"customer": {"id": str(members.customer)}},
        row(members.customer, "Good"),
    ]
    before = await everything_of(members.engine, members.records.company_id)
    with pytest.raises(Rejected) as rejected:
        await upsert(members, *rows)
    results = rejected.value.current.results  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnknownMemberType, reportOptionalMemberAccess] - the outcome of either kind
    assert problems(results) == [
        [(ErrorCode.FIELD_REQUIRED, ("customer",))],
        [(ErrorCode.CUSTOMER_NOT_FOUND, ("customer", "id"))],
        [(ErrorCode.FIELD_TOO_LONG, ("name",))],
        [(members.kind.not_found, ("id",))],
        [(ErrorCode.FIELD_CONFLICT, ("name",))],
        [(ErrorCode.FIELD_CONFLICT, ("customer",))],
        [(ErrorCode.FIELD_CONFLICT, ("name",))],
        [(ErrorCode.FIELD_CONFLICT, ("name",))],
        [(ErrorCode.FIELD_REQUIRED, ("name",))],
        [],
    ]
    assert await everything_of(members.engine, members.records.company_id) == before
    results = await upsert(members, *rows, on_refusal=ROW_BY_ROW)
    assert outcomes(results) == [REFUSED] * 9 + [CREATED]


async def test_an_unchanged_row_shows_that_another_row_took_its_default(members: MemberUseCases) -> None:
    default = members.kind.default
    old, new = await members.record(name="Old", default=True), await members.record(name="New")

    results = await upsert(members, {"id": str(old), "name": "Old"}, {"id": str(new), default: True})

    assert outcomes(results) == [UNCHANGED, UPDATED]
    stored = await members.stored()
    assert [(getattr(result.shown, default), result.shown.version) for result in results] == [(False, 2), (True, 2)]
    assert [stored[result.shown.id][default] for result in results] == [False, True]


async def test_the_default_moves_and_both_sides_are_recorded(members: MemberUseCases) -> None:
    default = members.kind.default
    first, second = await members.record(name="First", default=True), await members.record(name="Second")
    results = await upsert(
        members, row(members.customer, "First", **{default: False}), row(members.customer, "Second", **{default: True})
    )
    assert outcomes(results) == [UPDATED, UPDATED]
    assert await members.defaults() == [second]
    versions = {id_: stored["version"] for id_, stored in (await members.stored()).items()}
    assert versions == {first: 2, second: 2}
    results = await upsert(members, row(members.customer, "Third", **{default: True}))
    assert await members.defaults() == [results[0].shown.id]
    told = await events_of(members.engine, members.records.company_id)
    assert [data["version"] for subject, _, _, data in told if subject == second] == [2, 3]


async def test_a_list_leaves_a_customer_neither_two_defaults_nor_none(members: MemberUseCases) -> None:
    default = members.kind.default
    await members.record(name="First", default=True)
    lone = await members.records.customer()
    alone = await members.record(name="Alone", default=True, customer=lone)
    rows = [row(members.customer, name, **{default: True}) for name in ("A", "B")]
    both = [[(ErrorCode.FIELD_CONFLICT, (default,))]] * 2
    assert problems(await upsert(members, *rows, on_refusal=ROW_BY_ROW)) == both
    rows = [row(members.customer, "First", **{default: False}), row(members.customer, "New")]
    assert problems(await upsert(members, *rows, on_refusal=ROW_BY_ROW)) == [
        [(ErrorCode.DEFAULT_REQUIRED, (default,))],
        [],
    ]
    assert outcomes(await upsert(members, {"id": str(alone), default: False})) == [UPDATED]


async def test_a_dry_run_tells_and_writes_nothing_and_a_key_is_replayed(members: MemberUseCases) -> None:
    before = await everything_of(members.engine, members.records.company_id)
    given = row(members.customer, "New")
    assert outcomes(await upsert(members, given, dry_run=True, key="key")) == [CREATED]
    assert await everything_of(members.engine, members.records.company_id) == before
    first = await upsert(members, given, key="key")
    assert outcomes(first) == [CREATED]
    assert await upsert(members, given, key="key") == first
    assert len(await members.stored()) == 1


async def test_another_company_s_customers_and_members_are_not_found(
    members: MemberUseCases, database: Database
) -> None:
    member = await members.record(name="Mine")
    stranger = UnitOfWork(database, await new_company(members.engine))
    before = await everything_of(members.engine, members.records.company_id)
    rows: list[dict[str, object]] = [row(members.customer, "x"), {"id": str(member), "name": "x"}]
    results = await upsert(members, *rows, unit_of_work=stranger, on_refusal=ROW_BY_ROW)
    assert problems(results) == [
        [(ErrorCode.CUSTOMER_NOT_FOUND, ("customer", "id"))],
        [(members.kind.not_found, ("id",))],
    ]
    assert await everything_of(members.engine, members.records.company_id) == before


async def test_a_row_of_another_version_is_rejected_with_what_changed_since(
    members: MemberUseCases,
) -> None:
    first = await members.create(name="First")
    second = await members.create(name="Second")
    await members.update(second.row.id, name="Renamed")
    await members.update(second.row.id, **{members.kind.default: True})
    before = await everything_of(members.engine, members.records.company_id)
    rows: list[dict[str, object]] = [
        {"id": str(first.row.id), "name": "New", "expected_version": 2},
        {"id": str(second.row.id), "name": "New", "expected_version": 1},
        row(members.customer, "Unknown", expected_version=1),
        {"id": str(second.row.id), "name": "Renamed", "expected_version": 0},
    ]
    with pytest.raises(Rejected) as rejected:
        await upsert(members, *rows[:3])
    conflicts = rejected.value.problems[:2]
    assert all(isinstance(conflict, VersionProblem) for conflict in conflicts)
    assert [
        (conflict.path, conflict.expected_version, conflict.actual_version, conflict.changed_fields)
        for conflict in conflicts
        if isinstance(conflict, VersionProblem)
    ] == [
        (("rows", 0, "expected_version"), 2, 1, ()),
        (("rows", 1, "expected_version"), 1, 3, (schema_name(members.kind.default), "name")),
    ]
    missing = rejected.value.problems[2]
    assert (missing.code, missing.path) == (members.kind.not_found, ("rows", 2, "expected_version"))
    (malformed,) = await upsert(members, rows[3], on_refusal=ROW_BY_ROW)
    assert [problem.code for problem in malformed.errors] == [ErrorCode.FIELD_INVALID]
    assert await everything_of(members.engine, members.records.company_id) == before


async def test_a_row_that_expects_the_stored_version_or_changes_nothing_is_accepted(members: MemberUseCases) -> None:
    member = await members.record(name="Old")
    given = {"id": str(member), "name": "New", "expected_version": 1}
    assert outcomes(await upsert(members, given)) == [UPDATED]
    assert outcomes(await upsert(members, given)) == [UNCHANGED]
    assert outcomes(await upsert(members, given | {"name": "Newer", "expected_version": None})) == [UPDATED]


async def test_a_conflict_of_versions_is_replayed_under_its_key(members: MemberUseCases) -> None:
    member = await members.record(name="Old")
    given = {"id": str(member), "name": "New", "expected_version": 7}
    first = await upsert(members, given, key="key", on_refusal=ROW_BY_ROW)
    assert [problem.code for problem in first[0].errors] == [ErrorCode.VERSION_CONFLICT]
    assert await upsert(members, given, key="key", on_refusal=ROW_BY_ROW) == first


@pytest.mark.parametrize("size", [1, 40, 500])
async def test_a_list_costs_the_same_statements_however_long_it_is(members: MemberUseCases, size: int) -> None:
    default = members.kind.default
    customers = [await members.records.customer() for _ in range(min(size, 40))]
    old = [await members.record(name="Old", default=True, customer=customer) for customer in customers]
    before = members.unit_of_work.statements
    rows: list[dict[str, object]] = [{"id": str(id_), "name": "Renamed"} for id_ in old[: size // 2]]
    rows += [
        row(customers[place % len(customers)], f"New {place}", **{default: place < min(size, 40)})
        for place in range(size - len(rows))
    ]
    await upsert(members, *rows)
    # Customers of ids, customers, members, their number; the defaults; what changes, what is new; records. A list of
    # one has nothing to update.
    assert members.unit_of_work.statements - before == (8 if size == 1 else 9)


async def test_lists_that_meet_create_each_member_once(members: MemberUseCases) -> None:
    rows = [row(members.customer, f"Name {place}", **{members.kind.default: place == 0}) for place in range(20)]
    answers = await asyncio.gather(*(upsert(members, *rows) for _ in range(5)))
    assert sorted(outcomes(answer)[0] for answer in answers) == [CREATED] + [UNCHANGED] * 4
    assert len(await members.stored()) == 20
    assert len(await members.defaults()) == 1


async def test_a_contact_is_found_by_its_email_and_only_within_its_customer(
    records: Records, database: Database
) -> None:
    unit_of_work = UnitOfWork(database, records.company_id)
    customer, other = await records.customer(), await records.customer()
    found = await records.contact(customer, name="Ann", email="ann@example.com")
    await records.contact(other, name="Bo", email="ann@example.com")
    given = {"customer": {"id": str(customer)}, "name": "Anna", "email": "ann@example.com"}
    outcome, _ = await upsert_contacts(unit_of_work, "tester", UpsertContactsCommand((given,)), None)
    (result,) = outcome.results
    assert (result.outcome, result.contact and result.contact.id) == (UPDATED, found)


async def test_emails_in_two_spellings_are_one_key(records: Records, database: Database) -> None:
    unit_of_work = UnitOfWork(database, records.company_id)
    customer = await records.customer()
    found = await records.contact(customer, name="Åse", email="Åse.Straße@example.com")
    given: dict[str, object] = {"customer": {"id": str(customer)}, "name": "Åse", "email": "åSE.STRASSE@Example.com"}

    async def sent(*rows: dict[str, object]) -> list[tuple[RowOutcome, list[str]]]:
        command = UpsertContactsCommand(rows, on_refusal=RejectionPolicy.ROW_BY_ROW)
        outcome, _ = await upsert_contacts(unit_of_work, "tester", command, None)
        assert {result.contact.id for result in outcome.results if result.contact is not None} <= {found}
        return [(result.outcome, [str(problem.path[-1]) for problem in result.errors]) for result in outcome.results]

    assert await sent(given) == [(UPDATED, [])]
    assert await sent(given) == [(UNCHANGED, [])]
    twice = [{**given, "email": "Ny@example.com"}, {**given, "email": "ny@EXAMPLE.com"}]
    assert await sent(*twice) == [(REFUSED, ["email"])] * 2
