"""The command line: how each command says that it can't, in one message and with an exit code of its own."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from asyncpg import DeadlockDetectedError
from sqlalchemy.exc import DBAPIError

from app.cli.faults import explain
from app.db.dsn import with_database
from app.db.migrate import upgrade
from app.db.unit_of_work import LostRace
from tests.commands import free_port, messages, run, taken_port
from tests.databases import as_role, execute, same_database

AWAY = f"postgresql://nobody:secret@127.0.0.1:{free_port()}/nowhere"


# Settings and usage: 2


def test_every_wrong_setting_is_named_and_no_value_is_shown() -> None:
    result = run("serve", PORT="tea", DATABASE_URL="mysql://me:hidden@127.0.0.1/x")
    assert result.returncode == 2
    assert "PORT" in result.stderr
    assert "DATABASE_URL" in result.stderr
    assert "hidden" not in result.stderr


@pytest.mark.parametrize(
    "command", [["serve"], ["migrate"], ["seed"], ["company", "list"], ["api-key", "list", "--company", str(uuid4())]]
)
def test_a_command_without_a_database_says_to_set_one(command: list[str]) -> None:
    result = run(*command)
    assert result.returncode == 2
    assert result.stderr.startswith("Error: DATABASE_URL is not set")


def test_a_file_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "schema.graphql"
    result = run("schema", "--out", path)
    assert result.returncode == 2
    assert result.stderr == f"Error: {path} can't be used: No such file or directory.\n"


def test_a_folder_for_keys_that_is_a_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    result = run("token", "--data-folder", path / "dev")
    assert result.returncode == 2
    assert str(path) in result.stderr


def test_token_makes_no_keys_that_no_service_trusts_and_says_where_it_looked(tmp_path: Path) -> None:
    folder = tmp_path / "dev"
    result = run("token", "--data-folder", folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert str(folder) in result.stderr
    assert "`customer-gateway dev` makes them" in result.stderr
    assert not folder.exists()


def test_an_alphabet_that_is_no_locale_is_refused(empty_dsn: str) -> None:
    result = run("migrate", "--alphabet", "da'; DROP", DATABASE_URL=empty_dsn)
    assert result.returncode == 2
    assert messages(result).startswith("Error: The alphabet must be an ICU locale")


def test_another_alphabet_than_that_of_the_database_is_refused_and_the_same_one_is_not(empty_dsn: str) -> None:
    first, same, other = (run("migrate", "--alphabet", each, DATABASE_URL=empty_dsn) for each in ("nb", "nb", "da"))
    assert (first.returncode, same.returncode, other.returncode) == (0, 0, 2)
    assert same.stdout.endswith("names sort by the alphabet nb.\n")
    assert messages(other).startswith("Error: Names in this database sort by the alphabet nb")


def test_an_unknown_option_is_refused() -> None:
    result = run("serve", "--color")
    assert result.returncode == 2
    assert "No such option: --color" in result.stderr


def test_a_role_that_is_a_superuser_may_not_serve(owner_dsn: str) -> None:
    result = run("serve", DATABASE_URL=owner_dsn)
    assert result.returncode == 2
    assert "is a superuser" in result.stderr
    assert "OWNER_DATABASE_URL" in result.stderr


@pytest.mark.parametrize(
    ("attribute", "grant", "fault"),
    [
        ("BYPASSRLS", "GRANT customer_gateway_service TO {role}", "bypasses row-level security"),
        ("", "ALTER TABLE companies OWNER TO {role}", "owns the tables"),
        ("", "GRANT pg_read_all_data TO {role}", "is no member of customer_gateway_service"),
    ],
)
def test_a_role_that_sees_past_the_policies_may_not_serve(
    empty_dsn: str, attribute: str, grant: str, fault: str
) -> None:
    upgrade(empty_dsn)
    role = f"customer_gateway_test_{uuid4().hex}"
    asyncio.run(execute(empty_dsn, f"CREATE ROLE {role} LOGIN {attribute}", grant.format(role=role)))
    try:
        result = run("serve", DATABASE_URL=as_role(empty_dsn, role))
    finally:
        asyncio.run(
            execute(
                empty_dsn, f"REASSIGN OWNED BY {role} TO CURRENT_USER", f"DROP OWNED BY {role}", f"DROP ROLE {role}"
            )
        )
    assert result.returncode == 2
    assert fault in result.stderr


def test_a_database_that_does_not_exist_is_named_as_the_fault(server_dsn: str) -> None:
    missing = with_database(server_dsn, "customer_gateway_missing")
    result = run("migrate", DATABASE_URL=missing)
    assert result.returncode == 2
    assert "does not exist" in result.stderr


def test_a_role_that_does_not_exist_is_refused(server_dsn: str) -> None:
    result = run("migrate", DATABASE_URL=as_role(server_dsn, "customer_gateway_missing", "secret"))
    assert result.returncode == 2
    assert "refused the role" in result.stderr
    assert "secret" not in result.stderr


def test_a_role_that_owns_nothing_can_not_migrate(empty_dsn: str, service_dsn: str) -> None:
    result = run("migrate", DATABASE_URL=same_database(service_dsn, empty_dsn))
    assert result.returncode == 2
    assert "OWNER_DATABASE_URL" in result.stderr


# The database is away: 3, or not migrated: 4; the port is taken: 5


@pytest.mark.parametrize("command", ["serve", "migrate", "seed", "dev"])
def test_a_database_that_is_away_is_said_to_be_away(command: str, tmp_path: Path) -> None:
    folder = ["--data-folder", str(tmp_path), "--port", "0"] if command == "dev" else []
    result = run(command, *folder, DATABASE_URL=AWAY)
    assert result.returncode == 3
    assert messages(result).startswith("Error: The database can't be reached")
    assert "secret" not in result.stderr


@pytest.mark.parametrize(
    "command", [["serve"], ["seed"], ["company", "list"], ["api-key", "list", "--company", str(uuid4())]]
)
def test_a_database_that_is_not_migrated_is_refused(command: list[str], empty_dsn: str, service_dsn: str) -> None:
    result = run(
        *command,
        DATABASE_URL=same_database(service_dsn, empty_dsn),
        OWNER_DATABASE_URL=empty_dsn,
    )
    assert result.returncode == 4
    assert messages(result) == "Error: The database is not migrated to this version: run `customer-gateway migrate`.\n"


def test_rows_that_another_program_keeps_writing_are_named_as_the_reason() -> None:
    deadlock = DBAPIError("UPDATE", {}, DeadlockDetectedError("deadlock detected"))
    for error in (LostRace(), deadlock):
        explained = explain(error)
        assert str(explained) == "Another program keeps writing the same rows: run the command again in a moment."
        assert explained.code == 3


def test_serve_says_that_a_port_is_taken(service_dsn: str) -> None:
    with taken_port() as port:
        result = run("serve", DATABASE_URL=service_dsn, PORT=str(port))
    assert result.returncode == 5
    assert f"port {port}" in result.stderr


def test_dev_says_that_a_port_is_taken_before_it_starts_anything(tmp_path: Path) -> None:
    with taken_port() as port:
        result = run("dev", "--data-folder", tmp_path / "dev", PORT=str(port))
    assert result.returncode == 5
    assert f"port {port}" in result.stderr
    assert f"PORT={port + 1}" in result.stderr
    assert not (tmp_path / "dev").exists()


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_an_address_that_this_machine_does_not_have_is_named_instead_of_the_port(tmp_path: Path, host: str) -> None:
    result = run("dev", "--data-folder", tmp_path / "dev", "--port", "0", HOST=host)
    assert result.returncode == 2
    assert f'Can\'t listen on "{host}"' in result.stderr
    assert "HOST" in result.stderr
    assert not (tmp_path / "dev").exists()


def test_dev_says_that_its_data_folder_is_of_no_use(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "letter.txt").write_text("mine")
    result = run("dev", "--data-folder", tmp_path, "--port", "0")
    assert result.returncode == 3
    assert "choose another data folder" in result.stderr


def test_an_api_key_for_a_company_that_does_not_exist_is_refused(owner_dsn: str) -> None:
    options = ["--company", str(uuid4()), "--name", "Billing", "--scope", "customers-read"]
    result = run("api-key", "create", *options, DATABASE_URL=owner_dsn)
    assert result.returncode == 2
    assert "There is no company" in result.stderr


def test_an_api_key_needs_a_name(owner_dsn: str, company: UUID) -> None:
    options = ["--company", str(company), "--name", " ", "--scope", "customers-read"]
    result = run("api-key", "create", *options, DATABASE_URL=owner_dsn)
    assert result.returncode == 2
    assert "1 to" in result.stderr


def test_an_api_key_is_valid_for_no_longer_than_a_date_can_say() -> None:
    options = ["--company", str(uuid4()), "--name", "Billing", "--scope", "customers-read"]
    result = run("api-key", "create", *options, "--days", "9999999", DATABASE_URL=AWAY)
    assert result.returncode == 2
    assert "--days" in result.stderr
