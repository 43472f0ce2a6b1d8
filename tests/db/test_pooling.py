"""Behind PgBouncer: what is answered, and that nothing is left on a connection that others get next."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from app.cli.serving import check_at_start
from app.db import api_keys
from app.db.connecting import short_lived_engine
from app.db.connection_failures import ParameterRefused
from app.db.database import Database
from app.db.dsn import parse
from app.db.pooling import Pooling, PoolingError, check_pooling, connections_given
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.identity import Scope
from app.settings import Settings
from app.unavailable import Cause, DatabaseUnavailable, StatementTimeout
from app.web.application import create_app
from tests.support.asking import Caller
from tests.support.commands import free_port, messages, run
from tests.support.databases import probe
from tests.support.feed import event, read_all, stamp_all, write
from tests.support.lifespan import lifespan_of
from tests.support.new_customers import new_customer_input
from tests.support.pooler import pooler
from tests.support.records import Records, new_company
from tests.support.served import served
from tests.support.silent_network import silent_network
from tests.support.tenant_isolation import FILTERS, FOREIGN, LIST, assert_nothing_of, shown
from tests.support.trust import TRUST
from tests.support.two_companies import Companies, made

COUNT = "SELECT count(*) FROM customers"
"""Row-level security is all that narrows it."""
RENAME = text("UPDATE customers SET notes = 'Written' RETURNING id")
STATE = """
SELECT json_build_object(
    'pid', pg_backend_pid(), 'prepared', (SELECT count(*) FROM pg_prepared_statements),
    'company', coalesce(current_setting('app.company_id', true), ''),
    'locks', (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'),
    'set', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pg_settings WHERE source = 'session'))
"""
NOTHING = {"prepared": 0, "company": "", "locks": 0, "set": list[str]()}
KEPT_BY_THE_POOLER = {"DateStyle", "TimeZone", "application_name", "client_encoding", "standard_conforming_strings"}
CREATE = (
    "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { name } errors { code } } }"
)
# One is planned; the other asks for something of the schema's own, and is answered field by field.
PLANNED = "{ customers(first: 50) { totalCount nodes { name notes group { name } } } }"
BY_FIELD = '{ customers(first: 50) { totalCount nodes { name group { name } } } __type(name: "Customer") { name } }'


@pytest.fixture(scope="module")
def transaction_url(service_dsn: str) -> Generator[str]:
    """The service's URL through a pooler that has one connection to the server, for whoever has a transaction."""
    with pooler(service_dsn, mode="transaction", size=1) as (url,):
        yield url


@pytest.fixture(scope="module")
def session_url(service_dsn: str) -> Generator[str]:
    """The service's URL through a pooler that works by session."""
    with pooler(service_dsn, mode="session", size=20) as (url,):
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pooled(transaction_url: str) -> AsyncGenerator[Database]:
    """A database behind the one connection."""
    async with opened(transaction_url, Pooling.TRANSACTION) as database:
        yield database


@asynccontextmanager
async def opened(
    url: str, pooling: Pooling, *, statement_timeout_seconds: float = 30, pool_timeout_seconds: float = 30
) -> AsyncGenerator[Database]:
    limits: dict[str, Any] = {
        "pool_timeout_seconds": pool_timeout_seconds,
        "statement_timeout_seconds": statement_timeout_seconds,
    }
    database = Database(url, pool_size=5, plan_connections=5, pooling=pooling, **limits)
    yield database
    await database.dispose()


async def companies_of(engine: AsyncEngine, *sizes: int) -> list[UUID]:
    found = [await new_company(engine) for _ in sizes]
    for company_id, size in zip(found, sizes, strict=True):
        records = Records(engine, company_id)
        for _ in range(size):
            await records.customer()
    return found


async def count_planned(database: Database, company_id: UUID) -> int:
    return (await database.row(COUNT, [], company_id, plan_for_values=False))[0]


async def count_read(database: Database, company_id: UUID) -> int:
    async with database.read(company_id) as session:
        # Two statements: a transaction that another one's comes between would be seen.
        return [(await session.rows(text(COUNT), {}))[0][0] for _ in range(2)][1]


async def count_written(database: Database, company_id: UUID) -> int:
    async def work(session: WriteSession) -> int:
        return len(await session.rows(RENAME))

    return await UnitOfWork(database, company_id).run(work)


async def left_on(url: str) -> dict[str, Any]:
    """What whoever gets the server's connection next finds on it, beside what the pooler keeps for each client."""
    async with short_lived_engine(url).connect() as connection:
        state = json.loads(json.dumps((await connection.execute(text(STATE))).scalar_one()))
    return {**state, "set": [name for name in state["set"] if name not in KEPT_BY_THE_POOLER]}


async def test_companies_in_turn_on_one_connection_read_and_write_only_their_own(
    pooled: Database, transaction_url: str, owner_engine: AsyncEngine
) -> None:
    sizes = [1, 2, 3]
    companies = await companies_of(owner_engine, *sizes)
    before = await left_on(transaction_url)

    kinds = (count_planned, count_read, count_written, count_planned)
    asked = [(kind, *pair) for _ in range(10) for pair in zip(companies, sizes, strict=True) for kind in kinds]
    found = await asyncio.gather(*(kind(pooled, company_id) for kind, company_id, _ in asked))

    assert found == [size for _, _, size in asked]
    assert await left_on(transaction_url) == {"pid": before["pid"], **NOTHING}


async def test_a_plan_can_not_write_and_who_comes_next_can(pooled: Database, owner_engine: AsyncEngine) -> None:
    (company_id,) = await companies_of(owner_engine, 1)

    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await pooled.row(RENAME.text, [], company_id, plan_for_values=False)

    assert await count_written(pooled, company_id) == 1
    assert await count_planned(pooled, company_id) == 1


@pytest.mark.parametrize("mode", Pooling)
async def test_statements_end_at_their_limit_behind_either_pooler_and_the_next_ones_work(
    transaction_url: str, session_url: str, company: UUID, mode: Pooling
) -> None:
    url = transaction_url if mode is Pooling.TRANSACTION else session_url
    async with opened(url, mode, statement_timeout_seconds=0.2) as database:
        with pytest.raises(StatementTimeout):
            await database.row("SELECT pg_sleep(5)::text", [], company, plan_for_values=False)
        async with database.read(company) as session:
            with pytest.raises(StatementTimeout):
                await session.rows(text("SELECT pg_sleep(5)"), {})
        assert await count_planned(database, company) == await count_read(database, company) == 0
        await probe(database)


async def test_no_statement_is_taken_for_one_that_others_left_prepared(
    pooled: Database, transaction_url: str, company: UUID
) -> None:
    async with short_lived_engine(transaction_url).connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        names = [f"__asyncpg_stmt_{number}__" for number in range(1, 30)]
        await driver.execute(";".join(f'PREPARE "{name}" AS SELECT 0' for name in names))
    try:
        async with opened(transaction_url, Pooling.TRANSACTION) as database:
            assert [await count(database, company) for count in (count_planned, count_read, count_written)] == [0, 0, 0]
        await check_pooling(short_lived_engine(transaction_url), Pooling.TRANSACTION)
    finally:
        async with pooled.engine.connect() as connection:
            await connection.execute(text("DEALLOCATE ALL"))
            await connection.commit()


async def test_a_long_statement_is_waited_for_although_its_process_is_not_known(
    pooled: Database, company: UUID
) -> None:
    assert await pooled.row("SELECT 'done' FROM pg_sleep(1.3)", [], company, plan_for_values=False) == ("done",)


async def test_a_plan_that_is_canceled_leaves_the_connection_to_the_others(pooled: Database, company: UUID) -> None:
    task = asyncio.create_task(pooled.row("SELECT pg_sleep(20)::text", [], company, plan_for_values=False))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(10):
        assert await count_planned(pooled, company) == 0


async def test_the_feed_works_behind_a_pooler_that_works_by_transaction(
    pooled: Database, transaction_url: str, owner_engine: AsyncEngine
) -> None:
    one, other = await companies_of(owner_engine, 0, 0)
    before = await left_on(transaction_url)
    for company_id in (one, other, one):
        await write(pooled, company_id, event())
    await stamp_all(pooled)

    assert await pooled.feed.positions([one, other]) == {one: 2, other: 1}
    assert await pooled.feed.unstamped() == (0, 0)
    assert await pooled.feed.expire(datetime(2020, 1, 1, tzinfo=UTC)) == 0
    assert [row.position for row in await read_all(pooled, one)] == [1, 2]
    # A client that hangs between its statement and its commit would keep the lock.
    async with pooled.feed.engine.connect() as connection:
        limit = await connection.execute(text("SHOW idle_in_transaction_session_timeout"))
        assert limit.scalar_one() == "5s"
    assert await left_on(transaction_url) == before


async def test_the_tenancy_table_holds_behind_a_pooler(pooled: Database, owner_engine: AsyncEngine) -> None:
    companies = Companies(await made(owner_engine, "heron"), await made(owner_engine, "plover"))
    both = (companies, Companies(companies.other, companies.own))

    async def ask(one: Companies, name: str) -> tuple[Companies, str, str]:
        return one, name, await shown(Caller(pooled, one.own.id), LIST, where=FILTERS[name](one.other))

    for one, name, answer in await asyncio.gather(*(ask(one, name) for name in FILTERS for one in both)):
        assert_nothing_of(one.other, answer)
        assert '"errors": []' in answer
        assert answer.startswith('{"data": {"customers": {"totalCount": 0, "nodes": []') == (name in FOREIGN)


@pytest.mark.parametrize("mode", [Pooling.SESSION, Pooling.TRANSACTION])
async def test_what_gives_connections_away_too_early_is_found_out(service_dsn: str, mode: Pooling) -> None:
    await check_pooling(short_lived_engine(service_dsn), mode)
    # With a single connection a session leaves none for another one.
    for size in (1, 3):
        with pooler(service_dsn, mode="session", size=size) as (url,):
            await check_pooling(short_lived_engine(url), mode)
        with pooler(service_dsn, mode="transaction", size=size) as (url,):
            if mode is Pooling.TRANSACTION:
                await check_pooling(short_lived_engine(url), mode)
            else:
                with pytest.raises(PoolingError, match="DATABASE_POOLING=transaction"):
                    await check_pooling(short_lived_engine(url), mode)
    with (
        pooler(service_dsn, mode="statement", size=1) as (url,),
        pytest.raises(PoolingError, match="pool_mode=transaction"),
    ):
        await check_pooling(short_lived_engine(url), mode)


async def test_a_pooler_by_session_with_too_few_connections_is_told_of_at_the_start(
    service_dsn: str,
) -> None:
    assert await connections_given(short_lived_engine(service_dsn), 4) is None
    with pooler(service_dsn, mode="session", size=10) as (url,), capture_logs() as logged:
        settings = Settings(database_url=url, database_pool_size=3, plan_connections=3)
        for workers in (1, 2, 1):
            await check_at_start(settings, workers)
    told = {"event": "pooler_too_small", "log_level": "warning", "needed": 20, "given": 10}
    assert logged == [told]


async def test_a_pooler_without_a_free_connection_is_named_as_the_cause(service_dsn: str, company: UUID) -> None:
    with pooler(service_dsn, mode="session", size=1) as (url,):
        async with opened(url, Pooling.SESSION) as holding:
            await count_read(holding, company)
            async with opened(url, Pooling.SESSION, pool_timeout_seconds=0.5) as database:
                for way in (count_read(database, company), count_planned(database, company), probe(database)):
                    with pytest.raises(DatabaseUnavailable) as unavailable:
                        await way
                    assert unavailable.value.cause is Cause.CONNECT_FAILED
                    assert "connected, but the login didn't complete in time: a pooler" in str(
                        unavailable.value.__cause__
                    )


async def test_behind_the_documented_pooler_a_server_that_comes_back_is_found_at_once(
    service_dsn: str, transaction_url: str
) -> None:
    port = free_port()
    away = f"postgresql://{parse(service_dsn).user}@127.0.0.1:{port}/{parse(service_dsn).database}"
    with pooler(away, mode="transaction", size=2) as (url,):
        async with opened(url, Pooling.TRANSACTION) as database:
            with pytest.raises(DatabaseUnavailable):
                await probe(database)
            # From here on the server is there: another pooler stands for it.
            target = parse(transaction_url).hosts[0].port
            assert target is not None
            async with silent_network(target, port):
                begun = time.monotonic()
                while True:
                    try:
                        await probe(database)
                        break
                    except DatabaseUnavailable:
                        assert time.monotonic() - begun < 4
                        await asyncio.sleep(0.05)


def test_serve_says_what_to_set_behind_a_pooler_that_works_by_transaction(transaction_url: str) -> None:
    refused = run("serve", DATABASE_URL=transaction_url)

    assert refused.returncode == 2
    assert "DATABASE_POOLING=transaction" in messages(refused)


async def test_a_parameter_of_the_url_that_the_pooler_does_not_know_is_named(session_url: str) -> None:
    with pytest.raises(ParameterRefused, match=r"parameter options of .* ignore_startup_parameters"):
        await short_lived_engine(f"{session_url}&options=-c%20work_mem%3D8MB").connect()

    refused = run("serve", DATABASE_URL=f"{session_url}&options=-c%20work_mem%3D8MB")
    assert refused.returncode == 3
    assert "refuses the parameter options" in messages(refused)


async def test_serve_answers_several_companies_behind_a_pooler_that_works_by_transaction(
    owner_engine: AsyncEngine, transaction_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    environment = {"DATABASE_URL": transaction_url, "DATABASE_POOLING": "transaction", "LIST_CACHE_SECONDS": "0"}
    with served(log, "--workers", "2", **environment) as running:
        async with httpx.AsyncClient(base_url=running.url, timeout=30, verify=TRUST) as client:
            await use(owner_engine, client)

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line for line in lines if line["level"] in {"warning", "error"}] == []


@pytest.mark.parametrize(("mode", "plans"), [(Pooling.TRANSACTION, False), (Pooling.SESSION, True)])
async def test_either_pooler_works_with_plans_and_without(
    owner_engine: AsyncEngine, transaction_url: str, session_url: str, mode: Pooling, *, plans: bool
) -> None:
    url = transaction_url if mode is Pooling.TRANSACTION else session_url
    app = create_app(Settings(database_url=url, database_pooling=mode.value, query_plans=plans, list_cache_seconds=0))
    async with (
        lifespan_of(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client,
    ):
        await use(owner_engine, client)
    if mode is Pooling.TRANSACTION:
        assert (await left_on(url)).items() >= NOTHING.items()


async def use(engine: AsyncEngine, client: httpx.AsyncClient) -> None:
    """Have three companies create customers and read them at the same time; each must find its own alone."""
    companies = [await new_company(engine) for _ in range(3)]
    found = await asyncio.gather(*(_use(engine, client, company_id, str(company_id)) for company_id in companies))
    for company_id, answers in zip(companies, found, strict=True):
        for number, answer in enumerate(answers, start=1):
            assert [node["name"] for node in answer["customers"]["nodes"]] == [str(company_id)] * number
    assert (await client.get("/readyz")).status_code == 200


async def _use(engine: AsyncEngine, client: httpx.AsyncClient, company_id: UUID, name: str) -> list[dict[str, Any]]:
    """Create customers in turn with reading them, planned and field by field; return what was read."""
    group = await Records(engine, company_id).group()
    async with engine.begin() as connection:
        _, key = await api_keys.create(connection, company_id, "Pooling", tuple(Scope), None)

    async def ask(query: str, **variables: object) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        answer = await client.post("/graphql", json=body, headers={"x-api-key": key})
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    read: list[dict[str, Any]] = []
    for _ in range(6):
        created = await ask(CREATE, input=new_customer_input(group, name=name))
        assert created == {"createCustomer": {"customer": {"name": name}, "errors": []}}
        planned, by_field, _ = await asyncio.gather(ask(PLANNED), ask(BY_FIELD), ask(PLANNED))
        assert planned["customers"]["totalCount"] == by_field["customers"]["totalCount"]
        read.append(by_field)
    return read


@pytest.mark.parametrize("mode", Pooling)
def test_the_owners_commands_work_through_a_pooler(owner_dsn: str, company: UUID, mode: Pooling) -> None:
    with pooler(owner_dsn, mode=mode, size=1) as (url,):
        for _ in range(2):
            assert run("migrate", OWNER_DATABASE_URL=url).returncode == 0
            created = run(
                "api-key",
                "create",
                "--company",
                str(company),
                "--name",
                "Pooler",
                "--scope",
                "customers-read",
                OWNER_DATABASE_URL=url,
            )
            assert created.returncode == 0, created.stderr
