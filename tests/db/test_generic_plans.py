"""Statements whose plan doesn't depend on their values are planned once, and the plan suits companies of any size."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from strawberry.execution.is_awaitable import optimized_is_awaitable

from app.db.conditions import Equals, NameBeginsWith
from app.db.customers import CustomerSort, order_by, page
from app.db.database import Database
from app.db.paging import PageRequest
from app.db.roles import make_login_role
from app.domain.identity import Principal, Scope
from app.engine.execution import Engine
from app.engine.plans import Plans
from app.graphql.context import Context
from app.graphql.planning.planner import Planner
from app.graphql.schema import executable, schema
from app.services.recent_lists import RecentLists
from tests.support.databases import as_role, execute, new_database
from tests.support.toy import LIMITS

SMALL, LARGE = UUID(int=7), UUID(int=1)
ROWS = (
    """CREATE FUNCTION pg_temp.id(company int, row_number int) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$
        SELECT (lpad(to_hex(company), 8, '0') || lpad(to_hex(row_number), 24, '0'))::uuid
    $$""",
    """CREATE TEMPORARY TABLE sizes AS
        SELECT c, lpad(to_hex(c), 32, '0')::uuid AS company_id,
            CASE c WHEN 1 THEN 10000 ELSE 10 END AS customers, CASE c WHEN 1 THEN 5000 ELSE 2 END AS groups
        FROM generate_series(1, 300) c""",
    "INSERT INTO companies (id, name, base_currency) SELECT company_id, 'Company ' || c, 'DKK' FROM sizes",
    "INSERT INTO ledger_accounts (company_id, id, number, name) SELECT company_id, company_id, '1', 'Sales' FROM sizes",
    """INSERT INTO customer_groups (company_id, id, number, name, account_id)
        SELECT company_id, pg_temp.id(c, n), n::text, 'Group ' || n, company_id
        FROM sizes, generate_series(1, sizes.groups) n""",
    """INSERT INTO customers (company_id, id, customer_number, name, vat_zone, customer_group_id, country_code, default_currency)
        SELECT company_id, pg_temp.id(c, n), n::text, 'Customer ' || n, 'DOMESTIC', pg_temp.id(c, 1 + n % sizes.groups),
            'DK', 'DKK'
        FROM sizes, generate_series(1, sizes.customers) n""",
    """UPDATE customers SET parent_customer_id = pg_temp.id(1, 1)
        WHERE company_id = '00000000-0000-0000-0000-000000000001' AND customer_number::int BETWEEN 2 AND 200""",
)
"""One company with 10,000 customers and 5,000 groups, and 299 with ten customers and two groups each."""
PER_ROW = 8
"""Pages of memory that a row of an answer may cost: its own, its group's and those of the indexes that find them."""

QUERIES: dict[str, tuple[str, int]] = {
    "a page by number": ("{ customers(first: 50) { nodes { name group { name } } pageInfo { hasNextPage } } }", 50),
    "a page after a cursor": ("{ customers(first: 50, after: $after) { nodes { name } } }", 50),
    "a page by name": ("{ customers(first: 50, orderBy: [{field: NAME}]) { nodes { name } } }", 50),
    "a page of active ones": ("{ customers(first: 50, where: {isActive: true}) { nodes { name } } }", 50),
    "a page of a country": ('{ customers(first: 50, where: {countryCode: "DK"}) { nodes { name } } }', 50),
    "groups": ("{ customerGroups(first: 50) { name } }", 50),
    "groups and their customers": (
        "{ customerGroups(first: 10) { name customers(first: 5) { nodes { name } } } }",
        60,
    ),
    "parents and children": (
        "{ customers(first: 20) { nodes { parent { name } children(first: 5) { nodes { name } } } } }",
        60,
    ),
}
LARGE_TABLES = {"customers", "customer_groups"}


@dataclass(frozen=True, slots=True)
class Companies:
    """A database with one large company among many small ones."""

    database: Database

    async def statement(self, query: str, company_id: UUID) -> tuple[str, list[object]]:
        """Return the statement of a query's plan, after it has answered, and its parameters."""
        asked: list[tuple[str, list[object]]] = []
        connections = self.database.plan_connections
        row = connections.row

        async def noted(sql: str, parameters: list[object], *rest: Any, **named: Any) -> Any:
            asked.append((sql, parameters))
            return await row(sql, parameters, *rest, **named)

        engine = Engine(
            executable(schema),
            LIMITS,
            cache_size=10,
            executor_class=schema.execution_context_class,  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - Strawberry leaves it open
            is_awaitable=optimized_is_awaitable,
            plans=Plans(Planner(schema, statements=10)),
        )
        principal = Principal(company_id, "tester", frozenset(Scope), None)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connections, "row", noted)
            async with Context(self.database, RecentLists(seconds=5, size=0), principal) as context:
                answer = (await engine.run(engine.prepare(query).select(None), {}, context)).answer
        assert isinstance(answer, bytes)
        assert asked
        return asked[-1]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def companies(server_dsn: str, template: str) -> AsyncGenerator[Companies]:
    """Write the companies, and let PostgreSQL analyze them."""
    role, password = f"customer_gateway_test_{uuid4().hex}", uuid4().hex
    async with new_database(server_dsn, template) as dsn:
        await make_login_role(dsn, role, password)
        await execute(dsn, *ROWS, "ANALYZE")
        database = Database(
            as_role(dsn, role, password),
            pool_size=2,
            plan_connections=1,
            pool_timeout_seconds=10,
            statement_timeout_seconds=60,
        )
        yield Companies(database)
        await database.dispose()
    await execute(server_dsn, f"DROP ROLE {role}")


@pytest.mark.parametrize("company_id", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("name", QUERIES)
async def test_the_one_plan_reads_no_more_than_it_answers_in_a_company_of_any_size(
    companies: Companies, name: str, company_id: UUID
) -> None:
    query, rows = QUERIES[name]
    if "$after" in query:
        first = query.replace(", after: $after", "").replace("nodes { name }", "pageInfo { endCursor }")
        query = query.replace("$after", f'"{await _cursor(companies, first, company_id)}"')

    sql, parameters = await companies.statement(query, company_id)

    plan = await _generic_plan(companies, sql, parameters, company_id)
    scanned = {node.get("Relation Name") for node in _nodes(plan) if node["Node Type"] == "Seq Scan"}
    assert not scanned & LARGE_TABLES
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= rows * PER_ROW


async def _cursor(companies: Companies, query: str, company_id: UUID) -> str:
    sql, parameters = await companies.statement(query, company_id)
    row = await companies.database.plan_connections.row(sql, parameters, company_id, plan_for_values=False)
    return b"".join(row).decode().strip('"')


async def _generic_plan(companies: Companies, sql: str, parameters: list[object], company_id: UUID) -> dict[str, Any]:
    connections = companies.database.plan_connections
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}"
    (explained,) = await connections.row(explain, parameters, company_id, plan_for_values=False)
    return explained[0]["Plan"]


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]


TIMES = 20


@pytest.mark.parametrize(
    ("where", "is_generic"),
    [("", True), (", where: {isActive: true}", True), (', where: {namePrefix: "cus"}', False)],
    ids=["a page", "an equality", "a prefix"],
)
async def test_plans_are_planned_once_unless_their_values_decide(
    companies: Companies, where: str, *, is_generic: bool
) -> None:
    query = f"{{ customers(first: 50{where}) {{ nodes {{ name vatZone }} }} }}"
    (sql,) = {(await companies.statement(query, LARGE))[0] for _ in range(TIMES)}

    counting = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1"
    counted = await companies.database.plan_connections.row(counting, [sql], LARGE, plan_for_values=not is_generic)
    assert tuple(counted) == ((TIMES, 0) if is_generic else (0, TIMES))


@pytest.mark.parametrize(
    ("only", "is_generic"),
    [(None, True), (Equals("is_active", value=True), True), (NameBeginsWith("cus"), False)],
    ids=["a page", "an equality", "a prefix"],
)
async def test_statements_of_loaders_are_planned_once_unless_their_values_decide(
    companies: Companies, only: Any, *, is_generic: bool
) -> None:
    request = PageRequest(order_by((CustomerSort.NUMBER, False)), 50)
    counting = text(
        "SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements WHERE statement LIKE :like"
    )
    async with companies.database.read(LARGE) as session:
        like = {"like": "SELECT customers.%position_0%"}
        await page(session, request, only)
        before = (await session.rows(counting, like))[0]
        for _ in range(TIMES):
            await page(session, request, only)
        after = (await session.rows(counting, like))[0]

    assert (after[0] - before[0], after[1] - before[1]) == ((TIMES, 0) if is_generic else (0, TIMES))
