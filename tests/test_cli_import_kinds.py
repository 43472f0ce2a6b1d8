"""The command line: `import` of every kind, and what is the same for all of them."""

import asyncio
import re
import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from uuid import UUID

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.import_kinds import KINDS
from tests.support.commands import ROOT, messages, run, running
from tests.support.import_rows import SAMPLES, Sample, Surroundings, surroundings, write_rows
from tests.support.records import Records
from tests.support.untouched import everything_of

Import = Callable[..., CompletedProcess[str]]
FORMATS = ("csv", "jsonl")


@pytest.fixture(params=SAMPLES)
def kind(request: pytest.FixtureRequest) -> str:
    """The name of each kind."""
    return str(request.param)


@pytest.fixture
def sample(kind: str) -> Sample:
    """Rows of the kind."""
    return SAMPLES[kind]


@pytest.fixture
async def around(records: Records) -> Surroundings:
    """What rows refer to, stored."""
    return await surroundings(records)


@pytest.fixture
def import_file(service_dsn: str, company: UUID, kind: str) -> Import:
    """Runs the import of a file of the kind, as the role that serves."""

    def import_(path: Path, *options: str | Path) -> CompletedProcess[str]:
        return run("import", kind, path, "--company", str(company), *options, DATABASE_URL=service_dsn)

    return import_


async def count(engine: AsyncEngine, table: Table, company: UUID) -> int:
    async with engine.connect() as connection:
        query = select(func.count()).select_from(table).where(table.c.company_id == company)
        return (await connection.execute(query)).scalar_one()


def test_there_are_samples_of_every_kind() -> None:
    assert SAMPLES.keys() == KINDS.keys()


def test_the_columns_of_every_kind_are_documented() -> None:
    page = (ROOT / "docs/import.md").read_text()
    customer = {f"customer.{name}" for name in ("customerNumber", "externalSystemId", "id")}
    for name, importable in KINDS.items():
        columns = importable.default.columns
        key, others = re.findall(rf"^\| `{name}` \| `{columns.input_type}` \| (.+) \| (.+) \|$", page, re.MULTILINE)[0]
        documented = {*re.findall(r"`([\w.]+)`", key + others)} - {"metadata.KEY"}
        assert columns.headers - customer == documented, name
        assert ("`metadata.KEY`" in others) == columns.has_entries


@pytest.mark.parametrize("ending", FORMATS)
async def test_rows_are_created_updated_and_left_alone_in_batches(
    import_file: Import,
    sample: Sample,
    around: Surroundings,
    owner_engine: AsyncEngine,
    company: UUID,
    tmp_path: Path,
    ending: str,
) -> None:
    rows = [sample.new(around, number) for number in range(5)]
    path = write_rows(tmp_path / f"rows.{ending}", rows)
    before = await everything_of(owner_engine, company)

    dry = import_file(path, "--batch", "2", "--dry-run")
    assert (dry.returncode, dry.stdout) == (
        0,
        "Dry run, nothing was written: 5 created, 0 updated, 0 unchanged, 0 rejected.\n",
    ), messages(dry)
    assert await everything_of(owner_engine, company) == before
    assert import_file(path, "--batch", "2").stdout == "Rows: 5 created, 0 updated, 0 unchanged, 0 rejected.\n"

    written = await everything_of(owner_engine, company)
    again = import_file(path, "--batch", "3")
    assert again.stdout == "Rows: 0 created, 0 updated, 5 unchanged, 0 rejected.\n"
    assert await everything_of(owner_engine, company) == written

    rows[3] |= sample.changed
    write_rows(path, rows)
    assert import_file(path).stdout == "Rows: 0 created, 1 updated, 4 unchanged, 0 rejected.\n"
    assert import_file(path).stdout == "Rows: 0 created, 0 updated, 5 unchanged, 0 rejected.\n"


@pytest.mark.parametrize("ending", FORMATS)
async def test_a_wrong_row_is_reported_at_its_column_and_the_others_are_written(
    import_file: Import, sample: Sample, around: Surroundings, tmp_path: Path, ending: str
) -> None:
    rows = [sample.new(around, number) for number in range(4)]
    rows[2] |= sample.wrong
    path = write_rows(tmp_path / f"rows.{ending}", rows)

    result = import_file(path, "--batch", "2")

    assert (result.returncode, result.stdout) == (1, "Rows: 3 created, 0 updated, 0 unchanged, 1 rejected.\n")
    column, code = sample.problem
    (found,) = messages(result).splitlines()[1:]
    assert re.fullmatch(rf"line {4 if ending == 'csv' else 3}: {re.escape(column)} .+ \({code}\)", found)


async def test_a_key_in_several_rows_rejects_them_all_whatever_the_batches_are(
    import_file: Import, sample: Sample, around: Surroundings, tmp_path: Path
) -> None:
    rows = [sample.new(around, number) for number in (0, 1, 2, 0)]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    for options in (["--dry-run"], []):
        result = import_file(path, "--batch", "1", *options)
        assert result.stdout.endswith(": 2 created, 0 updated, 0 unchanged, 2 rejected.\n")
        assert messages(result).splitlines()[1:] == [
            f"line 1: {sample.key} is also the key of line 4: keep one row for each key. (FIELD_CONFLICT)",
            f"line 4: {sample.key} is also the key of line 1: keep one row for each key. (FIELD_CONFLICT)",
        ]


async def test_a_killed_import_is_continued_by_running_it_again(
    import_file: Import,
    kind: str,
    sample: Sample,
    around: Surroundings,
    service_dsn: str,
    owner_engine: AsyncEngine,
    company: UUID,
    tmp_path: Path,
) -> None:
    stored = await count(owner_engine, sample.table, company)
    rows, batch = 600, 3
    path = write_rows(tmp_path / "rows.jsonl", [sample.new(around, number) for number in range(rows)])
    arguments = ("import", kind, path, "--company", str(company), "--batch", str(batch))
    with running(*arguments, output=tmp_path / "output", DATABASE_URL=service_dsn) as process:
        async with asyncio.timeout(60):
            while await count(owner_engine, sample.table, company) == stored:  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    done = await count(owner_engine, sample.table, company) - stored
    assert 0 < done < rows
    assert done % batch == 0

    result = import_file(path)

    assert result.stdout == f"Rows: {rows - done} created, 0 updated, {done} unchanged, 0 rejected.\n"
    assert await count(owner_engine, sample.table, company) == stored + rows


@pytest.mark.parametrize(
    ("kind", "header", "message"),
    [
        ("groups", "name", "has no number, the key of customer groups: add it to every row."),
        (
            "contacts",
            "name,customer.id",
            "has no email, the key of contacts: add it to every row. To match them by name, add --match-by NAME.",
        ),
        (
            "contacts",
            "name,email",
            "has no customer to whom contacts belong: add customer.customerNumber or customer.externalSystemId or",
        ),
        ("departments", "customer.id", "has no name, the key of departments: add it to every row."),
        ("subscriptions", "customer.id", "has no externalSystemId, the key of subscriptions: add it to every row."),
        ("contacts", "customer,email", '"customer" can\'t be imported (read with commas as separators). Did you mean'),
        ("subscriptions", "externalSystemId,currentPeriod.from", '"currentPeriod.from" can\'t be imported'),
        ("contacts", "email,metadata.tier", '"metadata.tier" can\'t be imported'),
    ],
    indirect=["kind"],
)
def test_a_table_without_a_key_or_with_unknown_columns_is_rejected_whole(
    import_file: Import, tmp_path: Path, header: str, message: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"{header}\n{','.join('x' for _ in header.split(','))}\n")
    result = import_file(path)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in messages(result)


@pytest.mark.parametrize("kind", ["subscriptions"], indirect=True)
def test_an_unknown_field_of_an_object_is_rejected_with_its_line(import_file: Import, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [{"externalSystemId": "a", "customer": {"number": "1"}}])
    result = import_file(path)
    assert result.returncode == 2
    assert (
        'line 1: "customer.number" can\'t be imported. Did you mean "customer": {"customerNumber": …} for'
        in messages(result)
    )


@pytest.mark.parametrize("kind", ["subscriptions"], indirect=True)
async def test_cells_of_subscriptions_are_reported_in_words_for_a_spreadsheet(
    import_file: Import, around: Surroundings, sample: Sample, tmp_path: Path
) -> None:
    row = sample.new(around, 1) | {"startedOn": "01-06-2026", "netAmount": "300,00", "anchorDay": "first"}
    row["currentPeriod"] = {"startsOn": "2026-06-01", "endsOn": "2026-06-31", "netAmount": "1.000,00"}
    result = import_file(write_rows(tmp_path / "rows.csv", [row]))
    shown = "write the date as year, month and day, such as 2026-06-30. (FIELD_INVALID)"
    found = messages(result).splitlines()[1:]
    assert f'line 2: startedOn is "01-06-2026": {shown}' in found
    assert f'line 2: currentPeriod.endsOn is "2026-06-31": {shown}' in found
    assert any(line.startswith('line 2: netAmount is "300,00", with a comma: write') for line in found)
    assert any(line.startswith('line 2: currentPeriod.netAmount is "1.000,00", with a comma: write') for line in found)
    assert 'line 2: anchorDay is "first": write a whole number in digits, such as 30. (FIELD_INVALID)' in found


@pytest.mark.parametrize("kind", ["contacts", "departments"], indirect=True)
async def test_members_are_matched_by_another_key_or_by_id(
    import_file: Import, kind: str, records: Records, tmp_path: Path
) -> None:
    customer = await records.customer(customer_number="K-9")
    match_by, new, field = (
        ("NAME", {"name": "Ebbe"}, "phone")
        if kind == "contacts"
        else ("EAN_NUMBER", {"eanNumber": "5790000000005"}, "city")
    )
    row = {"customer": {"customerNumber": "K-9"}, "name": "Ebbe", **new, field: "12345678"}
    path = write_rows(tmp_path / "rows.csv", [row])
    assert import_file(path, "--match-by", match_by).stdout.startswith("Rows: 1 created, 0 updated")
    assert import_file(path, "--match-by", match_by).stdout.startswith("Rows: 0 created, 0 updated, 1 unchanged")
    make = records.contact if kind == "contacts" else records.department
    named = write_rows(tmp_path / "named.csv", [{"id": str(await make(customer)), field: "12345678"}])
    assert import_file(named).stdout.startswith("Rows: 0 created, 1 updated")


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("kind", ["contacts", "departments"], indirect=True)
async def test_two_defaults_of_a_customer_are_rejected_whatever_the_batches_are(
    import_file: Import, kind: str, around: Surroundings, tmp_path: Path, ending: str
) -> None:
    default = "isDefaultForCustomer" if kind == "contacts" else "isDefault"
    rows = [SAMPLES[kind].new(around, number) | {default: number != 6} for number in (0, 1, 6, 3)]
    path = write_rows(tmp_path / f"rows.{ending}", rows)

    dry = import_file(path, "--batch", "1", "--dry-run")

    assert dry.stdout == "Dry run, nothing was written: 2 created, 0 updated, 0 unchanged, 2 rejected.\n"
    first, second = ("2", "5") if ending == "csv" else ("1", "4")
    for line, its in ((first, second), (second, first)):
        assert (
            f"line {line}: {default} is also true in line {its} for the same customer, which has only one default"
            f" {kind.removesuffix('s')}. (FIELD_CONFLICT)"
        ) in messages(dry)
    same = "0 created, 0 updated, 2"
    for batch, outcome in (("1", "2 created, 0 updated, 0"), ("1", same), ("500", same)):
        assert import_file(path, "--batch", batch).stdout == f"Rows: {outcome} unchanged, 2 rejected.\n"


@pytest.mark.parametrize("kind", ["contacts"], indirect=True)
async def test_a_row_with_an_unreadable_cell_is_not_compared_with_stored_objects(
    import_file: Import, sample: Sample, around: Surroundings, tmp_path: Path
) -> None:
    row = sample.new(around, 1) | sample.wrong | {"email": "nobody"}
    for phone, columns in (("4.52E+09", ["phone", "email"]), ("12345678", ["email", "customer.externalSystemId"])):
        result = import_file(write_rows(tmp_path / "rows.csv", [row | {"phone": phone}]))
        assert re.findall(r"^line 2: (\S+) ", messages(result), re.MULTILINE) == columns


@pytest.mark.parametrize("kind", ["contacts", "departments"], indirect=True)
async def test_a_customer_named_by_two_keys_is_recognized_within_a_batch_only(
    import_file: Import, sample: Sample, around: Surroundings, records: Records, tmp_path: Path
) -> None:
    await records.customer(customer_number="K-9", external_system_id="nine")
    names: list[dict[str, str]] = [{"customerNumber": "K-9"}, {"externalSystemId": "nine"}]
    path = write_rows(tmp_path / "rows.jsonl", [sample.new(around, 1) | {"customer": name} for name in names])
    assert import_file(path).stdout == "Rows: 0 created, 0 updated, 0 unchanged, 2 rejected.\n"
    assert import_file(path, "--batch", "1").stdout == "Rows: 1 created, 0 updated, 1 unchanged, 0 rejected.\n"


@pytest.mark.parametrize("kind", ["groups", "subscriptions", "departments", "contacts"], indirect=True)
async def test_an_object_named_by_its_id_and_its_key_is_recognized_within_a_batch_only(
    import_file: Import,
    sample: Sample,
    around: Surroundings,
    owner_engine: AsyncEngine,
    company: UUID,
    tmp_path: Path,
) -> None:
    row = sample.new(around, 1)
    import_file(write_rows(tmp_path / "new.jsonl", [row]))
    async with owner_engine.connect() as connection:
        query = select(sample.table.c.id).where(sample.table.c.company_id == company)
        query = query.order_by(sample.table.c.created_at.desc()).limit(1)
        found = (await connection.execute(query)).scalar_one()
    by_id = {name: value for name, value in row.items() if name != sample.key} | {"id": str(found)}
    path = write_rows(tmp_path / "rows.jsonl", [row, by_id])
    assert import_file(path).stdout == "Rows: 0 created, 0 updated, 0 unchanged, 2 rejected.\n"
    assert import_file(path, "--batch", "1").stdout == "Rows: 0 created, 0 updated, 2 unchanged, 0 rejected.\n"
