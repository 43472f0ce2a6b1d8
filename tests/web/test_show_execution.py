"""How an operation was executed, told in its answer where that is asked for."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.web.development import DevelopmentKeys
from tests.support.records import Records
from tests.support.started import headers_of, settings_of, started

PLANNED = "{customers {nodes {name contacts {name}}}}"
FIELDS = "{customers {nodes {name}} __schema {queryType {name}}}"


async def answers(dsn: str, folder: Path, company_id: UUID, query: str) -> list[bytes]:
    """The bodies of an operation: as they are, as they are where execution is shown, and so without plans."""
    keys = DevelopmentKeys(folder)
    found: list[bytes] = []
    for more in ({}, {"show_execution": True}, {"show_execution": True, "query_plans": False}):
        settings = settings_of(dsn, keys, list_cache_seconds=0, **more)
        async with started(settings, headers_of(keys, company_id)) as client:
            response = await client.post("/graphql", json={"query": query})
            assert response.headers["content-length"] == str(len(response.content))
            found.append(response.content)
    return found


def shown(planned: bool, statements: int) -> dict[str, Any]:  # noqa: FBT001 - a column of the table below
    return {"planned": planned, "repeated": False, "statements": statements}


@pytest.mark.parametrize(
    ("query", "with_plans", "without_plans"),
    [
        (PLANNED, shown(True, 1), shown(False, 2)),
        (FIELDS, shown(False, 1), shown(False, 1)),
        ("{customers(first: 501) {totalCount}}", shown(False, 0), shown(False, 0)),
        (
            'mutation {createContact(input: {customerId: "x", name: "y"}) {errors {code}}}',
            shown(False, 0),
            shown(False, 0),
        ),
    ],
)
async def test_execution_is_the_last_member_of_the_answer_and_the_rest_is_as_ever(
    service_dsn: str,
    tmp_path: Path,
    records: Records,
    query: str,
    with_plans: dict[str, Any],
    without_plans: dict[str, Any],
) -> None:
    await records.contact(await records.customer(name='Å "{}"'), name='}"')

    plain, *told = await answers(service_dsn, tmp_path, records.company_id, query)

    assert "extensions" not in json.loads(plain)
    for body, expected in zip(told, (with_plans, without_plans), strict=True):
        start = body.rindex(b',"extensions":')
        assert body[:start] + b"}" == plain
        content = json.loads(body)
        assert list(content)[-1] == "extensions"
        assert content["extensions"] == {"execution": expected}


@pytest.mark.parametrize("query", ["{unknown}", "{", "{customers {nodes {name}}"])
async def test_a_document_that_is_rejected_was_not_executed_and_says_nothing_of_it(
    service_dsn: str, tmp_path: Path, company: UUID, query: str
) -> None:
    plain, *told = await answers(service_dsn, tmp_path, company, query)

    assert told == [plain, plain]
    assert "extensions" not in json.loads(plain)
