"""upsertLedgerAccounts: what becomes of each row, what is recorded, what it costs, and what becomes of lists that
meet."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.identifiers import new_id
from app.db.tables import ledger_accounts, outbox_events
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, LimitProblem, Rejected
from app.domain.upserts import RejectionPolicy, RowOutcome
from app.services.upsert_accounts import UpsertAccountsCommand, UpsertAccountsOutcome, upsert_accounts
from tests.services.rivals import meeting
from tests.support.records import Records, new_company
from tests.support.untouched import everything_of

CREATED, UPDATED, UNCHANGED, REFUSED = RowOutcome
ROW_BY_ROW = RejectionPolicy.ROW_BY_ROW


async def upsert(
    unit_of_work: UnitOfWork, *rows: Mapping[str, object], key: str | None = None, **control: Any
) -> UpsertAccountsOutcome:
    outcome, _ = await upsert_accounts(unit_of_work, "tester", UpsertAccountsCommand(rows, **control), key)
    return outcome


def outcomes(outcome: UpsertAccountsOutcome) -> list[RowOutcome]:
    return [result.outcome for result in outcome.results]


async def events_of(engine: AsyncEngine, company: UUID) -> list[dict[str, Any]]:
    query = select(outbox_events).where(outbox_events.c.company_id == company).order_by(outbox_events.c.sequence)
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(query)).mappings()]


async def test_each_row_is_created_updated_or_left_as_it_is_and_recorded(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    old = await records.account(number="1000", name="Old")
    same = await records.account(number="1010", name="Same")

    outcome = await upsert(
        unit_of_work,
        {"number": " 1020 ", "name": " New "},
        {"number": "1000", "name": "Changed"},
        {"number": "1010", "name": "Same"},
        {"number": "01010"} | {"name": "Another number"},
    )

    assert outcomes(outcome) == [CREATED, UPDATED, UNCHANGED, CREATED]
    shown = [result.ledger_account for result in outcome.results]
    assert [(account.number, account.name, account.version) for account in shown if account] == [
        ("1020", "New", 1),
        ("1000", "Changed", 2),
        ("1010", "Same", 1),
        ("01010", "Another number", 1),
    ]
    assert [account.id for account in shown if account][1:3] == [old, same]
    assert [result.changed_fields for result in outcome.results] == [(), ("name",), (), ()]
    events = await events_of(owner_engine, company)
    assert [(event["type"], event["actor"], event["data"]) for event in events] == [
        ("ledger_account.created", "tester", {"version": 1, "number": "1020"}),
        ("ledger_account.created", "tester", {"version": 1, "number": "01010"}),
        ("ledger_account.updated", "tester", {"version": 2, "changedFields": ["name"]}),
    ]
    assert events[2]["subject_id"] == old


async def test_a_list_that_was_written_changes_nothing_when_it_is_repeated(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, company: UUID
) -> None:
    rows = [{"number": str(number), "name": f"Account {number}"} for number in range(3)]
    await upsert(unit_of_work, *rows)
    before = await everything_of(owner_engine, company)

    assert outcomes(await upsert(unit_of_work, *rows, {"number": "2 "} | {"name": "Twice"}, on_refusal=ROW_BY_ROW)) == [
        UNCHANGED,
        UNCHANGED,
        REFUSED,
        REFUSED,
    ]
    assert outcomes(await upsert(unit_of_work, *rows)) == [UNCHANGED] * 3
    assert outcomes(await upsert(unit_of_work, {"number": "1"})) == [UNCHANGED]
    assert await everything_of(owner_engine, company) == before


MALFORMED: list[tuple[dict[str, object], list[tuple[str, ErrorCode]]]] = [
    ({}, [("number", ErrorCode.FIELD_REQUIRED)]),
    ({"number": " ", "name": " "}, [("number", ErrorCode.FIELD_REQUIRED), ("name", ErrorCode.FIELD_REQUIRED)]),
    ({"number": "new"}, [("name", ErrorCode.FIELD_REQUIRED)]),
    ({"number": "new", "name": None}, [("name", ErrorCode.FIELD_NOT_CLEARABLE)]),
    ({"number": None, "name": "Name"}, [("number", ErrorCode.FIELD_NOT_CLEARABLE)]),
    (
        {"number": "1" * 51, "name": "x" * 256},
        [("number", ErrorCode.FIELD_TOO_LONG), ("name", ErrorCode.FIELD_TOO_LONG)],
    ),
    ({"number": "a\0", "name": 7}, [("number", ErrorCode.FIELD_INVALID), ("name", ErrorCode.FIELD_INVALID)]),
    ({"number": "same", "name": "\ud800"}, [("name", ErrorCode.FIELD_INVALID)]),
]


@pytest.mark.parametrize(("row", "expected"), MALFORMED)
async def test_all_problems_of_a_row_are_told_at_their_paths_and_the_others_are_written(
    unit_of_work: UnitOfWork, row: dict[str, object], expected: list[tuple[str, ErrorCode]]
) -> None:
    outcome = await upsert(unit_of_work, {"number": "1", "name": "Good"}, row, on_refusal=ROW_BY_ROW)

    assert outcomes(outcome) == [CREATED, REFUSED]
    found = [(problem.path, problem.code) for problem in outcome.results[1].errors]
    assert sorted(found) == sorted((("rows", 1, name), code) for name, code in expected)


async def test_one_rejected_row_keeps_all_from_being_written_unless_told_otherwise(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    await records.account(number="1", name="Old")
    before = await everything_of(owner_engine, company)

    with pytest.raises(Rejected) as rejected:
        await upsert(unit_of_work, {"number": "1", "name": "New"}, {"number": "2"}, key="k")

    assert [(problem.code, problem.path) for problem in rejected.value.problems] == [
        (ErrorCode.FIELD_REQUIRED, ("rows", 1, "name"))
    ]
    assert isinstance(rejected.value.current, UpsertAccountsOutcome)
    assert outcomes(rejected.value.current) == [UPDATED, REFUSED]
    assert await everything_of(owner_engine, company) == before


async def test_a_dry_run_decides_everything_writes_nothing_and_leaves_the_key_unused(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    await records.account(number="1", name="Old")
    before = await everything_of(owner_engine, company)

    outcome = await upsert(
        unit_of_work, {"number": "1", "name": "New"}, {"number": "2", "name": "Two"}, dry_run=True, key="k"
    )

    assert outcomes(outcome) == [UPDATED, CREATED]
    assert [result.ledger_account and result.ledger_account.name for result in outcome.results] == ["Old", None]
    assert await everything_of(owner_engine, company) == before


async def test_the_same_key_answers_the_same_again_and_another_list_is_rejected(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, company: UUID
) -> None:
    command = UpsertAccountsCommand(({"number": "1", "name": "One"}, {"number": ""}), ROW_BY_ROW)
    first, _ = await upsert_accounts(unit_of_work, "tester", command, "k")
    before = await everything_of(owner_engine, company)

    again, replayed = await upsert_accounts(unit_of_work, "tester", command, "k")

    assert (again, replayed) == (first, True)
    assert await everything_of(owner_engine, company) == before
    with pytest.raises(Rejected) as rejected:
        await upsert(unit_of_work, {"number": "1", "name": "Other"}, key="k")
    assert [problem.code for problem in rejected.value.problems] == [ErrorCode.IDEMPOTENCY_KEY_REUSED]


@pytest.mark.parametrize(("count", "code"), [(0, ErrorCode.FIELD_REQUIRED), (501, ErrorCode.FIELD_TOO_LONG)])
async def test_a_list_has_1_to_500_rows(unit_of_work: UnitOfWork, count: int, code: ErrorCode) -> None:
    with pytest.raises(Rejected) as rejected:
        await upsert(unit_of_work, *({"number": str(place), "name": "x"} for place in range(count)))
    (problem,) = rejected.value.problems
    assert (problem.code, problem.path) == (code, ("rows",))
    assert not isinstance(problem, LimitProblem) or (problem.limit, problem.actual) == (500, 501)
    assert unit_of_work.statements == 0


@pytest.mark.parametrize("count", [1, 10, 250])
async def test_a_list_costs_the_same_statements_however_long_it_is(
    database: Database, company: UUID, count: int
) -> None:
    numbers = range(count)
    await upsert(UnitOfWork(database, company), *({"number": f"old {number}", "name": "Old"} for number in numbers))
    unit_of_work = UnitOfWork(database, company)

    outcome = await upsert(
        unit_of_work,
        *({"number": f"old {number}", "name": "New"} for number in numbers),
        *({"number": f"new {number}", "name": "New"} for number in numbers),
    )

    assert outcomes(outcome) == [UPDATED] * count + [CREATED] * count
    # Lock, insert, update, events.
    assert unit_of_work.statements == 4


async def test_lists_that_meet_make_each_account_once(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    rows = [{"number": str(number), "name": "Same"} for number in range(20)]
    lists = [rows if place % 2 else rows[::-1] for place in range(6)]

    found = await asyncio.gather(*(upsert(UnitOfWork(database, company), *rows) for rows in lists))

    assert sum(outcome is CREATED for answer in found for outcome in outcomes(answer)) == 20
    assert {outcome for answer in found for outcome in outcomes(answer)} == {CREATED, UNCHANGED}
    assert len(await events_of(owner_engine, company)) == 20


async def test_an_account_that_is_made_at_the_same_moment_is_updated(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, company: UUID
) -> None:
    rival = insert(ledger_accounts).values(company_id=company, id=new_id(), number="1", name="Rival")

    (outcome,) = await meeting(owner_engine, rival, upsert(unit_of_work, {"number": "1", "name": "Mine"}))

    assert outcomes(outcome) == [UPDATED]
    assert outcome.results[0].ledger_account.version == 2


async def test_another_company_s_account_of_the_same_number_is_left_alone(
    database: Database, owner_engine: AsyncEngine, unit_of_work: UnitOfWork, records: Records, company: UUID
) -> None:
    from_other = UnitOfWork(database, (await _other(owner_engine)).company_id)
    await records.account(number="1", name="Mine")
    before = await everything_of(owner_engine, company)

    assert outcomes(await upsert(from_other, {"number": "1", "name": "Theirs"})) == [CREATED]
    assert await everything_of(owner_engine, company) == before
    assert outcomes(await upsert(unit_of_work, {"number": "1", "name": "Mine"})) == [UNCHANGED]


async def _other(engine: AsyncEngine) -> Records:
    return Records(engine, await new_company(engine))
