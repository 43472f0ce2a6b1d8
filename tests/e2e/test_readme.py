"""The README's query really gives the README's answer, on the demo data that `make dev` writes."""

import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from app.db.database import Database
from app.db.seed import demo_company_id, seed
from tests.support.asking import Caller
from tests.support.databases import same_database

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest_asyncio.fixture(loop_scope="session")
async def demo(migrated_dsn: str, service_dsn: str) -> AsyncGenerator[Caller]:
    """Someone of the first demo company."""
    await seed(migrated_dsn, companies=2, customers=300, seed=1, progress=lambda _done, _total: None)
    dsn = same_database(service_dsn, migrated_dsn)
    database = Database(
        dsn,
        pool_size=2,
        pool_timeout_seconds=5,
        statement_timeout_seconds=5,
    )
    yield Caller(database, demo_company_id())
    await database.dispose()


async def test_the_query_gives_the_answer(demo: Caller) -> None:
    (query,) = re.findall(r"```graphql\n(.*?)```", README, re.DOTALL)
    (answer,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)

    assert {"data": await demo.data(query)} == json.loads(answer)
