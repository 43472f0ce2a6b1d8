"""The command line: what a role that must not or can't serve is told to do."""

import asyncio
import re
from collections.abc import Generator
from contextlib import contextmanager
from uuid import uuid4

from app.db.dsn import parse
from tests.support.commands import run
from tests.support.databases import as_role, execute


@contextmanager
def login_role(dsn: str, attributes: str = "", *statements: str) -> Generator[str]:
    """Makes a role, and removes it with what it was granted."""
    role = f"customer_gateway-test {uuid4().hex}"
    asyncio.run(
        execute(dsn, f'CREATE ROLE "{role}" LOGIN {attributes}', *(text.format(role=role) for text in statements))
    )
    try:
        yield role
    finally:
        asyncio.run(execute(dsn, f'DROP OWNED BY "{role}"', f'DROP ROLE "{role}"'))


def test_a_role_without_rights_is_told_the_grant_that_the_owner_runs(migrated_dsn: str) -> None:
    with login_role(migrated_dsn) as role:
        dsn = as_role(migrated_dsn, role)
        result = run("serve", DATABASE_URL=dsn)
        assert result.returncode == 2
        owner, grant = re.findall(r'As the role "(.+)", which owns the tables, run `(GRANT .+?)`\.', result.stderr)[0]
        assert grant == f'GRANT customer_gateway_service TO "{role}"'
        assert f'`customer-gateway migrate` with OWNER_DATABASE_URL set to "{owner}"' in result.stderr
        assert f'"{role}" and DATABASE_URL to another' not in result.stderr

        asyncio.run(execute(migrated_dsn, grant))
        result = run("import", "accounts", "missing.csv", "--company", str(uuid4()), DATABASE_URL=dsn)
        assert "missing.csv can't be used" in result.stderr


def test_a_role_without_rights_on_an_empty_database_is_told_to_migrate(empty_dsn: str, owner_dsn: str) -> None:
    assert owner_dsn  # migrated, so that the service's role exists on this server
    with login_role(empty_dsn, "", 'GRANT pg_read_all_data TO "{role}"') as role:
        result = run("serve", DATABASE_URL=as_role(empty_dsn, role))
    assert result.returncode == 4
    assert "The database is not migrated to this version: run `customer-gateway migrate`." in result.stderr


def test_a_role_that_bypasses_the_policies_and_owns_nothing_is_told_to_lose_that(migrated_dsn: str) -> None:
    with login_role(migrated_dsn, "BYPASSRLS") as role:
        result = run("serve", DATABASE_URL=as_role(migrated_dsn, role))
    assert result.returncode == 2
    assert f'bypasses row-level security. As a superuser, run `ALTER ROLE "{role}" NOBYPASSRLS`' in result.stderr


def test_the_owner_of_a_second_database_is_told_the_grant_that_it_lacks(
    empty_dsn: str, owner_dsn: str, server_dsn: str
) -> None:
    assert owner_dsn  # migrated, so that the service's role exists on this server, made by another role
    database, administrator = parse(empty_dsn).database, parse(empty_dsn).user
    service = f"customer_gateway_test_{uuid4().hex}"
    with login_role(server_dsn, "CREATEROLE", f'ALTER DATABASE {database} OWNER TO "{{role}}"') as owner:
        urls = {"OWNER_DATABASE_URL": as_role(empty_dsn, owner), "DATABASE_URL": as_role(empty_dsn, service, "secret")}
        try:
            result = run("migrate", **urls)
            assert result.returncode == 2
            (grant,) = re.findall(r"a superuser, run `(GRANT .+?)`, then run this command again\.", result.stderr)
            assert grant == f'GRANT customer_gateway_service TO "{owner}" WITH ADMIN OPTION'
            assert "all databases of a server share that role, and it was created for another one" in result.stderr

            asyncio.run(execute(server_dsn, grant))
            result = run("migrate", **urls)
            assert result.returncode == 0, result.stderr
            # What it has is not granted again, so the right to grant may be taken away.
            asyncio.run(execute(server_dsn, f"GRANT customer_gateway_service TO {service}"))
            revoke = f'REVOKE ADMIN OPTION FOR customer_gateway_service FROM "{owner}" CASCADE'
            asyncio.run(execute(server_dsn, revoke))
            assert run("migrate", **urls).returncode == 0
        finally:
            drops = (f"DROP ROLE IF EXISTS {service}", f'ALTER DATABASE {database} OWNER TO "{administrator}"')
            asyncio.run(execute(empty_dsn, f'REASSIGN OWNED BY "{owner}" TO "{administrator}"', *drops))


def test_a_role_that_does_not_exist_yet_is_told_what_makes_it(server_dsn: str) -> None:
    result = run("serve", DATABASE_URL=as_role(server_dsn, "customer_gateway_missing", "secret"))
    assert result.returncode == 2
    assert (
        "The role of DATABASE_URL is made by `customer-gateway migrate` if OWNER_DATABASE_URL is set." in result.stderr
    )
