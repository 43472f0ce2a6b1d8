"""How much one operation may write, as the service is set unless it is told otherwise."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from app.web.development import DevelopmentKeys
from tests.support.started import headers_of, settings_of, started
from tests.support.untouched import everything_of

UPSERTS = """
mutation ($a: UpsertCustomersInput!, $b: UpsertCustomersInput!) {
  a: upsertCustomers(input: $a) { created errors { code ... on LimitError { actual } } }
  b: upsertCustomers(input: $b) { created errors { code } }
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def client(service_dsn: str, company: UUID, tmp_path: Path) -> AsyncGenerator[AsyncClient]:
    keys = DevelopmentKeys(tmp_path / "keys")
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        yield client


async def rejection(client: AsyncClient, query: str, **variables: Any) -> str:
    """The message of an operation that is rejected as too complex."""
    answer = await client.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
    return error["message"]


async def test_the_mutations_of_an_operation_are_bounded(
    client: AsyncClient, company: UUID, owner_engine: AsyncEngine
) -> None:
    before = await everything_of(owner_engine, company)
    fields = " ".join(
        f'a{n}: createCustomerGroup(input: {{number: "{n}", name: "x"}}) {{ replayed }}' for n in range(11)
    )

    assert "runs 11 mutations, with fragments spread out; the limit is 10." in await rejection(
        client, f"mutation {{ {fields} }}"
    )
    assert await everything_of(owner_engine, company) == before


@pytest.mark.parametrize("rows", [(251, 250), (1, 501)])
async def test_the_rows_of_all_lists_of_an_operation_are_bounded_together(
    client: AsyncClient, company: UUID, owner_engine: AsyncEngine, rows: tuple[int, int]
) -> None:
    before = await everything_of(owner_engine, company)
    first, second = ({"rows": [{"externalSystemId": str(n)} for n in range(count)]} for count in rows)

    assert "writes up to 501 rows; the limit is 500." in await rejection(client, UPSERTS, a=first, b=second)
    assert await everything_of(owner_engine, company) == before


async def test_a_list_that_is_too_long_by_itself_is_rejected_with_its_length(client: AsyncClient) -> None:
    document = "mutation ($a: UpsertCustomersInput!) { a: upsertCustomers(input: $a) { errors { code ... on LimitError { actual } } } }"
    answer = await client.post(
        "/graphql", json={"query": document, "variables": {"a": {"rows": [{"externalSystemId": "1"}] * 501}}}
    )
    assert answer.json()["data"]["a"]["errors"] == [{"code": "FIELD_TOO_LONG", "actual": 501}]
