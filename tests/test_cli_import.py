"""The command line: `import`, from files as people and other systems write them."""

import csv
import json
import re
import signal
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import customers
from tests.support.commands import messages, run, running, wait_for_text
from tests.support.new_customers import new_customer_input
from tests.support.records import Records
from tests.support.untouched import everything_of

Import = Callable[..., CompletedProcess[str]]
NEEDED = "name,vatZone,customerGroupId,countryCode,defaultCurrency"


@pytest.fixture
def import_file(service_dsn: str, company: UUID) -> Import:
    """Runs the import of a file into the test's own company, as the role that serves."""

    def import_(path: Path, *options: str | Path) -> CompletedProcess[str]:
        return run("import", path, "--company", str(company), *options, DATABASE_URL=service_dsn)

    return import_


@pytest.fixture
def stored(owner_engine: AsyncEngine, company: UUID) -> Callable[[str], Awaitable[dict[str, Any]]]:
    """What is stored of the customer with an external id."""

    async def read(key: str) -> dict[str, Any]:
        query = select(customers).where(customers.c.company_id == company, customers.c.external_system_id == key)
        async with owner_engine.connect() as connection:
            return dict((await connection.execute(query)).mappings().one())

    return read


def table(path: Path, header: str, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_text("\n".join((header, *lines)) + "\n", encoding=encoding)
    return path


def objects(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


async def test_a_table_is_imported_and_again_changes_nothing(
    import_file: Import, stored: Any, records: Records, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    group = await records.group()
    await records.customer(external_system_id="b", name="Old", email="a@b.example", metadata={"keep": 1, "drop": 2})
    path = table(
        tmp_path / "customers.csv",
        f"externalSystemId,{NEEDED},email,isActive,paymentTerms,creditLimit,notes,metadata.tier,metadata.drop",
        f'a,"Søn, ""Far"" & Co",EU,{group},se,sek,,false,30,1000.50,"two\nlines",gold,',
        "b,New,,,,,null,,,,,,null",
        encoding="utf-8-sig",
    )

    first = import_file(path)

    assert (first.returncode, messages(first)) == (0, f"Reading {path}: UTF-8, cells separated by commas.\n")
    assert first.stdout == "Rows: 1 created, 1 updated, 0 unchanged, 0 rejected.\n"
    a, b = await stored("a"), await stored("b")
    assert (a["name"], a["country_code"], a["is_active"], a["payment_terms"]) == ('Søn, "Far" & Co', "SE", False, 30)
    assert (str(a["credit_limit"]), a["notes"], a["metadata"]) == ("1000.50", "two\nlines", {"tier": "gold"})
    assert (b["name"], b["email"], b["metadata"], b["version"]) == ("New", None, {"keep": 1}, 2)
    before = await everything_of(owner_engine, company)
    again = import_file(path)
    assert again.stdout == "Rows: 0 created, 0 updated, 2 unchanged, 0 rejected.\n"
    assert await everything_of(owner_engine, company) == before


async def test_json_lines_are_imported_with_all_that_json_can_say(
    import_file: Import, stored: Any, records: Records, tmp_path: Path
) -> None:
    group, parent = await records.group(), await records.customer()
    child = await records.customer(external_system_id="child", email="a@b.example")
    subscription = await records.subscription(child)
    path = objects(
        tmp_path / "customers.ndjson",
        new_customer_input(
            group, "a", creditLimit=12.5, openingBalance="-1", metadata={"a": 1.5, "b": True, "c": "x"}, notes="\u2028"
        ),
        {
            "externalSystemId": "child",
            "email": None,
            "parentCustomerId": str(parent),
            "subscriptionTransitions": [{"subscriptionId": str(subscription)}],
        },
    )

    result = import_file(path, "--batch", "1")

    assert (result.returncode, messages(result)) == (0, f"Reading {path}: UTF-8.\n")
    a, b = await stored("a"), await stored("child")
    assert (str(a["credit_limit"]), str(a["opening_balance"])) == ("12.50", "-1.00")
    assert a["metadata"] == {"a": 1.5, "b": True, "c": "x"}
    assert (b["email"], b["parent_customer_id"]) == (None, parent)
    assert import_file(path).stdout == "Rows: 0 created, 0 updated, 2 unchanged, 0 rejected.\n"


async def test_decimals_are_counted_as_they_are_written_in_a_table_and_in_json_lines(
    import_file: Import, stored: Any, records: Records, tmp_path: Path
) -> None:
    group = await records.group()
    rows = [
        table(
            tmp_path / "customers.csv",
            f"externalSystemId,{NEEDED},creditLimit",
            f"a,Fjord,DOMESTIC,{group},DK,DKK,12.500",
            f"b,Fjord,DOMESTIC,{group},DK,DKK,12.50",
        ),
        objects(
            tmp_path / "customers.jsonl",
            new_customer_input(group, "c", creditLimit=12.5),
            new_customer_input(group, "d", openingBalance=1.25),
        ),
        objects(tmp_path / "texts.jsonl", new_customer_input(group, "e", creditLimit="12.500")),
    ]
    rows[1].write_text(rows[1].read_text().replace("12.5", "12.500"))

    results = [import_file(path) for path in rows]

    assert [result.returncode for result in results] == [1, 1, 1]
    assert all("creditLimit has 3 decimals; at most 2 are allowed" in result.stderr for result in results)
    assert (await stored("b"))["credit_limit"] == Decimal("12.50")
    assert (await stored("d"))["opening_balance"] == Decimal("1.25")


async def test_rejected_rows_are_reported_with_their_lines_and_the_others_written(
    import_file: Import, records: Records, tmp_path: Path
) -> None:
    group = await records.group()
    good = f"Fjord,DOMESTIC,{group},DK,DKK"
    path = table(
        tmp_path / "customers.csv",
        f"externalSystemId,{NEEDED},isActive,billingDay,creditLimit,metadata,email",
        f"a,{good},,,,,",
        "",
        f'b,"two\nlines",DOMESTIC,{group},DK,DKK,yes,1.5,"1,5",{{,nobody',
        f"c,{good},maybe,,,,",
        f"d,{good},true,,,,",
    )
    report = tmp_path / "refused.csv"

    result = import_file(path, "--refused", report)

    assert result.returncode == 1
    assert result.stdout == "Rows: 2 created, 0 updated, 0 unchanged, 2 rejected.\n"
    assert 'line 4: isActive is "yes": write TRUE or FALSE. (FIELD_INVALID)\n' in result.stderr
    shown = messages(result).splitlines()[1:]
    assert [re.findall(r"^line (\d+): (\w+) .*\((\w+)\)$", line)[0] for line in shown] == [
        ("4", "isActive", "FIELD_INVALID"),
        ("4", "billingDay", "FIELD_INVALID"),
        ("4", "creditLimit", "FIELD_INVALID"),
        ("4", "metadata", "FIELD_INVALID"),
        ("4", "email", "FIELD_INVALID"),
        ("6", "isActive", "FIELD_INVALID"),
    ]
    with report.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [(entry["externalSystemId"], entry["name"], entry["isActive"]) for entry in found] == [
        ("b", "two\nlines", "yes"),
        ("c", "Fjord", "maybe"),
    ]
    assert found[0]["problems"].startswith('line 4: isActive is "yes": write TRUE or FALSE. billingDay is "1.5": ')
    assert ' creditLimit is "1,5", with a comma: write the amount in digits with a point ' in found[0]["problems"]
    assert 'write JSON such as {"tier": "gold"}. email ' in found[0]["problems"]


async def test_only_so_many_rejections_are_shown(import_file: Import, tmp_path: Path) -> None:
    result = import_file(objects(tmp_path / "rows.jsonl", *[{"externalSystemId": "x"}] * 30))
    assert result.stderr.count("FIELD_CONFLICT") == 20
    assert result.stderr.endswith("Further problems are not shown: --refused FILE writes all of them.\n")
    assert result.stdout.endswith("30 rejected.\n")


async def test_all_or_nothing_stops_before_the_batch_that_holds_a_rejected_row(
    import_file: Import, records: Records, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    group = await records.group()
    rows = [new_customer_input(group, str(place)) for place in range(6)]
    rows[3]["email"] = "nobody"
    result = import_file(objects(tmp_path / "rows.jsonl", *rows), "--all-or-nothing", "--batch", "2")
    assert result.returncode == 1
    assert result.stdout == (
        "Rows: 2 created, 0 updated, 0 unchanged, 1 rejected."
        " Stopped at lines 3 to 4, because 1 row was rejected and --all-or-nothing was given: nothing of these lines or of"
        " those after them was stored. Correct the row and run the import again.\n"
    )
    assert await count(owner_engine, company) == 2


async def test_a_dry_run_says_what_would_be_done(
    import_file: Import, records: Records, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    group = await records.group()
    before = await everything_of(owner_engine, company)
    result = import_file(objects(tmp_path / "rows.jsonl", new_customer_input(group, "a")), "--dry-run")
    assert result.returncode == 0
    assert result.stdout == "Dry run, nothing was written: 1 created, 0 updated, 0 unchanged, 0 rejected.\n"
    assert await everything_of(owner_engine, company) == before


async def test_a_dry_run_of_a_file_judges_later_rows_by_what_earlier_ones_would_write(
    import_file: Import, records: Records, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    group = await records.group()
    parent = await records.customer(external_system_id="parent", is_active=False)
    path = objects(
        tmp_path / "rows.jsonl",
        {"externalSystemId": "parent", "isActive": True},
        new_customer_input(group, "child", parentCustomerId=str(parent), customerNumber="K-1"),
        new_customer_input(group, "taken", customerNumber="K-1"),
        new_customer_input(group, "counted"),
    )
    before = await everything_of(owner_engine, company)

    dry = import_file(path, "--dry-run", "--batch", "1")

    assert await everything_of(owner_engine, company) == before
    real = import_file(path, "--batch", "1")
    assert real.stdout == "Rows: 2 created, 1 updated, 0 unchanged, 1 rejected.\n"
    assert dry.stdout == real.stdout.replace("Rows", "Dry run, nothing was written")
    assert [line.partition(" (")[2] for line in messages(dry).splitlines()[1:]] == [
        "CUSTOMER_NUMBER_ALREADY_EXISTS)",
    ]


async def test_a_key_that_several_rows_have_is_found_over_the_whole_file_in_any_run(
    import_file: Import, records: Records, tmp_path: Path
) -> None:
    group = await records.group()
    path = objects(
        tmp_path / "rows.jsonl",
        *(new_customer_input(group, key) for key in ("a", "b", " a ", "c")),
        new_customer_input(group, "a", email="nobody", name=5),
    )
    message = "externalSystemId is also the key of lines {}: keep one row for each key. (FIELD_CONFLICT)"
    for options in (["--dry-run"], []):
        result = import_file(path, "--batch", "1", *options)
        assert result.stdout.endswith(": 2 created, 0 updated, 0 unchanged, 3 rejected.\n")
        assert messages(result).splitlines()[1:] == [
            f"line 1: {message.format('3, 5')}",
            f"line 3: {message.format('1, 5')}",
            f"line 5: {message.format('1, 3')}",
            "line 5: name must be text, not 5: write it in quotation marks. (FIELD_INVALID)",
            'line 5: email must be an address such as name@example.com, not "nobody". (FIELD_INVALID)',
        ]


@pytest.mark.parametrize("options", [["--dry-run"], []])
async def test_all_or_nothing_writes_nothing_of_a_file_that_is_wrong_in_itself(
    import_file: Import,
    records: Records,
    owner_engine: AsyncEngine,
    company: UUID,
    tmp_path: Path,
    options: list[str],
) -> None:
    group = await records.group()
    path = table(
        tmp_path / "rows.csv",
        f"externalSystemId,{NEEDED},creditLimit",
        *(
            f"{key},Fjord,DOMESTIC,{group},DK,DKK,{limit}"
            for key, limit in (("a", "1.00"), ("b", "1.00"), ("c", '"1,00"'))
        ),
    )
    before = await everything_of(owner_engine, company)
    result = import_file(path, "--all-or-nothing", "--batch", "1", *options)
    assert result.returncode == 1
    assert result.stdout.endswith(
        ": 0 created, 0 updated, 0 unchanged, 1 rejected. Nothing was stored, because 1 row was rejected and --all-or-nothing"
        " was given. Correct the row and run the import again.\n"
    )
    assert await everything_of(owner_engine, company) == before


async def test_entries_are_reported_by_their_columns_and_a_long_cell_rejects_its_row(
    import_file: Import, records: Records, stored: Any, tmp_path: Path
) -> None:
    group = await records.group()
    path = table(
        tmp_path / "rows.csv",
        f"externalSystemId;{NEEDED.replace(',', ';')};notes;metadata.tier;metadataSet",
        f"a;Fjord;DOMESTIC;{group};DK;DKK;;{'x' * 501};",
        f"b;Fjord;DOMESTIC;{group};DK;DKK;{'x' * 200_000};;",
        f'c;Fjord;DOMESTIC;{group};DK;DKK;;gold;"{{""size"": 5}}"',
        encoding="utf-16-le",
    )
    result = import_file(path)
    assert result.stdout == "Rows: 1 created, 0 updated, 0 unchanged, 2 rejected.\n"
    assert messages(result).splitlines() == [
        f"Reading {path}: UTF-16, cells separated by semicolons.",
        "line 2: metadata.tier must have at most 500 characters, not 501. (METADATA_VALUE_INVALID)",
        "line 3: notes must have at most 10000 characters, not 200000. (FIELD_TOO_LONG)",
    ]
    assert (await stored("c"))["metadata"] == {"tier": "gold", "size": 5}


async def test_a_file_without_the_key_is_rejected_once(
    import_file: Import, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    rows = objects(tmp_path / "rows.jsonl", *[{"name": "Fjord"}] * 30)
    numbered = table(tmp_path / "rows.csv", "customerNumber,name", *["1,Fjord"] * 30)
    before = await everything_of(owner_engine, company)

    for path, advice in ((rows, ""), (numbered, " To match them by customerNumber, add --match-by CUSTOMER_NUMBER.")):
        result = import_file(path)

        assert (result.returncode, result.stdout) == (2, "")
        assert messages(result).endswith(
            f"Error: {path} has no externalSystemId, the key of customers: add it to every row.{advice}\n"
        )
    assert await everything_of(owner_engine, company) == before


async def test_customers_may_be_matched_by_number(import_file: Import, records: Records, tmp_path: Path) -> None:
    await records.customer(customer_number="N-1")
    path = objects(tmp_path / "rows.txt", {"customerNumber": "N-1", "name": "New"})
    result = import_file(path, "--match-by", "CUSTOMER_NUMBER", "--format", "jsonl")
    assert result.stdout == "Rows: 0 created, 1 updated, 0 unchanged, 0 rejected.\n"


async def test_an_interrupted_import_goes_on_where_it_was(
    import_file: Import, records: Records, service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    group = await records.group()
    # So many, one by one, that a busy machine still interrupts it on its way.
    rows = [new_customer_input(group, str(place)) for place in range(2_000)]
    rows[0]["email"] = "nobody"  # said at once, so that the test knows that it has begun
    path, output = objects(tmp_path / "rows.jsonl", *rows), tmp_path / "output"
    arguments = ("import", path, "--company", str(company), "--batch", "1")
    with running(*arguments, output=output, DATABASE_URL=service_dsn) as process:
        wait_for_text(process, output, "line 1: email")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) != 0
    assert "Traceback" not in output.read_text()
    done = await count(owner_engine, company)
    assert done < 1_999
    result = import_file(path)
    assert result.stdout == f"Rows: {1_999 - done} created, 0 updated, {done} unchanged, 1 rejected.\n"


def test_a_file_that_is_missing_and_a_report_in_the_place_of_the_file_are_rejected(
    import_file: Import, tmp_path: Path
) -> None:
    missing = import_file(tmp_path / "missing.csv")
    assert missing.returncode == 2
    assert "missing.csv can't be used: No such file or directory." in missing.stderr
    path = objects(tmp_path / "rows.jsonl", {"externalSystemId": "a"})
    same = import_file(path, "--refused", path)
    assert same.returncode == 2
    assert "is the file to import" in same.stderr
    assert path.read_text(encoding="utf-8") == '{"externalSystemId": "a"}\n'


def test_a_company_that_does_not_exist_is_named(service_dsn: str, tmp_path: Path) -> None:
    nobody = str(uuid4())
    path = objects(tmp_path / "rows.jsonl", {"externalSystemId": "a"})
    result = run("import", path, "--company", nobody, DATABASE_URL=service_dsn)
    assert result.returncode == 2
    assert f"\nError: The company {nobody} does not exist: " in result.stderr
    assert "customer-gateway company create" in result.stderr


def test_an_import_needs_a_role_that_the_walls_between_companies_hold(
    owner_dsn: str, company: UUID, tmp_path: Path
) -> None:
    path = objects(tmp_path / "rows.jsonl", {"externalSystemId": "a"})
    result = run("import", path, "--company", str(company), DATABASE_URL=owner_dsn)
    assert result.returncode == 2
    assert "role" in result.stderr


async def count(engine: AsyncEngine, company_id: UUID) -> int:
    async with engine.connect() as connection:
        query = select(func.count()).select_from(customers).where(customers.c.company_id == company_id)
        return (await connection.execute(query)).scalar_one()
