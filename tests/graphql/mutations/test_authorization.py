"""Who may write: every mutation of the schema without a credential, with too little of one, and about another
company."""

import json
from dataclasses import astuple
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.identity import Scope
from app.settings import Settings
from app.web.application import create_app
from tests.support.asking import Caller
from tests.support.every_mutation import (
    MUTATIONS,
    TABLE,
    Ids,
    document,
    ids_of,
)
from tests.support.records import Records, new_company
from tests.support.untouched import everything_of

FOREIGN = [(name, id_field) for name, row in TABLE.items() for id_field in row.foreign]


@pytest_asyncio.fixture(loop_scope="session")
async def ids(records: Records) -> Ids:
    return await ids_of(records)


def test_the_table_has_a_row_for_every_mutation_of_the_schema() -> None:
    assert sorted(TABLE) == sorted(MUTATIONS), "Add a row per mutation to tests/support/every_mutation.py."


@pytest.mark.parametrize("name", TABLE)
async def test_without_a_credential_nothing_is_even_parsed(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str
) -> None:
    before = await everything_of(owner_engine, company)
    app = create_app(Settings.model_validate({"database_url": service_dsn}))
    row = TABLE[name]
    body = {"query": document(name, row.payload), "variables": {"input": row.input(ids)}}

    async with AsyncClient(transport=ASGITransport(app), base_url="http://service.test") as client:
        response = await client.post("/graphql", json=body)

    assert response.status_code == 401
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["UNAUTHENTICATED"]
    assert await everything_of(owner_engine, company) == before


@pytest.mark.parametrize("scopes", ["no scope", "read only", "all others"])
@pytest.mark.parametrize("name", TABLE)
async def test_without_the_scope_to_write_a_mutation_is_rejected_and_the_scope_named(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str, scopes: str
) -> None:
    before = await everything_of(owner_engine, company)
    writes = TABLE[name].writes
    caller.scopes = {
        "no scope": (),
        "read only": (Scope.CUSTOMERS_READ, Scope.ACCOUNTS_READ),
        "all others": tuple(scope for scope in Scope if scope is not writes),
    }[scopes]

    rejection = await caller.rejection(document(name, TABLE[name].payload), input=TABLE[name].input(ids))

    assert (rejection["code"], rejection["requiredScope"], rejection["field"]) == ("FORBIDDEN", writes, [name])
    assert caller.statements == 0
    assert await everything_of(owner_engine, company) == before


@pytest.mark.parametrize("name", TABLE)
async def test_the_scope_to_write_is_enough_to_write_and_to_see_what_was_written(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str
) -> None:
    before = await everything_of(owner_engine, company)
    caller.scopes = (TABLE[name].writes, *TABLE[name].also)

    payload = (await caller.data(document(name, TABLE[name].payload), input=TABLE[name].input(ids)))[name]

    assert payload["errors"] == []
    # What is removed was written by others.
    assert ('"id": "' in json.dumps(payload)) is not name.startswith("delete")
    assert await everything_of(owner_engine, company) != before


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.relation])
async def test_a_mutation_whose_payload_shows_what_may_not_be_read_writes_nothing(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str
) -> None:
    before = await everything_of(owner_engine, company)
    caller.scopes = tuple(scope for scope in Scope if scope is not TABLE[name].reads)

    rejection = await caller.rejection(document(name, TABLE[name].relation), input=TABLE[name].input(ids))

    assert (rejection["code"], rejection["requiredScope"]) == ("FORBIDDEN", TABLE[name].reads)
    assert rejection["field"] == [name, *keys_of(TABLE[name].relation)]
    assert caller.statements == 0
    assert await everything_of(owner_engine, company) == before


def keys_of(selection: str) -> list[str]:
    """The path of the outermost field that may not be read: the last but the leaf."""
    return selection.replace("}", "").replace("{", "").split()[:-1]


@pytest.mark.parametrize(("name", "id_field"), FOREIGN, ids=[".".join(pair) for pair in FOREIGN])
async def test_another_companys_ids_are_not_found_and_nothing_is_written(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str, id_field: str
) -> None:
    other = await new_company(owner_engine)
    theirs = await ids_of(Records(owner_engine, other))
    row = TABLE[name]
    foreign = with_foreign(row.input(ids), row.input(theirs), *id_field.split("."))
    before = [await everything_of(owner_engine, company_id) for company_id in (company, other)]

    payload = (await caller.data(document(name, row.payload), input=foreign))[name]

    errors = [(error["code"], error["path"]) for error in payload["errors"]]
    assert errors == [(row.foreign[id_field], ["input", *id_field.split(".")])]
    assert not any(theirs_id in json.dumps(payload) for theirs_id in astuple(theirs))
    assert [await everything_of(owner_engine, company_id) for company_id in (company, other)] == before


def with_foreign(own: Any, theirs: Any, step: str, *steps: str) -> Any:
    """An input with the value at this path from another one of the same form."""
    key: Any = int(step) if step.isdigit() else step
    made: Any = own.copy()
    made[key] = with_foreign(own[key], theirs[key], *steps) if steps else theirs[key]
    return made
