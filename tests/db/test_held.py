"""The edges of held rows: all of them, or the first ones until they fill a page or take long."""

from collections.abc import Callable
from uuid import UUID, uuid4

import orjson
import pytest

from app.db import graph
from app.db.arguments import HeldRows
from app.db.database import Database
from app.db.plans import held
from app.db.plans.held import held_statement, page_statement
from app.db.plans.slots import values_of
from app.db.plans.statement import Statement
from app.db.plans.tree import Held, Single
from tests.db.trees import plain
from tests.support.records import Records

NAMED = Single(graph.customer, plain(graph.customer, "name"), "subject_id", required=False)
NOTED = Single(graph.customer, plain(graph.customer, "notes"), "subject_id", required=False)
MISSING = uuid4()


async def shown(
    make: Callable[..., Statement], database: Database, company: UUID, ids: list[UUID]
) -> list[list[dict[str, str] | None]]:
    """Return the objects of a statement, for each edge."""
    arguments = (HeldRows(("subject_id",), (ids,)),)
    made = make((Held((NAMED, NOTED), 0),), arguments, frozenset())
    row = await database.plan_connections.row(
        made.sql, made.parameters(company, values_of(arguments)), company, plan_for_values=made.plan_for_values
    )
    return [[orjson.loads(part) for part in column] for column in row or ()]


async def customers(records: Records) -> list[UUID]:
    """Insert customers whose notes differ in length."""
    return [await records.customer(name=str(number), notes="n" * 500 * number) for number in range(1, 6)]


@pytest.mark.parametrize("make", [held_statement, page_statement])
async def test_small_rows_are_all_shown_in_their_order(
    make: Callable[..., Statement], database: Database, company: UUID, records: Records
) -> None:
    first, second, *others = await customers(records)
    named, noted = await shown(make, database, company, [second, MISSING, first, *others])

    assert [found and found["name"] for found in named] == ["2", None, "1", "3", "4", "5"]
    assert [found and len(found["notes"]) for found in noted] == [1_000, None, 500, 1_500, 2_000, 2_500]


@pytest.mark.parametrize(("size", "count"), [(1, 1), (600, 2), (1_700, 3), (100_000, 5)])
async def test_a_page_ends_with_the_row_that_fills_it(
    database: Database, company: UUID, records: Records, monkeypatch: pytest.MonkeyPatch, size: int, count: int
) -> None:
    monkeypatch.setattr(held, "PAGE_BYTES", size)
    found = await shown(page_statement, database, company, await customers(records))

    assert [len(edge) for edge in found] == [count, count]


async def test_no_row_is_begun_after_some_time_but_the_first_one(
    database: Database, company: UUID, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "_PAGE_SECONDS", 0)
    found = await shown(page_statement, database, company, await customers(records))

    assert [len(edge) for edge in found] == [1, 1]
