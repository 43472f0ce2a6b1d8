"""No file ends an import in a traceback: any bytes, and values that break careless readers, in every field."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.cli.failures import CommandError
from app.cli.import_accounts import ACCOUNTS
from app.cli.import_customers import CUSTOMER_COLUMNS, customers_by
from app.cli.import_files import FileFormat, ImportFile, read_file
from app.cli.import_job import Job
from app.cli.import_kind import Kind
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork, rehearsal
from app.domain.upserts import MOST_UPSERT_ROWS, MatchKey, RejectionPolicy, RowOutcome
from tests.support.records import Records
from tests.support.thorough import examples

BY_ID = customers_by(MatchKey.EXTERNAL_SYSTEM_ID)
KINDS: tuple[Kind[Any], ...] = (BY_ID, ACCOUNTS)
NAMES = sorted(CUSTOMER_COLUMNS.names)

# Pieces that files are made of, so that more than the first byte is reached.
PIECES: tuple[bytes, ...] = (
    b'"', b'""', b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0",
    b"\xe6", b"\xed\xa0\x80", b"\xc3\xa6", b"sep=;", b"null", b"metadata.a", b"metadata.", b"metadataSet", b"metadataUnset",
    b"metadata", b"externalSystemId", b"name", b"number", b"creditLimit", b"isActive", b'{"name": ', b'{"metadataSet": {"a": 1}}',
    b'{"a": 1, "a": 2}', b"[", b"{", b"}", b"]", b"1e999999999999999999999", b"NaN", b"-Infinity", b"9" * 5_000, b"[" * 3_000,
    b'"\\ud800"', b"a", b" ", b"12,50", b"TRUE",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "latin-1")


def table(header: list[bytes], cells: list[bytes]) -> bytes:
    return b",".join(header) + b"\n" + b",".join(cells)


def encoded(text: bytes, encoding: str) -> bytes:
    return text.decode("latin-1").encode(encoding)


CONTENTS = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
    st.builds(encoded, st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join), st.sampled_from(ENCODINGS)),
    st.builds(
        table,
        st.lists(st.sampled_from([*map(str.encode, NAMES), b"metadata.a", b"metadata.b"]), min_size=1, max_size=5),
        st.lists(st.sampled_from(PIECES), min_size=1, max_size=5),
    ),
)


def read(path: Path, content: bytes, file_format: FileFormat, kind: Kind[Any]) -> ImportFile[Any] | None:
    path.write_bytes(content)
    try:
        return read_file(path, file_format, kind.columns)
    except CommandError as error:
        # The one way to end that names what is wrong.
        if not str(error).startswith(str(path)):
            raise
        return None


def check(kind: Kind[Any], file: ImportFile[Any] | None) -> None:
    """What is told of a file before the database is asked."""
    if file is not None:
        Job(kind, file, RejectionPolicy.ALL_OR_NOTHING, None, dry_run=True).check_file()
        for line in file.lines:
            kind.problems(line.row)


@pytest.mark.parametrize("kind", KINDS, ids=["customers", "accounts"])
@pytest.mark.parametrize("file_format", list(FileFormat))
@settings(max_examples=examples(250), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=CONTENTS)
@example(content=b"metadata.a,metadataSet\nx,y\n")
@example(content=b"metadata.a,metadataUnset\nnull,5\n")
@example(content=b"sep=;")
@example(content=b"\xff\xfe")
@example(content=b"\0\0\0a")
@example(content=b'{"creditLimit": ' + b"9" * 5_000 + b"}")
@example(content=b'{"subscriptionTransitions": ' + b"[" * 900 + b"]" * 900 + b"}")
def test_no_bytes_end_in_a_traceback(tmp_path: Path, file_format: FileFormat, kind: Kind[Any], content: bytes) -> None:
    check(kind, read(tmp_path / "file", content, file_format, kind))


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


JSON_VALUES: tuple[Any, ...] = (
    None, True, "", " ", "x", "null", "\0", "\ud800", "\u200b", "x" * 200_000, "12,50", "12.500", "1e5", "NaN", 0, -1, 10**320, 10**40,
    float("nan"), float("inf"), -float("inf"), 1e308, 5e-324, [], {}, nested(45), [{}], [{"subscriptionId": nested(40)}], {"": 1}, {"\0": 1},
    {"a": None}, {"a": []}, {"a": float("nan")}, {"a": 10**320}, {"a": "\ud800"}, ["a", 1], ["\ud800"], [None],
    "0198c0de-0000-7000-8000-000000000000", [{"subscriptionId": "0198c0de-0000-7000-8000-000000000000"}] * 2,
)  # fmt: skip


def rows_of(path: Path, rows: list[dict[str, Any]]) -> ImportFile[Any]:
    path.write_text("\n".join(map(json.dumps, rows)))
    return read_file(path, FileFormat.JSONL, CUSTOMER_COLUMNS)


async def outcomes(unit_of_work: UnitOfWork, file: ImportFile[Any]) -> Counter[RowOutcome]:
    job = Job(BY_ID, file, RejectionPolicy.ROW_BY_ROW, None, dry_run=True)
    job.check_file()
    for start in range(0, len(file.lines), MOST_UPSERT_ROWS):
        await job.carry_out(unit_of_work, file.lines[start : start + MOST_UPSERT_ROWS])
    assert job.counts.total() == len(file.lines)
    return job.counts


async def test_no_value_of_any_field_ends_in_a_traceback(
    database: Database, company: UUID, records: Records, tmp_path: Path
) -> None:
    group, path = str(await records.group()), tmp_path / "rows.jsonl"
    cases = [(name, value) for name in NAMES for value in JSON_VALUES]
    good = {"name": "N", "vatZone": "EU", "customerGroupId": group, "countryCode": "SE", "defaultCurrency": "SEK"}
    async with rehearsal(database, company) as unit_of_work:
        keys = [{"externalSystemId": f"stored {place}"} for place in range(len(cases))]
        stored = await outcomes(unit_of_work, rows_of(path, [{**key, **good} for key in keys]))
        assert stored == {RowOutcome.CREATED: len(cases)}
        changes = [{**key, name: value} for key, (name, value) in zip(keys, cases, strict=True)]
        assert (await outcomes(unit_of_work, rows_of(path, changes)))[RowOutcome.REFUSED] > len(cases) / 2
        news = [{"externalSystemId": f"new {place}", **good, name: value} for place, (name, value) in enumerate(cases)]
        assert (await outcomes(unit_of_work, rows_of(path, news)))[RowOutcome.REFUSED] > len(cases) / 2


async def test_no_cell_of_any_column_ends_in_a_traceback(database: Database, company: UUID, tmp_path: Path) -> None:
    columns = [*NAMES, "metadata.a"]
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        # A file that holds U+0000 is refused whole.
        for value in filter(lambda text: text != "\0", JSON_VALUES):
            cell = json.dumps(value) if isinstance(value, list | dict) else str(value)
            writer.writerows([cell if other == name else "" for other in columns] for name in columns)
    found = read_file(path, FileFormat.CSV, CUSTOMER_COLUMNS)
    async with rehearsal(database, company) as unit_of_work:
        assert (await outcomes(unit_of_work, found))[RowOutcome.REFUSED] == len(found.lines)
