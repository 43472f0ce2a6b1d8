"""The command line: how each command says that it can't, in one message and with an exit code of its own."""

import asyncio
import os
import shlex
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from asyncpg import DeadlockDetectedError
from sqlalchemy.exc import DBAPIError

from app.cli.failures import explain
from app.unavailable import Cause, DatabaseUnavailable
from tests.support.commands import ROOT, free_port, messages, run, run_into, running, taken_port
from tests.support.databases import as_role, execute, same_database, with_database

FULL = "Error: The output can't be written: No space left on device.\n"
PLACE = f"127.0.0.1:{free_port()}"
AWAY = f"postgresql://nobody:secret@{PLACE}/nowhere"


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
    assert "`customer-gateway dev` creates them" in result.stderr
    assert not folder.exists()


def test_an_alphabet_that_is_no_locale_is_rejected(empty_dsn: str) -> None:
    result = run("migrate", "--alphabet", "da'; DROP", DATABASE_URL=empty_dsn)
    assert result.returncode == 2
    assert messages(result).startswith("Error: The alphabet must be an ICU locale")


def test_another_alphabet_than_the_databases_is_rejected_and_the_same_one_is_not(empty_dsn: str) -> None:
    first, same, other = (run("migrate", "--alphabet", locale, DATABASE_URL=empty_dsn) for locale in ("nb", "nb", "da"))
    assert (first.returncode, same.returncode, other.returncode) == (0, 0, 2)
    assert same.stdout.endswith("names sort by the alphabet nb.\n")
    assert messages(other).startswith("Error: Names in this database sort by the alphabet nb")


def test_an_unknown_option_is_rejected() -> None:
    result = run("serve", "--color")
    assert result.returncode == 2
    assert "No such option: --color" in result.stderr


def test_a_role_that_is_a_superuser_may_not_serve(owner_dsn: str) -> None:
    result = run("serve", DATABASE_URL=owner_dsn)
    assert result.returncode == 2
    assert "is a superuser" in result.stderr
    assert "OWNER_DATABASE_URL" in result.stderr


@pytest.mark.parametrize(
    ("attribute", "grant", "problem"),
    [
        ("BYPASSRLS", "GRANT customer_gateway_service TO {role}", "bypasses row-level security"),
        ("", "ALTER TABLE companies OWNER TO {role}", "owns the tables"),
        ("", "GRANT pg_read_all_data TO {role}", "is no member of customer_gateway_service"),
    ],
)
def test_a_role_that_sees_past_the_policies_may_not_serve(
    migrated_dsn: str, attribute: str, grant: str, problem: str
) -> None:
    role = f"customer_gateway_test_{uuid4().hex}"
    asyncio.run(execute(migrated_dsn, f"CREATE ROLE {role} LOGIN {attribute}", grant.format(role=role)))
    try:
        result = run("serve", DATABASE_URL=as_role(migrated_dsn, role))
    finally:
        asyncio.run(
            execute(
                migrated_dsn, f"REASSIGN OWNED BY {role} TO CURRENT_USER", f"DROP OWNED BY {role}", f"DROP ROLE {role}"
            )
        )
    assert result.returncode == 2
    assert problem in result.stderr


def test_a_database_that_does_not_exist_is_named_as_the_problem(server_dsn: str) -> None:
    missing = with_database(server_dsn, "customer_gateway_missing")
    result = run("migrate", DATABASE_URL=missing)
    assert result.returncode == 2
    assert "does not exist" in result.stderr


def test_a_role_that_does_not_exist_is_rejected(server_dsn: str) -> None:
    result = run("migrate", DATABASE_URL=as_role(server_dsn, "customer_gateway_missing", "secret"))
    assert result.returncode == 2
    assert "rejected the role" in result.stderr
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
    assert messages(result).startswith(f"Error: The database can't be reached ({PLACE}: the connection was refused): ")
    assert "secret" not in result.stderr


@pytest.mark.parametrize(
    "command", [["serve"], ["seed"], ["company", "list"], ["api-key", "list", "--company", str(uuid4())]]
)
def test_a_database_that_is_not_migrated_is_rejected(command: list[str], empty_dsn: str, service_dsn: str) -> None:
    result = run(
        *command,
        DATABASE_URL=same_database(service_dsn, empty_dsn),
        OWNER_DATABASE_URL=empty_dsn,
    )
    assert result.returncode == 4
    assert messages(result) == "Error: The database is not migrated to this version: run `customer-gateway migrate`.\n"


def test_rows_that_another_program_keeps_writing_are_named_as_the_reason() -> None:
    deadlock = DBAPIError("UPDATE", {}, DeadlockDetectedError("deadlock detected"))
    unavailable = [DatabaseUnavailable(cause) for cause in (Cause.CONFLICT, Cause.LOCK_TIMEOUT)]
    for error in (*unavailable, deadlock):
        explained = explain(error)
        assert str(explained) == "Another program is writing the same rows. Run the command again in a few seconds."
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


def test_an_api_key_for_a_company_that_does_not_exist_is_rejected(owner_dsn: str) -> None:
    options = ["--company", str(uuid4()), "--name", "Billing", "--scope", "customers-read"]
    result = run("api-key", "create", *options, DATABASE_URL=owner_dsn)
    assert result.returncode == 2
    assert "does not exist" in result.stderr


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


# What the server refuses: its own words, never the statement


@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        (["company", "list"], "-c%20foo", "The database rejected a statement of the command"),
        (["company", "list"], "-c%20work_mem%3Dzzz", "invalid value for parameter"),
        (["company", "list"], "-c%20role%3Dnope", 'role "nope" does not exist'),
        (["migrate"], "-c%20search_path%3Dfoo", "no schema has been selected to create in"),
        (["company", "create", "A", "--currency", "DKK"], "-c%20default_transaction_read_only%3Don", "read-only"),
    ],
)
def test_what_the_server_refuses_is_one_line_in_its_words(
    owner_dsn: str, empty_dsn: str, command: list[str], options: str, words: str
) -> None:
    dsn = empty_dsn if command == ["migrate"] else owner_dsn
    result = run(*command, DATABASE_URL=f"{dsn}&options={options}")
    assert result.returncode in {1, 2}
    (line,) = messages(result).splitlines()
    assert line.startswith("Error: ")
    assert words in line
    assert "SQL:" not in line


@pytest.mark.parametrize("role", ["pg_mine", "public"])
def test_a_role_that_the_server_refuses_is_told_without_its_password(empty_dsn: str, role: str) -> None:
    result = run("migrate", OWNER_DATABASE_URL=empty_dsn, DATABASE_URL=as_role(empty_dsn, role, "hidden"))
    assert result.returncode == 2
    assert f'The server refuses the role "{role}" or its password: role name "{role}" is reserved' in result.stderr
    assert "hidden" not in result.stderr
    assert "CREATE ROLE" not in result.stderr


def test_a_database_in_another_encoding_is_rejected(server_dsn: str) -> None:
    name = f"customer_gateway_test_{uuid4().hex}"
    create = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc"
    asyncio.run(execute(server_dsn, create))
    try:
        result = run("migrate", DATABASE_URL=with_database(server_dsn, name))
    finally:
        asyncio.run(execute(server_dsn, f"DROP DATABASE {name} WITH (FORCE)"))
    assert result.returncode == 2
    assert messages(result).startswith("Error: The database is encoded in LATIN1")


def test_two_first_migrations_at_once_both_succeed(empty_dsn: str) -> None:
    with ThreadPoolExecutor() as threads:
        runs = [threads.submit(run, "migrate", DATABASE_URL=empty_dsn) for _ in range(2)]
    results = [command.result() for command in runs]
    assert [(result.returncode, messages(result)) for result in results] == [(0, "")] * 2


def test_a_role_without_a_name_is_rejected_before_anything_is_written(empty_dsn: str) -> None:
    nameless = empty_dsn.replace("postgresql://postgres@", "postgresql://")
    result = run("migrate", OWNER_DATABASE_URL=empty_dsn, DATABASE_URL=nameless)
    assert (result.returncode, result.stdout) == (2, "")
    assert "has no user" in result.stderr
    assert run("company", "list", DATABASE_URL=empty_dsn).returncode == 4


def test_the_role_that_serves_is_told_that_it_can_not_see_the_companies(service_dsn: str) -> None:
    result = run("company", "list", DATABASE_URL=service_dsn)
    assert (result.returncode, result.stdout) == (2, "")
    assert "set OWNER_DATABASE_URL to the role that owns the tables" in result.stderr


# Output that can't be written


def with_output(redirection: str, *command: str, **environment: str) -> tuple[int, str]:
    """How a command ends whose standard output is a shell's redirection, and what it says."""
    words = shlex.join([sys.executable, "-W", "error", "-m", "app", *command])
    result = subprocess.run(
        ["sh", "-c", f"{words} {redirection}"],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return result.returncode, result.stderr


@pytest.mark.parametrize("command", ["schema", "openapi", "graph", "--help", "--version"])
def test_a_full_output_is_one_line(command: str) -> None:
    assert run_into(Path("/dev/full"), command) == (1, FULL)


def test_a_full_output_is_one_line_of_a_new_interpreter_too() -> None:
    assert with_output(">/dev/full", "--version") == (1, FULL)


def test_a_file_without_room_is_one_line() -> None:
    result = run("schema", "--out", "/dev/full")
    assert (result.returncode, result.stderr) == (1, FULL)


def test_a_reader_that_has_gone_is_no_problem() -> None:
    assert with_output("| true", "schema")[1] == ""


def test_nothing_is_made_where_its_id_could_not_be_printed(owner_dsn: str) -> None:
    name = f"Closed {uuid4()}"
    code, said = with_output(">&-", "company", "create", name, "--currency", "DKK", DATABASE_URL=owner_dsn)
    assert code == 2
    assert said.startswith("Error: Standard output is closed")
    assert name not in run("company", "list", DATABASE_URL=owner_dsn).stdout


def test_ctrl_c_is_no_traceback(migrated_dsn: str, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with running("seed", "--customers", "100000", output=output, DATABASE_URL=migrated_dsn) as process:
        time.sleep(3)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) in {130, -signal.SIGINT}
    assert "Traceback" not in output.read_text()
