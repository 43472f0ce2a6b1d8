"""The guides: every document in them fits the schema, and their examples give the answers that are printed."""

import json
import re
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from graphql import parse, validate

from app.db import customer_writes
from app.db.database import Database
from app.db.seed import demo_company_id, seed
from app.graphql.schema import executable, schema
from tests.support.asking import Caller
from tests.support.clock import DatabaseClock
from tests.support.databases import same_database
from tests.support.feed import stamp_all
from tests.support.printed import pairs, translated

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = [
    pytest.param(path.read_text(), id=path.name) for path in sorted((ROOT / "examples").glob("*/*.graphql"))
] + [
    pytest.param(document, id=f"{path.name} {number}")
    for path in sorted(DOCS.rglob("*.md"))
    for number, document in enumerate(re.findall(r"```graphql\n(.*?)```", path.read_text(), re.DOTALL), start=1)
    # What another subgraph declares is no document for this schema; it is held to the keys elsewhere.
    if "@link(" not in document
]
TODAY = date(2026, 6, 19)
STEP = re.compile(r"```graphql\n(.*?)```\n((?:[^`]*?```json\n.*?```)+)", re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_document_of_the_guides_fits_the_schema(document: str) -> None:
    assert validate(executable(schema), parse(document)) == []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> DatabaseClock:
    """The day of the guides, until a step is later."""
    clock = DatabaseClock()
    clock.now = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)
    monkeypatch.setattr(customer_writes, "clock", clock)
    return clock


@pytest_asyncio.fixture(loop_scope="session")
async def demo(migrated_dsn: str, service_dsn: str) -> AsyncGenerator[Caller]:
    """Someone of the first demo company."""
    await seed(migrated_dsn, companies=1, customers=20, today=TODAY, progress=lambda _done, _total: None)
    dsn = same_database(service_dsn, migrated_dsn)
    database = Database(dsn, pool_size=2, pool_timeout_seconds=5, statement_timeout_seconds=5)
    yield Caller(database, demo_company_id(), subject="frontend")
    await database.dispose()


def test_no_guide_prints_a_digest_that_would_be_rejected_if_it_were_pasted() -> None:
    printed = re.compile(r'(?i)digest"?: "(?!<digest>)[^"]*"')

    assert [(path.name, found) for path in DOCS.rglob("*.md") for found in printed.findall(path.read_text())] == []


@pytest.mark.parametrize(("page", "count"), [("transition.md", 4), ("billing.md", 7), ("events.md", 3)])
async def test_the_example_of_a_page_gives_the_answers_that_are_printed(
    demo: Caller, clock: DatabaseClock, page: str, count: int
) -> None:
    steps = STEP.findall((DOCS / page).read_text())
    assert len(steps) == count
    real: dict[str, str] = {}
    for document, blocks in steps:
        if '"billedOn": "2026-07-15"' in blocks:
            clock.now = datetime(2026, 7, 15, 10, tzinfo=UTC)
        *given, printed = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", blocks, re.DOTALL))
        variables: dict[str, Any] = translated(given[0], real) if given else {}
        await stamp_all(demo.database)
        answer = {"data": await demo.sent(document, **variables)}
        real |= pairs(printed, answer)
        assert translated(printed, real) == answer
    assert len(set(real.values())) == len(real)
