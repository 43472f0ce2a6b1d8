"""Who may use the endpoints: every one of them without a credential, with a bad one, with too few scopes, and about
another company."""

import json
from dataclasses import astuple
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import api_keys
from app.domain.identity import Scope
from app.rest.endpoints import ENDPOINTS
from tests.rest.access import FOREIGN, TABLE
from tests.support.every_mutation import Ids, ids_of
from tests.support.records import Records, new_company
from tests.support.rest import RestCaller, RestService, problem_of
from tests.support.untouched import everything_of

KEY_OF_NOBODY = f"cgk_{'A' * 43}"
CREDENTIALS = {
    "none": "UNAUTHENTICATED",
    "expired": "TOKEN_EXPIRED",
    "malformed token": "TOKEN_NOT_ACCEPTED",
    "unknown key": "API_KEY_NOT_ACCEPTED",
    "both": "CREDENTIALS_MALFORMED",
}


@pytest_asyncio.fixture(loop_scope="session")
async def ids(records: Records) -> Ids:
    return await ids_of(records)


def test_the_table_has_a_row_for_every_endpoint() -> None:
    named = sorted(f"{endpoint.method} {endpoint.path}" for endpoint in ENDPOINTS)
    assert sorted(TABLE) == named, "Add a row per endpoint to tests/rest/access.py."


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("name", TABLE)
async def test_a_request_without_a_valid_credential_is_answered_with_401(
    production: RestService, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str, credential: str
) -> None:
    before, row = await everything_of(owner_engine, company), TABLE[name]
    good = production.caller(company, *Scope).headers
    expired = production.keys.mint(company, Scope, "tester", timedelta(seconds=-3600))
    headers = {
        "none": {},
        "expired": {"authorization": f"Bearer {expired}"},
        "malformed token": {"authorization": "Bearer a.b.c"},
        "unknown key": {"x-api-key": KEY_OF_NOBODY},
        "both": {**good, "x-api-key": KEY_OF_NOBODY},
    }[credential]

    response = await RestCaller(production.client, headers).send(row.method, row.path(ids), row.body_of(ids))

    problem = problem_of(response)
    assert (problem.status, problem.code, problem.details) == (401, CREDENTIALS[credential], {})
    assert "www-authenticate" in response.headers
    assert await everything_of(owner_engine, company) == before


@pytest.mark.parametrize("name", TABLE)
async def test_an_api_key_is_accepted_like_a_token(
    production: RestService, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str
) -> None:
    async with owner_engine.begin() as connection:
        _, key = await api_keys.create(connection, company, "REST", tuple(Scope), None)
    row = TABLE[name]

    response = await RestCaller(production.client, {"x-api-key": key}).send(row.method, row.path(ids), row.body_of(ids))

    assert response.status_code == row.status, response.text


@pytest.mark.parametrize("scopes", ["no scope", "all others"])
@pytest.mark.parametrize("name", TABLE)
async def test_a_missing_scope_is_answered_with_403_and_nothing_is_written(
    production: RestService, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str, scopes: str
) -> None:
    before, row = await everything_of(owner_engine, company), TABLE[name]
    granted = [scope for scope in Scope if scope is not row.scope] if scopes == "all others" else []

    problem = await production.caller(company, *granted).error(row.method, row.path(ids), row.body_of(ids))

    assert (problem.status, problem.code) == (403, "INSUFFICIENT_PERMISSIONS")
    assert row.scope in problem.details["requiredScopes"]
    assert row.scope in problem.details["missingScopes"]
    assert await everything_of(owner_engine, company) == before


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.names_customer])
async def test_a_customer_of_another_company_is_answered_with_404(
    production: RestService, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str
) -> None:
    other = await new_company(owner_engine)
    theirs, row = await ids_of(Records(owner_engine, other)), TABLE[name]
    before = [await everything_of(owner_engine, company_id) for company_id in (company, other)]

    response = await production.caller(company, *Scope).send(row.method, row.path(theirs), row.body_of(ids))

    problem = problem_of(response)
    assert (problem.status, problem.code) == (404, "CUSTOMER_NOT_FOUND")
    assert [await everything_of(owner_engine, company_id) for company_id in (company, other)] == before


@pytest.mark.parametrize(("name", "property_"), FOREIGN, ids=[".".join(pair) for pair in FOREIGN])
async def test_an_id_of_another_company_in_a_body_is_answered_with_404(
    production: RestService, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str, property_: str
) -> None:
    other = await new_company(owner_engine)
    theirs, row = await ids_of(Records(owner_engine, other)), TABLE[name]
    assert row.body is not None
    body = row.body(ids) | {property_: row.body(theirs)[property_]}
    before = [await everything_of(owner_engine, company_id) for company_id in (company, other)]

    response = await production.caller(company, *Scope).send(row.method, row.path(ids), body)

    problem = problem_of(response)
    assert (problem.status, problem.code) == (404, row.foreign[property_])
    # The id is only where the caller has written it.
    assert not any(their_id in json.dumps(problem.details) for their_id in astuple(theirs))
    assert [await everything_of(owner_engine, company_id) for company_id in (company, other)] == before


async def test_a_subscription_of_another_company_is_unknown_to_an_acknowledgement(
    production: RestService, owner_engine: AsyncEngine, company: UUID, ids: Ids
) -> None:
    other = await new_company(owner_engine)
    theirs, row = await ids_of(Records(owner_engine, other)), TABLE["PATCH /v1/customers/{customerId}"]
    body = row.body_of(ids)
    assert body is not None
    body["subscriptionTransitions"] = [*body["subscriptionTransitions"], {"subscriptionId": theirs.subscription}]
    before = [await everything_of(owner_engine, company_id) for company_id in (company, other)]

    problem = await production.caller(company, *Scope).error(row.method, row.path(ids), body)

    assert (problem.status, problem.code) == (422, "SUBSCRIPTION_TRANSITIONS_UNKNOWN")
    assert problem.details["subscriptionIds"] == [theirs.subscription]
    assert [await everything_of(owner_engine, company_id) for company_id in (company, other)] == before
