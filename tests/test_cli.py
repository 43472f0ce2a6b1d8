"""The command line: what each command does."""

import asyncio
import re
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import jwt
import pytest

from app import __version__
from app.db.revisions import head_revision
from app.db.seed import demo_company_id
from app.domain.identity import Scope
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from tests.support.commands import ROOT, free_port, messages, run, running_anew, taken_port, wait_for_text
from tests.support.databases import as_role, execute
from tests.support.trust import TRUST


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_answers_until_it_is_told_to_end(service_dsn: str, tmp_path: Path, workers: str) -> None:
    port = free_port()
    output = tmp_path / "output"
    with running_anew(
        "serve", "--workers", workers, "--port", str(port), output=output, DATABASE_URL=service_dsn
    ) as process:
        wait_for_text(process, output, "startup complete")
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", verify=TRUST).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert "Traceback" not in output.read_text()


def test_migrate_makes_the_role_that_serves_and_the_second_time_finds_it(empty_dsn: str) -> None:
    role = f"customer_gateway_test_{uuid4().hex}"
    urls = {"OWNER_DATABASE_URL": empty_dsn, "DATABASE_URL": as_role(empty_dsn, role, "p'a\\ss")}
    try:
        first, second = run("migrate", **urls), run("migrate", **urls)
        with taken_port() as port:
            serving = run("serve", "--port", str(port), **urls)
    finally:
        asyncio.run(execute(empty_dsn, f"DROP ROLE {role}"))
    assert (first.returncode, second.returncode) == (0, 0)
    assert (
        first.stdout
        == f'The database is at revision {head_revision()}; names sort by the alphabet da.\nCreated the role "{role}".\n'
    )
    assert (
        second.stdout == f"The database is at revision {head_revision()}; names sort by the alphabet da.\n"
        f'Granted the service\'s rights to the role "{role}".\n'
    )
    # The port is what it fails at last, so the role was good enough.
    assert serving.returncode == 5


def test_seed_writes_once_and_rejects_to_write_the_same_again(migrated_dsn: str) -> None:
    options = ["--companies", "1", "--customers", "20", "--seed", "7"]
    first, second = run("seed", *options, DATABASE_URL=migrated_dsn), run("seed", *options, DATABASE_URL=migrated_dsn)
    assert first.returncode == 0
    assert messages(first) == ""
    assert "20 customers" in first.stdout
    assert str(demo_company_id(7)) in first.stdout
    assert second.returncode == 2
    assert "choose another seed number" in second.stderr


COMMANDS = [
    "dev",
    "serve",
    "work",
    "migrate",
    "seed",
    "token",
    "schema",
    "openapi",
    "graph",
    "documents",
    "import",
    "api-key",
    "api-key create",
]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_version_is_printed_after_any_command(command: str) -> None:
    result = run(*command.split(), "--version")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"customer-gateway {__version__}\n", "")


def test_the_version_needs_no_installation(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__", "explorer_bundle"))
    command = [sys.executable, "-m", "app", "--version"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert printed == f"customer-gateway {__version__}\n"
    assert version("customer-gateway") == __version__, "the installation is of another version: install it again"


def test_token_prints_a_token_that_dev_accepts_and_nothing_else(tmp_path: Path) -> None:
    company = uuid4()
    DevelopmentKeys(tmp_path)
    result = run("token", "--company", str(company), "--scope", "customers-read", "--data-folder", tmp_path)
    assert result.returncode == 0
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", result.stdout)
    assert result.stderr == ""
    key = (tmp_path / "verification-key.pem").read_text()
    claims = jwt.decode(result.stdout.strip(), key, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER)
    assert claims["company_id"] == str(company)
    assert claims["scope"] == "customers-read"
    assert claims["exp"] - claims["iat"] == timedelta(days=30).total_seconds()


def test_token_is_for_the_first_demo_company_and_all_scopes_unless_told(tmp_path: Path) -> None:
    DevelopmentKeys(tmp_path)
    printed = run("token", "--data-folder", tmp_path).stdout.strip()
    claims = jwt.decode(printed, options={"verify_signature": False})
    assert claims["company_id"] == str(demo_company_id())
    assert claims["scope"] == " ".join(sorted(Scope))


@pytest.mark.parametrize(
    ("command", "words"),
    [("schema", "type Customer "), ("openapi", '"/v1/customers": {'), ("graph", ">Customer</text>")],
)
def test_schema_document_and_picture_are_printed_written_and_checked(tmp_path: Path, command: str, words: str) -> None:
    path = tmp_path / "file"
    printed = run(command)
    assert words in printed.stdout
    assert run(command, "--check", "--out", path).returncode == 1
    assert run(command, "--out", path).returncode == 0
    assert path.read_text() == printed.stdout
    assert run(command, "--check", "--out", path).returncode == 0
    path.write_text(printed.stdout + "\n")
    differing = run(command, "--check", "--out", path)
    assert differing.returncode == 1
    assert f"run `customer-gateway {command} --out {path}`" in differing.stderr


def test_an_api_key_is_made_listed_and_revoked(owner_dsn: str, company: UUID) -> None:
    def of_company(*arguments: str) -> list[str]:
        result = run("api-key", *arguments, "--company", str(company), DATABASE_URL=owner_dsn)
        assert result.returncode == 0, result.stderr
        return result.stdout.splitlines()

    (plaintext,) = of_company("create", "--name", "Billing", "--scope", "customers-read", "--days", "30")
    (line,) = of_company("list")
    key, state = line.split()[:2]
    assert UUID(key)
    assert state == "valid"
    assert line.endswith("customers-read  Billing")
    assert plaintext not in line
    assert of_company("revoke", key) == []
    assert of_company("list")[0].split()[1] == "revoked"
    again = run("api-key", "revoke", key, "--company", str(company), DATABASE_URL=owner_dsn)
    assert again.returncode == 2
    assert "has no valid key" in again.stderr
