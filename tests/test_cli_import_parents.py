"""The command line: customers whose rows name parents of the same file by key, in any order."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.import_order import order_of
from app.db.tables import customers
from tests.support.commands import messages, run
from tests.support.import_rows import write_rows
from tests.support.records import Records
from tests.support.untouched import everything_of

Import = Callable[..., CompletedProcess[str]]


@pytest.fixture
def import_file(service_dsn: str, company: UUID) -> Import:
    """Runs the import of a file of customers, as the role that serves."""

    def import_(path: Path, *options: str | Path) -> CompletedProcess[str]:
        return run("import", path, "--company", str(company), *options, DATABASE_URL=service_dsn)

    return import_


def new(key: str, **fields: Any) -> dict[str, Any]:
    """Return a new customer of the group with the number 10."""
    required = {"name": key, "vatZone": "DOMESTIC", "countryCode": "DK", "defaultCurrency": "DKK"}
    return {"externalSystemId": key, "customerGroupNumber": "10", **required, **fields}


def below(parent: str, key: str = "externalSystemId") -> dict[str, Any]:
    """Return the field of a row that names its parent."""
    return {"parent": {key: parent}}


async def parents_of(engine: AsyncEngine, company: UUID) -> dict[str, str | None]:
    """Return the external ids of the parents of all customers, by theirs."""
    query = select(customers).where(customers.c.company_id == company)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    names = {row.id: row.external_system_id for row in rows}
    return {row.external_system_id: names.get(row.parent_customer_id) for row in rows}


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
async def test_children_may_come_before_their_parents_in_any_batch_also_in_a_dry_run(
    import_file: Import, records: Records, owner_engine: AsyncEngine, company: UUID, tmp_path: Path, ending: str
) -> None:
    await records.group(number="10")
    rows = [new(f"child {number}", **below(f"parent {number % 2}")) for number in range(5)]
    rows += [new(f"parent {number}", customerNumber=f"P-{number}") for number in range(2)]
    rows.append(new("by number", **below("P-1", "customerNumber")))
    path = write_rows(tmp_path / f"rows.{ending}", rows)
    before = await everything_of(owner_engine, company)

    dry = import_file(path, "--batch", "2", "--dry-run")
    assert dry.stdout == "Dry run, nothing was written: 8 created, 0 updated, 0 unchanged, 0 rejected.\n", messages(dry)
    assert await everything_of(owner_engine, company) == before
    assert import_file(path, "--batch", "2").stdout == "Rows: 8 created, 0 updated, 0 unchanged, 0 rejected.\n"
    assert await parents_of(owner_engine, company) == {
        **{f"child {number}": f"parent {number % 2}" for number in range(5)},
        "parent 0": None,
        "parent 1": None,
        "by number": "parent 1",
    }
    for batch in ("1", "500"):
        again = import_file(path, "--batch", batch)
        assert again.stdout == "Rows: 0 created, 0 updated, 8 unchanged, 0 rejected.\n"


async def test_stored_parents_and_groups_are_named_by_key_and_null_removes_a_parent(
    import_file: Import, records: Records, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    group = await records.group(number="10")
    parent = await records.customer(external_system_id="p", customer_number="7", customer_group_id=group)
    for key, value in (("externalSystemId", "p"), ("customerNumber", "7"), ("id", str(parent))):
        path = write_rows(tmp_path / "rows.csv", [new(key, **below(value, key))])
        assert import_file(path).stdout.startswith("Rows: 1 created")
        assert (await parents_of(owner_engine, company))[key] == "p"
    path.write_text("externalSystemId,parent.externalSystemId\nid,null\ncustomerNumber,\n")
    assert import_file(path).stdout.startswith("Rows: 0 created, 1 updated, 1 unchanged, 0 rejected.")
    path = write_rows(tmp_path / "rows.jsonl", [{"externalSystemId": "customerNumber", "parent": None}])
    assert import_file(path).stdout.startswith("Rows: 0 created, 1 updated")
    found = await parents_of(owner_engine, company)
    assert found == {"p": None, "id": None, "customerNumber": None, "externalSystemId": "p"}


async def test_circles_are_rejected_with_the_lines_that_form_them(
    import_file: Import, records: Records, tmp_path: Path
) -> None:
    await records.group(number="10")
    rows = [
        new("a", **below("b")),
        new("fine"),
        new("b", **below("c")),
        new("c", **below("a")),
        new("self", **below("self")),
        new("under", **below("a")),
    ]
    path = write_rows(tmp_path / "rows.csv", rows)
    for options in (["--dry-run"], []):
        result = import_file(path, "--batch", "1", *options)
        assert result.stdout.endswith(": 1 created, 0 updated, 0 unchanged, 5 rejected.\n")
        column = "parent.externalSystemId"
        own = "must not be the key of the same row: a customer can't be its own parent."
        assert sorted(messages(result).splitlines()[1:]) == [
            f"line 2: {column} leads back to this row by lines 4, 5: parents can't form a circle. (PARENT_CUSTOMER_IS_CHILD)",
            f"line 4: {column} leads back to this row by lines 5, 2: parents can't form a circle. (PARENT_CUSTOMER_IS_CHILD)",
            f"line 5: {column} leads back to this row by lines 2, 4: parents can't form a circle. (PARENT_CUSTOMER_IS_CHILD)",
            f"line 6: {column} {own} (PARENT_CUSTOMER_SELF_REFERENCE)",
            f"line 7: {column} is the key of line 2, which was rejected: correct that line too. (PARENT_CUSTOMER_NOT_FOUND)",
        ]


async def test_keys_of_nothing_and_two_keys_are_reported_at_their_columns(
    import_file: Import, records: Records, tmp_path: Path
) -> None:
    group = await records.group(number="10")
    await records.customer(external_system_id="inactive", is_active=False)
    rows = [
        new("a", **below("nobody"), email="nobody"),
        new("b", customerGroupNumber="11"),
        new("c", customerGroupId=str(group)),
        new("d", parent={"externalSystemId": "inactive", "customerNumber": "1"}),
        new("e", **below("inactive")),
        new("f", parent="inactive"),
    ]
    result = import_file(write_rows(tmp_path / "rows.jsonl", rows))
    assert result.stdout == "Rows: 0 created, 0 updated, 0 unchanged, 6 rejected.\n"
    assert [line.rpartition(" (")[2] + " " + line.split()[2] for line in messages(result).splitlines()[1:]] == [
        "PARENT_CUSTOMER_NOT_FOUND) parent.externalSystemId",
        "FIELD_INVALID) email",
        "CUSTOMER_GROUP_NOT_FOUND) customerGroupNumber",
        "FIELD_CONFLICT) customerGroupNumber",
        "FIELD_INVALID) parent",
        "PARENT_CUSTOMER_INACTIVE) parent",
        "FIELD_INVALID) parent",
    ]


async def test_all_or_nothing_stops_before_a_batch_with_a_parent_that_does_not_exist(
    import_file: Import, records: Records, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    await records.group(number="10")
    rows = [new("a", **below("nobody")), new("b", **below("c")), new("c")]
    before = await everything_of(owner_engine, company)
    result = import_file(write_rows(tmp_path / "rows.jsonl", rows), "--all-or-nothing")
    assert (
        result.returncode,
        result.stdout.startswith("Rows: 0 created, 0 updated, 0 unchanged, 1 rejected. Nothing"),
    ) == (
        1,
        True,
    )
    assert await everything_of(owner_engine, company) == before
    path = write_rows(tmp_path / "rows.jsonl", [new("b", **below("c"), customerGroupNumber="11"), new("c")])
    result = import_file(path, "--all-or-nothing")
    assert "Stopped at rows of lines 1 to 1, because 1 row was rejected" in result.stdout
    assert await parents_of(owner_engine, company) == {"c": None}


@given(st.dictionaries(st.integers(0, 12), st.integers(0, 12)))
def test_rows_come_after_their_parents_unless_these_form_circles(parents: dict[int, int]) -> None:
    levels, circles = order_of(parents)
    in_circles = [row for circle in circles for row in circle]
    assert len(in_circles) == len(set(in_circles))
    for row, parent in parents.items():
        if row in in_circles:
            # Each names the next one, and the last names the first.
            assert parent in next(circle for circle in circles if row in circle)
        else:
            assert levels[row] > levels.get(parent, 0)


def test_a_long_chain_takes_time_in_proportion_to_its_length() -> None:
    rows = 100_000
    levels, circles = order_of({row: row + 1 for row in range(rows)})
    assert (levels[0], levels[rows - 1], circles) == (rows, 1, [])


async def test_rules_about_parents_dont_ask_for_ids_where_rows_name_them_by_key(
    import_file: Import, records: Records, tmp_path: Path
) -> None:
    await records.group(number="10")
    await records.customer(external_system_id="inactive", is_active=False)
    await records.customer(external_system_id="child", parent_customer_id=await records.customer())
    rows = [new("a", **below("inactive")), new("b", **below("child")), new("c", billingRelationship="PARENT_PAYS")]
    result = import_file(write_rows(tmp_path / "rows.csv", rows))
    assert messages(result).splitlines()[1:] == [
        "line 2: parent.externalSystemId must name an active customer. (PARENT_CUSTOMER_INACTIVE)",
        "line 3: parent.externalSystemId must not name a child: a child can't have children. (PARENT_CUSTOMER_IS_CHILD)",
        "line 4: billingRelationship can't be PARENT_PAYS without a parent. (PARENT_CUSTOMER_REQUIRED)",
    ]
