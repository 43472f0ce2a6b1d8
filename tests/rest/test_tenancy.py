"""Two companies with the same numbers, names and keys over REST: nothing of one is shown to the other.

Statements alone keep them apart, too: the second service runs as the owner, to whom no policy applies.
"""

from collections.abc import AsyncGenerator, Callable

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.support.rest import CUSTOMERS, GROUPS, RestService, next_page, rest_service
from tests.support.tenant_isolation import assert_nothing_of
from tests.support.two_companies import Companies, Company, made

READS: dict[str, Callable[[Company], str]] = {
    "customers": lambda _: CUSTOMERS,
    "a page": lambda _: f"{CUSTOMERS}?limit=500",
    "number": lambda _: f"{CUSTOMERS}?customerNumber=1",
    "external id": lambda _: f"{CUSTOMERS}?externalSystemId=crm:1",
    "metadata": lambda _: f"{CUSTOMERS}?metadata[segment]=gold",
    "customer": lambda own: f"{CUSTOMERS}/{own.child}",
    "contacts": lambda own: f"{CUSTOMERS}/{own.parent}/contacts",
    "departments": lambda own: f"{CUSTOMERS}/{own.parent}/departments",
    "groups": lambda _: GROUPS,
    "groups by metadata": lambda _: f"{GROUPS}?metadata[region]=north",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def companies(owner_engine: AsyncEngine) -> Companies:
    return Companies(await made(owner_engine, "kestrel"), await made(owner_engine, "osprey"))


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["both walls", "statements alone"])
async def standing(
    request: pytest.FixtureRequest, service_dsn: str, owner_dsn: str, signing_keys: DevelopmentKeys
) -> AsyncGenerator[RestService]:
    dsn = service_dsn if request.param == "both walls" else owner_dsn
    async with rest_service(dsn, signing_keys) as service:
        yield service


@pytest.mark.parametrize("name", READS)
async def test_an_endpoint_shows_the_own_rows_and_nothing_of_the_other_company(
    standing: RestService, companies: Companies, name: str
) -> None:
    # Whatever the service keeps of lists was read for both.
    shown = {
        of: (await standing.caller(of.id, *Scope).send("GET", READS[name](of))).text
        for of in (companies.other, companies.own)
    }

    for of, not_of in ((companies.own, companies.other), (companies.other, companies.own)):
        assert_nothing_of(not_of, shown[of])
        assert any(trace in shown[of] for trace in of.traces), shown[of]


async def test_the_cursor_of_a_page_is_of_no_use_to_another_company(
    standing: RestService, companies: Companies
) -> None:
    for path in (CUSTOMERS,):
        page = await standing.caller(companies.other.id, *Scope).send("GET", f"{path}?limit=1")
        following = next_page(page)
        assert following is not None

        problem = await standing.caller(companies.own.id, *Scope).error("GET", following)

        assert (problem.status, list(problem.properties)) == (400, ["after"])
        assert_nothing_of(companies.other, problem.message)
