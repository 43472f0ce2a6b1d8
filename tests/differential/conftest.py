"""Fixtures of the differential tests: the companies, and the two applications that are compared."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.differential.applications import Pair, Request, pair_over
from tests.differential.world import Company, pairs_of, values_of, write_companies

_CURSORS = """query($first: Int) {
  customers(first: $first) { edges { cursor node {
    children(first: $first) { edges { cursor } } history(first: $first) { edges { cursor } }
  } } }
  customerGroups(first: $first) { customers(first: $first) { edges { cursor } } }
}"""


@pytest.fixture(scope="package")
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentKeys:
    """Keys that sign the tokens of both applications."""
    folder: Path = tmp_path_factory.mktemp("keys")
    return DevelopmentKeys(folder / "signing")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def pair(service_dsn: str, signing_keys: DevelopmentKeys) -> AsyncGenerator[Pair]:
    """Both applications over the database that all tests share."""
    async with pair_over(service_dsn, signing_keys) as applications:
        yield applications


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def companies(owner_engine: AsyncEngine, pair: Pair) -> dict[str, Company]:
    """The companies by name, with their rows."""
    found = dict[str, Company]()
    for name, company_id in (await write_companies(owner_engine)).items():
        values, pairs = await values_of(owner_engine, company_id), await pairs_of(owner_engine, company_id)
        answer, _ = await pair.both(pair.token(company_id, Scope.CUSTOMERS_READ), Request(_CURSORS, {"first": 8}))
        found[name] = Company(name, company_id, values, pairs, _cursors_of(answer.content["data"]))
    return found


def _cursors_of(data: Any) -> dict[str, list[str]]:
    """Return the cursors of each list in its default order; none for a company whose rows can't be read."""
    if None in data.values():
        return {}
    customers, groups = data["customers"]["edges"], data["customerGroups"]
    lists = {
        "Query.customers": [data["customers"]],
        "Customer.children": [edge["node"]["children"] for edge in customers],
        "Customer.history": [edge["node"]["history"] for edge in customers],
        "CustomerGroup.customers": [group["customers"] for group in groups],
    }
    return {
        name: [edge["cursor"] for connection in found for edge in connection["edges"]][:12]
        for name, found in lists.items()
    }
