"""The command line: `import --refused`, a file of the rejected rows that can be corrected and imported again."""

import csv
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from tests.support.commands import messages, run
from tests.support.import_rows import SAMPLES, Sample, Surroundings, surroundings, write_rows
from tests.support.records import Records
from tests.support.untouched import everything_of

Import = Callable[..., CompletedProcess[str]]
FORMATS = ("csv", "jsonl")


@pytest.fixture
async def around(records: Records) -> Surroundings:
    """What rows refer to, stored."""
    return await surroundings(records)


@pytest.fixture
def import_file(service_dsn: str, company: UUID) -> Import:
    """Runs the import of a file of a kind, as the role that serves."""

    def import_(kind: str, path: Path, *options: str | Path) -> CompletedProcess[str]:
        return run("import", kind, path, "--company", str(company), *options, DATABASE_URL=service_dsn)

    return import_


def wrong_row(sample: Sample, around: Surroundings, number: int) -> dict[str, Any]:
    return sample.new(around, number) | sample.wrong


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("options", [[], ["--dry-run"], ["--all-or-nothing"]])
async def test_a_rejected_row_is_written_as_it_stood_with_its_problems(
    import_file: Import, around: Surroundings, tmp_path: Path, kind: str, ending: str, options: list[str]
) -> None:
    sample = SAMPLES[kind]
    rows = [sample.new(around, number) for number in range(4)]
    rows[2] = wrong_row(sample, around, 2)
    path, refused = write_rows(tmp_path / f"rows.{ending}", rows), tmp_path / f"refused.{ending}"
    path.chmod(0o640)

    result = import_file(kind, path, "--batch", "2", "--refused", refused, *options)

    assert result.returncode == 1
    line, (field, code) = 4 if ending == "csv" else 3, sample.problem
    (shown,) = [shown for shown in messages(result).splitlines() if shown.startswith(f"line {line}: ")]
    assert shown.startswith(f"line {line}: {field} ")
    assert shown.endswith(f" ({code})")
    problems = shown.removesuffix(f" ({code})")
    if ending == "csv":
        header, *records = csv.reader(path.read_text().splitlines())
        assert list(csv.reader(refused.read_text().splitlines())) == [
            ["problems", *header],
            [problems, *records[2]],
        ]
    else:
        assert [json.loads(text) for text in refused.read_text().splitlines()] == [{"problems": problems, **rows[2]}]
    assert stat.S_IMODE(refused.stat().st_mode) == 0o640
    assert set(os.listdir(tmp_path)) == {path.name, refused.name}  # noqa: PTH208 - in an async test


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("ending", FORMATS)
async def test_the_corrected_file_is_imported_and_its_problems_are_ignored(
    import_file: Import, around: Surroundings, tmp_path: Path, kind: str, ending: str
) -> None:
    sample = SAMPLES[kind]
    wrong = [wrong_row(sample, around, number) for number in range(2)]
    path, refused = write_rows(tmp_path / f"rows.{ending}", wrong), tmp_path / f"refused.{ending}"
    again = tmp_path / f"again.{ending}"
    assert import_file(kind, path, "--refused", refused).returncode == 1
    # Rejected once more, it has the same rows with the problems of this import.
    assert import_file(kind, refused, "--refused", again).returncode == 1
    assert again.read_bytes() == refused.read_bytes()

    write_rows(refused, [{"problems": "as before", **sample.new(around, number)} for number in range(2)])
    result = import_file(kind, refused, "--refused", again)

    assert (result.returncode, result.stdout) == (0, "Rows: 2 created, 0 updated, 0 unchanged, 0 rejected.\n")
    assert [line for line in again.read_text().splitlines() if not line.startswith("problems,")] == []


async def contents(engine: AsyncEngine, company: UUID) -> set[tuple[object, ...]]:
    """Return what a file of subscriptions determines, without ids and times."""
    table, periods, customers = tables.subscriptions, tables.subscription_periods, tables.customers
    joined = table.join(customers, customers.c.id == table.c.customer_id)
    joined = joined.join(periods, periods.c.subscription_id == table.c.id)
    columns = [table.c[name] for name in ("external_system_id", "name", "status", "net_amount", "version")]
    query = (
        select(customers.c.external_system_id, periods.c.starts_on, periods.c.ends_on, *columns)
        .select_from(joined)
        .where(table.c.company_id == company)
    )
    async with engine.connect() as connection:
        counted = select(func.count()).select_from(table).where(table.c.company_id == company)
        total = (await connection.execute(counted)).scalar_one()
        found = {tuple(row) for row in await connection.execute(query)}
    assert len(found) == total
    return found


@pytest.mark.parametrize("ending", FORMATS)
async def test_a_file_with_rejected_rows_ends_as_if_all_had_been_right(
    import_file: Import,
    around: Surroundings,
    owner_engine: AsyncEngine,
    company: UUID,
    tmp_path: Path,
    ending: str,
) -> None:
    sample, number_of_rows = SAMPLES["subscriptions"], 2_000
    right = [sample.new(around, number) for number in range(number_of_rows)]
    bad = set(range(5, number_of_rows, number_of_rows // 30)[:30])
    rows = [wrong_row(sample, around, number) if number in bad else right[number] for number in range(number_of_rows)]
    path, refused = write_rows(tmp_path / f"rows.{ending}", rows), tmp_path / f"refused.{ending}"

    first = import_file("subscriptions", path, "--refused", refused)
    assert first.stdout == "Rows: 1970 created, 0 updated, 0 unchanged, 30 rejected.\n"
    text = refused.read_text()
    # The one thing that is wrong: the period ends on the day on which it starts.
    corrected = text.replace("2026-06-01,2026-06-01,", "2026-06-01,2026-07-01,").replace(
        '"endsOn": "2026-06-01"', '"endsOn": "2026-07-01"'
    )
    assert corrected != text
    refused.write_text(corrected)
    second = import_file("subscriptions", refused)

    assert second.stdout == "Rows: 30 created, 0 updated, 0 unchanged, 0 rejected.\n"
    whole = write_rows(tmp_path / f"right.{ending}", right)
    before = await everything_of(owner_engine, company)
    assert import_file("subscriptions", whole).stdout == "Rows: 0 created, 0 updated, 2000 unchanged, 0 rejected.\n"
    assert await everything_of(owner_engine, company) == before
    found = await contents(owner_engine, company)
    assert {(row[3], row[7]) for row in found} == {(f"S-{number}", 1) for number in range(number_of_rows)}


async def test_a_refused_file_that_cant_be_written_is_rejected_before_the_import(
    import_file: Import, around: Surroundings, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [SAMPLES["accounts"].new(around, 1)])
    (tmp_path / "folder.jsonl").mkdir()
    before = await everything_of(owner_engine, company)
    for name, message in {
        "refused.csv": f"refused.csv must end in .jsonl: rejected rows are written in the format of {path}",
        "refused.txt": "must end in .jsonl",
        "refused.dat": "has an unknown format",
        "folder.jsonl": "folder.jsonl can't be written: it is a folder.",
        "missing/refused.jsonl": "refused.jsonl can't be written: No such file or directory.",
    }.items():
        result = import_file("accounts", path, "--refused", tmp_path / name)
        assert (result.returncode, result.stdout) == (2, "")
        assert message in result.stderr
    assert await everything_of(owner_engine, company) == before


async def test_the_file_of_an_earlier_import_stays_until_the_import_has_ended(
    import_file: Import, tmp_path: Path
) -> None:
    refused, path = tmp_path / "refused.csv", tmp_path / "rows.csv"
    target = tmp_path / "target.csv"
    target.write_text("earlier")
    refused.symlink_to(target)
    path.write_text("number,name\n1,\n")
    assert (
        import_file(
            "accounts", path, "--refused", refused, "--company", "0198c0de-0000-7000-8000-000000000000"
        ).returncode
        == 2
    )
    assert target.read_text() == "earlier"

    assert import_file("accounts", path, "--refused", refused).returncode == 1

    assert refused.is_symlink()
    assert target.read_text().startswith("problems,number,name\n")
