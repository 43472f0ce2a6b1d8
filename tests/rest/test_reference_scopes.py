"""What the reference says of scopes: each endpoint needs one, and no other."""

from uuid import UUID

import pytest
import pytest_asyncio

from app.domain.identity import Scope
from tests.rest import reference
from tests.rest.access import TABLE
from tests.support.every_mutation import Ids, ids_of
from tests.support.records import Records
from tests.support.rest import RestService


@pytest_asyncio.fixture(loop_scope="session")
async def ids(records: Records) -> Ids:
    return await ids_of(records)


@pytest.mark.parametrize("name", reference.ENDPOINTS)
async def test_an_endpoint_needs_exactly_the_scope_of_the_reference(
    production: RestService, company: UUID, ids: Ids, name: str
) -> None:
    row, needed = TABLE[name], Scope(reference.ENDPOINTS[name].scope)

    response = await production.caller(company, needed).send(row.method, row.path(ids), row.body_of(ids))

    assert response.status_code == row.status, response.text
    assert row.scope is needed
    others = [scope for scope in Scope if scope is not needed]
    problem = await production.caller(company, *others).error(row.method, row.path(ids), row.body_of(ids))
    assert (problem.status, problem.code) == (403, "INSUFFICIENT_PERMISSIONS")
