"""Servers and databases that are set up in odd ways: an answer is a matter of the rows alone."""

from collections.abc import AsyncGenerator, Mapping
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import literal_column

from app.db.database import Database
from app.db.roles import make_login_role
from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.differential import everything
from tests.differential.applications import Pair, Request, pair_over
from tests.differential.companies import MOST_INTEGER
from tests.differential.world import Company
from tests.differential.writer import Writer
from tests.support.databases import as_role, execute, new_database, same_database

_SETTINGS: dict[str, dict[str, str]] = {
    "formats": {
        "TimeZone": "Asia/Kathmandu",
        "DateStyle": "German, DMY",
        "IntervalStyle": "sql_standard",
        "extra_float_digits": "-15",
        "bytea_output": "escape",
        "array_nulls": "off",
        "transform_null_equals": "on",
        "quote_all_identifiers": "on",
        "default_transaction_isolation": "serializable",
        "xmlbinary": "hex",
    },
    "no indexes": {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off"},
    "no loops": {"enable_nestloop": "off", "enable_memoize": "off", "enable_incremental_sort": "off"},
    "no hashes and no sorts": {
        "enable_hashjoin": "off",
        "enable_hashagg": "off",
        "enable_sort": "off",
        "enable_material": "off",
    },
    "generic plans": {"plan_cache_mode": "force_generic_plan", "jit": "on", "jit_above_cost": "0"},
}

_REFUSED_FIELDS = {
    "zone": "vatZone",
    "lower": "vatZone",
    "term": "paymentTermType",
    "version": "version",
    "status": "subscriptions { id status }",
}
"""By the number of a customer that has a value which the schema doesn't know: the selection that shows it."""


@pytest_asyncio.fixture(params=_SETTINGS, loop_scope="session")
async def odd_pair(
    request: pytest.FixtureRequest, owner_dsn: str, pair: Pair, signing_keys: DevelopmentKeys
) -> AsyncGenerator[Pair]:
    """The application as it is, beside one that plans and connects as a role with settings of its own."""
    role, password = f"customer_gateway_test_{uuid4().hex}", uuid4().hex
    await make_login_role(owner_dsn, role, password)
    settings: Mapping[str, str] = _SETTINGS[request.param]
    await execute(owner_dsn, *(f"ALTER ROLE {role} SET \"{name}\" = '{value}'" for name, value in settings.items()))
    async with pair_over(as_role(owner_dsn, role, password), signing_keys) as odd:
        yield Pair(pair.reference, odd.planning, signing_keys)
    await execute(owner_dsn, f"DROP ROLE {role}")


async def test_settings_of_the_role_change_no_answer(odd_pair: Pair, companies: Mapping[str, Company]) -> None:
    for name in ("everyday", "hostile", "extremes"):
        token = odd_pair.token(companies[name].id, Scope.CUSTOMERS_READ, Scope.ACCOUNTS_READ)
        for request in (Request(everything.LIST), Request(everything.GROUPS)):
            assert (await odd_pair.same(token, request)).codes == set()


async def test_rows_of_the_crowd_keep_their_order_whatever_the_server_prefers(
    odd_pair: Pair, companies: Mapping[str, Company]
) -> None:
    token = odd_pair.token(companies["crowd"].id, Scope.CUSTOMERS_READ)
    query = """query($first: Int, $last: Int, $by: [CustomerOrder!]) {
      customers(first: $first, last: $last, orderBy: $by, where: {search: "ann"}) { edges { cursor node {
        id contacts(first: 50) { id } children { nodes { id } } subscriptions(status: [TRIAL, ACTIVE]) { id }
      } } }
    }"""
    for by in ([], [{"field": "NAME"}], [{"field": "CREATED_AT", "direction": "DESC"}, {"field": "NUMBER"}]):
        for size in ({"first": 30}, {"last": 30}):
            assert (await odd_pair.same(token, Request(query, {"by": by, **size}))).codes == set()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def loose(
    server_dsn: str, template: str, service_dsn: str, signing_keys: DevelopmentKeys
) -> AsyncGenerator[tuple[Pair, str]]:
    """Both applications over a database that has lost its checks, and the credential of a company in it."""
    async with new_database(server_dsn, template) as dsn:
        await execute(
            dsn,
            "ALTER TABLE customers DROP CONSTRAINT customers_vat_zone_check",
            "ALTER TABLE customers DROP CONSTRAINT customers_payment_term_type_check",
            "ALTER TABLE customers ALTER COLUMN version TYPE bigint",
            "ALTER TABLE subscriptions DROP CONSTRAINT subscriptions_status_check",
        )
        owner = Database(dsn, pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=30)
        writer = await Writer.of_company(owner.engine, "loose")
        await _write(writer)
        await owner.dispose()
        there = same_database(service_dsn, dsn)
        async with pair_over(there, signing_keys) as pair:
            yield pair, pair.token(writer.records.company_id, Scope.CUSTOMERS_READ)


async def _write(writer: Writer) -> None:
    await writer.customer(customer_number="usual", name="Usual")
    await writer.customer(customer_number="zone", vat_zone="MOON")
    await writer.customer(customer_number="lower", vat_zone="eu")
    await writer.customer(customer_number="term", payment_term_type="")
    await writer.customer(customer_number="version", version=literal_column(f"{MOST_INTEGER + 1}"))
    customer = await writer.customer(customer_number="status")
    await writer.subscription(customer, status="ACTIVE")
    await writer.subscription(customer, status='"ODD"')


async def test_a_list_with_such_values_in_it_is_rejected_alike(loose: tuple[Pair, str]) -> None:
    pair, token = loose
    assert (await pair.same(token, Request(everything.LIST))).codes


@pytest.mark.parametrize("number", ["usual", *_REFUSED_FIELDS])
async def test_values_that_the_schema_does_not_know_are_rejected_alike(loose: tuple[Pair, str], number: str) -> None:
    pair, token = loose
    query = """query($number: String!) {
      customer(by: {customerNumber: $number}) { name %s }
      customers(where: {customerNumber: $number}) { nodes { name %s } }
    }"""
    for selection in ("id", "vatZone", "paymentTermType", "version", "subscriptions { id status }"):
        answer = await pair.same(token, Request(query % (selection, selection), {"number": number}))
        assert bool(answer.codes) == (selection == _REFUSED_FIELDS.get(number)), selection
