"""Row-level security, the third wall: the role that serves sees and writes the rows of one company, whatever it
asks."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db.api_keys import find, hash_of
from app.db.database import SERVICE_ROLE
from app.db.tables import metadata
from tests.support.every_table import SIDE_TABLES, World, problem, world, write_world

DENIED = "42501"
READABLE = sorted(set(metadata.tables) - {"api_keys"})
APPEND_ONLY = [
    *("billing_document_lines", "billing_documents", "billing_transitions", "history", "outbox_events"),
    "webhook_deliveries",
]
READ_ONLY = ["companies", "feed_heads", *SIDE_TABLES]
WRITABLE = sorted(set(READABLE) - set(READ_ONLY))
NEVER_DELETED = ["customers", "ledger_accounts", "subscriptions", "subscription_periods"]
CALLS = {
    "authenticate_api_key": r"SELECT authenticate_api_key('\x00')",
    "stamp_events": "SELECT stamp_events(1)",
    "expire_events": "SELECT expire_events(now(), 1)",
    "feed_positions": "SELECT feed_positions('{}')",
    "unstamped_events": "SELECT unstamped_events(1)",
    "claim_webhook_endpoints": "SELECT claim_webhook_endpoints(gen_random_uuid(), 1, 1, '{}')",
    "expire_webhook_deliveries": "SELECT expire_webhook_deliveries(now(), 1)",
}
"""The functions that the service calls and that run as the owner, each with a call."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(owner_engine: AsyncEngine) -> World:
    """The rows of the company that the service speaks for."""
    return await write_world(owner_engine, uuid4())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def foreign(owner_engine: AsyncEngine) -> World:
    """The rows of another company."""
    return await write_world(owner_engine, uuid4())


@asynccontextmanager
async def speaking_for(engine: AsyncEngine, company_id: UUID | str | None) -> AsyncGenerator[AsyncConnection]:
    """A transaction as the role that serves; what it writes is taken back."""
    async with engine.connect() as connection:
        if company_id is not None:
            query = text("SELECT set_config('app.company_id', :company_id, true)")
            await connection.execute(query, {"company_id": str(company_id)})
        yield connection
        await connection.rollback()


def company_column(table: str) -> Any:
    return metadata.tables[table].c["id" if table == "companies" else "company_id"]


async def test_every_table_has_row_level_security_and_a_policy_for_the_service(owner_engine: AsyncEngine) -> None:
    query = text(
        """
        SELECT relname, relrowsecurity, array(
            SELECT pg_get_expr(polqual, polrelid) || coalesce(pg_get_expr(polwithcheck, polrelid), '')
            FROM pg_policy WHERE polrelid = pg_class.oid AND polcmd = '*'
                AND polroles = ARRAY[CAST(:role AS regrole)::oid])
        FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') AND relname <> 'alembic_version'
        """
    )
    async with owner_engine.connect() as connection:
        found = {row[0]: (row[1], row[2]) for row in await connection.execute(query, {"role": SERVICE_ROLE})}

    assert set(found) == set(metadata.tables)
    for name, (secured, policies) in found.items():
        assert secured, name
        column = company_column(name).name
        assert policies == [f"({column} = (NULLIF(current_setting('app.company_id'::text, true), ''::text))::uuid)"]


async def test_the_role_that_serves_owns_nothing_and_bypasses_nothing(service_engine: AsyncEngine) -> None:
    query = text(
        """
        SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
               EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid) AS owns,
               has_schema_privilege(pg_roles.oid, 'public', 'CREATE') AS creates
        FROM pg_roles WHERE pg_has_role(current_user, pg_roles.oid, 'MEMBER')
        """
    )
    async with service_engine.connect() as connection:
        rows = list(await connection.execute(query))

    assert SERVICE_ROLE in {row.rolname for row in rows}
    for row in rows:
        assert not any(row[1:]), row


@pytest.mark.parametrize("table", READABLE)
async def test_only_the_rows_of_the_own_company_are_seen(
    service_engine: AsyncEngine, own: World, foreign: World, table: str
) -> None:
    for rows in (own, foreign):
        company_id = rows["companies"]["id"]
        async with speaking_for(service_engine, company_id) as connection:
            column = company_column(table)
            # No condition at all: the policy alone decides.
            assert set((await connection.execute(select(column))).scalars()) == {company_id}


@pytest.mark.parametrize("setting", [None, ""])
@pytest.mark.parametrize("table", READABLE)
async def test_nothing_is_seen_without_a_company(
    service_engine: AsyncEngine, own: World, table: str, setting: str | None
) -> None:
    async with speaking_for(service_engine, setting) as connection:
        count = select(func.count()).select_from(metadata.tables[table])
        assert (await connection.execute(count)).scalar_one() == 0
    assert own


async def test_the_company_of_one_transaction_is_forgotten_by_the_next(service_engine: AsyncEngine, own: World) -> None:
    async with service_engine.connect() as connection:
        query = text("SELECT set_config('app.company_id', :company_id, true)")
        await connection.execute(query, {"company_id": str(own["companies"]["id"])})
        count = select(func.count()).select_from(metadata.tables["customers"])
        assert (await connection.execute(count)).scalar_one() == 1
        await connection.rollback()
        assert (await connection.execute(count)).scalar_one() == 0


async def denied(connection: AsyncConnection, statement: Any) -> None:
    """The statement is refused for want of a right."""
    with pytest.raises(DBAPIError) as refused:
        await connection.execute(statement)
    assert problem(refused.value)[0] == DENIED


@pytest.mark.parametrize("table", WRITABLE)
async def test_no_row_is_written_into_another_company(
    service_engine: AsyncEngine, own: World, foreign: World, table: str
) -> None:
    mine, theirs = own["companies"]["id"], foreign["companies"]["id"]
    async with speaking_for(service_engine, mine) as connection:
        # Whether or not the row would be valid: the policy is asked first.
        await denied(connection, insert(metadata.tables[table]).values({**world(theirs)[table], "company_id": theirs}))


@pytest.mark.parametrize("table", sorted(set(WRITABLE) - set(APPEND_ONLY)))
async def test_no_row_of_another_company_is_changed_and_none_is_moved_there(
    service_engine: AsyncEngine, own: World, foreign: World, table: str
) -> None:
    mine, theirs = own["companies"]["id"], foreign["companies"]["id"]
    stored, column = metadata.tables[table], company_column(table)
    async with speaking_for(service_engine, mine) as connection:
        changed = await connection.execute(update(stored).values({column: column}).returning(column))
        assert set(changed.scalars()) == {mine}
        await denied(connection, update(stored).values({column: theirs}))


@pytest.mark.parametrize("table", sorted(set(WRITABLE) - set(APPEND_ONLY) - set(NEVER_DELETED)))
async def test_no_row_of_another_company_is_deleted(
    service_engine: AsyncEngine, own: World, foreign: World, table: str
) -> None:
    async with speaking_for(service_engine, own["companies"]["id"]) as connection:
        statement = delete(metadata.tables[table]).where(company_column(table) == foreign["companies"]["id"])
        # A group that customers are in can't be deleted; of another company's there is nothing to refuse.
        assert (await connection.execute(statement)).rowcount == 0


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_what_was_recorded_stays_as_it_was(service_engine: AsyncEngine, own: World, table: str) -> None:
    stored, column = metadata.tables[table], company_column(table)
    for statement in (update(stored).values({column: column}), delete(stored), text(f"TRUNCATE {table}")):
        async with speaking_for(service_engine, own["companies"]["id"]) as connection:
            await denied(connection, statement)


@pytest.mark.parametrize("table", NEVER_DELETED)
async def test_what_others_refer_to_is_never_deleted(service_engine: AsyncEngine, own: World, table: str) -> None:
    async with speaking_for(service_engine, own["companies"]["id"]) as connection:
        await denied(connection, delete(metadata.tables[table]))


@pytest.mark.parametrize("table", READ_ONLY)
async def test_what_the_owner_or_a_trigger_writes_is_not_written_by_the_service(
    service_engine: AsyncEngine, own: World, table: str
) -> None:
    stored, column = metadata.tables[table], company_column(table)
    for statement in (
        text(f"INSERT INTO {table} DEFAULT VALUES"),
        update(stored).values({column: column}),
        delete(stored),
    ):
        async with speaking_for(service_engine, own["companies"]["id"]) as connection:
            await denied(connection, statement)


async def test_the_table_of_api_keys_is_neither_read_nor_written(service_engine: AsyncEngine, own: World) -> None:
    keys = metadata.tables["api_keys"]
    for statement in (select(keys.c.id), insert(keys).values(own["api_keys"]), delete(keys)):
        async with speaking_for(service_engine, own["companies"]["id"]) as connection:
            await denied(connection, statement)


async def test_functions_that_run_as_the_owner_have_a_pinned_search_path(owner_engine: AsyncEngine) -> None:
    query = text(
        "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1"
    )
    async with owner_engine.connect() as connection:
        rows = {row.proname: row.proconfig for row in await connection.execute(query)}

    assert set(rows) == {
        "authenticate_api_key",
        "claim_webhook_endpoints",
        "expire_events",
        "expire_webhook_deliveries",
        "feed_positions",
        "index_customer_group_metadata",
        "index_customer_groups",
        "index_customer_metadata",
        "index_customer_words",
        "index_customers",
        "stamp_events",
        "unstamped_events",
    }
    assert all("search_path=public, pg_temp" in settings for settings in rows.values())


@pytest.mark.parametrize("function", sorted(CALLS))
async def test_only_the_service_calls_what_works_across_companies(owner_engine: AsyncEngine, function: str) -> None:
    query = text("SELECT proacl::text, proowner::regrole::text FROM pg_proc WHERE proname = :function")
    async with owner_engine.connect() as connection:
        granted, owner = (await connection.execute(query, {"function": function})).one()

    allowed = set(re.findall(r"([^{},=]*)=X", granted))
    assert allowed == {owner, SERVICE_ROLE}


async def test_a_stranger_with_a_login_can_do_nothing(owner_engine: AsyncEngine, own: World) -> None:
    async with owner_engine.connect() as connection:
        role = f"customer_gateway_test_{uuid4().hex}"
        await connection.execute(text(f"CREATE ROLE {role}"))
        for statement in (
            *(f"SELECT FROM {table}" for table in metadata.tables),
            *CALLS.values(),
        ):
            async with connection.begin_nested() as savepoint:
                await connection.execute(text(f"SET LOCAL ROLE {role}"))
                with pytest.raises(DBAPIError) as refused:
                    await connection.execute(text(statement))
                assert problem(refused.value)[0] == DENIED
                await savepoint.rollback()
        await connection.rollback()
    assert own


async def test_a_temporary_table_does_not_stand_in_for_the_api_keys(service_engine: AsyncEngine, own: World) -> None:
    forged = hash_of("a forged key")
    columns = "company_id uuid, id uuid, name text, key_hash bytea, scopes text[], expires_at timestamptz, revoked_at timestamptz"
    async with service_engine.connect() as connection:
        await connection.execute(text(f"CREATE TEMP TABLE api_keys ({columns})"))
        values = {"company_id": own["companies"]["id"], "forged": forged}
        row = text("INSERT INTO pg_temp.api_keys VALUES (:company_id, :company_id, 'forged', :forged, '{}')")
        await connection.execute(row, values)
        found = await connection.execute(text("SELECT * FROM authenticate_api_key(:forged)"), {"forged": forged})
        assert found.all() == []
        await connection.rollback()
    key_hash = own["api_keys"]["key_hash"]
    assert key_hash in await find(service_engine, [key_hash])
