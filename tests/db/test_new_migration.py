"""The next migration, written from what the tables declare: its SQL, its access to new tables, its file."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.alphabet.established import run_script
from app.db.revisions import MIGRATIONS, head_revision
from app.db.tables import metadata
from tests.support import new_migration
from tests.support.commands import ROOT
from tests.support.new_migration import main, script_of, write_migration

_RIGHTS = text(
    "SELECT privilege FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege"
    " WHERE has_table_privilege('customer_gateway_service', 'customer_notes', privilege)"
)
_POLICIES = text("SELECT policyname, roles::text, cmd FROM pg_policies WHERE tablename = 'customer_notes'")
_SECURED = text("SELECT relrowsecurity FROM pg_class WHERE relname = 'customer_notes'")


@pytest.fixture
def declared() -> MetaData:
    """The tables with a new column, a new index and a new table."""
    copy = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(copy)
    customers = copy.tables["customers"]
    customers.append_column(Column("fax", Text()))
    Index("customers_by_fax", customers.c.company_id, customers.c.fax)
    Table(
        "customer_notes",
        copy,
        Column("company_id", Uuid(), nullable=False),
        Column("customer_id", Uuid(), nullable=False),
        Column("number", Integer(), nullable=False),
        Column("note", Text(), nullable=False),
        PrimaryKeyConstraint("company_id", "customer_id", "number", name="customer_notes_pkey"),
        ForeignKeyConstraint(
            ["company_id", "customer_id"], ["customers.company_id", "customers.id"], name="customer_notes_customer_fkey"
        ),
    )
    return copy


async def test_the_script_makes_what_is_declared_and_lets_the_service_use_new_tables(
    owner_engine: AsyncEngine, declared: MetaData
) -> None:
    async with owner_engine.connect() as connection:
        script = await connection.run_sync(script_of, declared)
        await connection.run_sync(run_script, script)
        left = await connection.run_sync(script_of, declared)
        rights = set((await connection.execute(_RIGHTS)).scalars())
        policies = [tuple(row) for row in await connection.execute(_POLICIES)]
        secured = (await connection.execute(_SECURED)).scalar_one()
        await connection.rollback()

    assert left == ""
    assert [line for line in script.splitlines() if line != line.rstrip()] == []
    assert "-- Remove grants that the service doesn't need.\nGRANT SELECT" in script
    assert rights == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert policies == [("own_company", "{customer_gateway_service}", "ALL")]
    assert secured


async def test_of_tables_that_are_as_declared_nothing_is_left_to_migrate(owner_engine: AsyncEngine) -> None:
    async with owner_engine.connect() as connection:
        assert await connection.run_sync(script_of, metadata) == ""


def test_the_file_follows_the_newest_revision_and_passes_the_linter(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))

    path = write_migration("Keep the fax number of a customer", "ALTER TABLE customers ADD COLUMN fax TEXT;", folder)

    assert path.parent == folder / "versions"
    revision = f"{int(head_revision()) + 1:04}"
    assert path.name == f"{revision}_keep_the_fax_number_of_a_customer.py"
    spec = importlib.util.spec_from_file_location("migration", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (module.revision, module.down_revision) == (revision, head_revision())
    with pytest.raises(NotImplementedError, match="backup"):
        module.downgrade()
    for command in (["check", "--config", ROOT / "pyproject.toml"], ["format", "--check"]):
        ruff = subprocess.run(
            [sys.executable, "-m", "ruff", *command, path], capture_output=True, text=True, check=False
        )
        assert ruff.returncode == 0, ruff.stdout


@pytest.mark.parametrize("name", ["", "x" * 61, 'say "what"'])
def test_a_name_that_says_nothing_or_too_much_is_rejected(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name]) == 2
    assert 'make migration NAME="…"' in capsys.readouterr().err


def test_without_anything_to_migrate_the_file_and_the_output_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[str] = []

    def write(_name: str, script: str) -> Path:
        written.append(script)
        return ROOT / "app" / tmp_path.name

    monkeypatch.setattr(new_migration, "write_migration", write)

    assert main(["Move data"]) == 0

    (script,) = written
    assert script.startswith("-- Nothing new is declared in app/db/tables.py.")
    output = capsys.readouterr().out
    assert "already make what app/db/tables.py declares" in output
    assert "or delete the file" in output
