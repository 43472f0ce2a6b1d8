"""The command line: `import accounts`, and what `import` alone means."""

import json
import re
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.failures import CommandError
from app.cli.import_accounts import ACCOUNTS
from app.cli.import_files import format_of, read_file
from app.db.tables import ledger_accounts
from tests.support.commands import messages, run
from tests.support.records import Records
from tests.support.untouched import everything_of


async def stored(engine: AsyncEngine, company: UUID) -> dict[str, str]:
    query = select(ledger_accounts.c.number, ledger_accounts.c.name).where(ledger_accounts.c.company_id == company)
    async with engine.connect() as connection:
        return {row.number: row.name for row in await connection.execute(query)}


async def test_accounts_are_imported_and_again_change_nothing(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID, records: Records, tmp_path: Path
) -> None:
    await records.account(number="1010", name="Old")
    path = tmp_path / "accounts.csv"
    path.write_text('number,name\n1010,"Salg, indland"\n1020,Salg Ærø\n01030,3\n', encoding="utf-8-sig")
    command = ["import", "accounts", str(path), "--company", str(company)]

    first = run(*command, "--batch", "2", DATABASE_URL=service_dsn)

    assert (first.returncode, messages(first)) == (0, f"Reading {path}: UTF-8, cells separated by commas.\n")
    assert first.stdout == "Rows: 2 created, 1 updated, 0 unchanged, 0 rejected.\n"
    assert await stored(owner_engine, company) == {"1010": "Salg, indland", "1020": "Salg Ærø", "01030": "3"}
    before = await everything_of(owner_engine, company)
    again = run(*command, DATABASE_URL=service_dsn)
    assert again.stdout == "Rows: 0 created, 0 updated, 3 unchanged, 0 rejected.\n"
    assert await everything_of(owner_engine, company) == before


async def test_rejected_accounts_are_reported_with_their_lines(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    path, refused = tmp_path / "accounts.jsonl", tmp_path / "refused.jsonl"
    path.write_text('{"number": "1", "name": "One"}\n\n{"number": "2"}\n{"number": 3, "name": "Three"}\n')

    result = run("import", "accounts", path, "--company", str(company), "--refused", refused, DATABASE_URL=service_dsn)

    assert result.returncode == 1
    assert result.stdout == "Rows: 1 created, 0 updated, 0 unchanged, 2 rejected.\n"
    shown = messages(result).splitlines()[1:]
    assert [line.rpartition(" ")[2] for line in shown] == ["(FIELD_REQUIRED)", "(FIELD_INVALID)"]
    assert [json.loads(line) for line in refused.read_text().splitlines()] == [
        {"problems": shown[0].removesuffix(" (FIELD_REQUIRED)"), "number": "2"},
        {"problems": shown[1].removesuffix(" (FIELD_INVALID)"), "number": 3, "name": "Three"},
    ]
    assert await stored(owner_engine, company) == {"1": "One"}


async def test_a_dry_run_and_a_batch_that_is_rejected_whole_write_nothing(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("number,name\n1,One\n2,\n")
    before = await everything_of(owner_engine, company)
    command = ["import", "accounts", str(path), "--company", str(company)]

    dry = run(*command, "--dry-run", DATABASE_URL=service_dsn)
    whole = run(*command, "--all-or-nothing", DATABASE_URL=service_dsn)

    assert dry.stdout == "Dry run, nothing was written: 1 created, 0 updated, 0 unchanged, 1 rejected.\n"
    assert "Nothing was stored, because 1 row was rejected and --all-or-nothing was given." in whole.stdout
    assert (dry.returncode, whole.returncode) == (1, 1)
    assert await everything_of(owner_engine, company) == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", "number,name\n", "contains no ledger accounts."),
        (
            "x.csv",
            "number,email\n",
            'line 1: "email" can\'t be imported (read with commas as separators). Choose from: name, number.',
        ),
        ("x.csv", "number,metadata.tier\n", 'line 1: "metadata.tier" can\'t be imported'),
        ("x.jsonl", '{"number": "1", "subscriptionTransitions": []}\n', '"subscriptionTransitions" can\'t be imported'),
    ],
)
def test_a_file_of_accounts_that_can_not_be_read_is_rejected(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(CommandError, match=re.escape(message)):
        read_file(path, format_of(path), ACCOUNTS.columns)


async def test_a_file_without_a_kind_is_one_of_customers_wherever_the_options_stand(
    service_dsn: str, company: UUID, records: Records, tmp_path: Path
) -> None:
    group = await records.group()
    path = tmp_path / "customers.csv"
    header = "externalSystemId,name,vatZone,customerGroupId,countryCode,defaultCurrency"
    path.write_text(f"{header}\na,Fjord,DOMESTIC,{group},DK,DKK\n")
    created = "Rows: 1 created, 0 updated, 0 unchanged, 0 rejected.\n"
    unchanged = "Rows: 0 created, 0 updated, 1 unchanged, 0 rejected.\n"

    named = ["--company", str(company)]
    assert run("import", path, *named, DATABASE_URL=service_dsn).stdout == created
    assert run("import", *named, path, DATABASE_URL=service_dsn).stdout == unchanged
    assert run("import", "customers", path, *named, DATABASE_URL=service_dsn).stdout == unchanged


def test_a_key_to_match_by_is_an_option_of_customers_alone(tmp_path: Path) -> None:
    result = run("import", "accounts", tmp_path / "x.csv", "--match-by", "CUSTOMER_NUMBER")
    assert result.returncode == 2
    assert "No such option" in result.stderr
