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
from app.cli.import_files import FileFormat, ImportFile, read_file
from app.cli.import_job import Job
from app.cli.import_kind import Kind
from app.cli.import_kinds import KINDS
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork, rehearsal
from app.domain.upserts import MOST_UPSERT_ROWS, RejectionPolicy, RowOutcome
from tests.support.import_rows import SAMPLES, surroundings
from tests.support.records import Records
from tests.support.thorough import examples

NAMES = sorted({name for importable in KINDS.values() for name in importable.default.columns.headers})

# Pieces that files are made of, so that more than the first byte is reached.
PIECES: tuple[bytes, ...] = (
    b'"', b'""', b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0",
    b"\xe6", b"\xed\xa0\x80", b"\xc3\xa6", b"sep=;", b"null", b"metadata.a", b"metadata.", b"metadataSet", b"metadataUnset",
    b"metadata", b"externalSystemId", b"name", b"number", b"creditLimit", b"isActive", b'{"name": ', b'{"metadataSet": {"a": 1}}',
    b'{"a": 1, "a": 2}', b"[", b"{", b"}", b"]", b"1e999999999999999999999", b"NaN", b"-Infinity", b"9" * 5_000, b"[" * 3_000,
    b'"\\ud800"', b"a", b" ", b"12,50", b"TRUE", b"problems",
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
        st.lists(
            st.sampled_from([*map(str.encode, NAMES), b"metadata.a", b"metadata.b", b"problems"]),
            min_size=1,
            max_size=5,
        ),
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
        Job(kind, file, RejectionPolicy.ALL_OR_NOTHING, dry_run=True).check_file()
        for line in file.lines:
            kind.problems(line.row)
        file.source.rejected({line.number: line.problems for line in file.lines})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file_format", list(FileFormat))
@settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=CONTENTS)
@example(content=b"metadata.a,metadataSet\nx,y\n")
@example(content=b"metadata.a,metadataUnset\nnull,5\n")
@example(content=b"sep=;")
@example(content=b"\xff\xfe")
@example(content=b"\0\0\0a")
@example(content=b'{"creditLimit": ' + b"9" * 5_000 + b"}")
@example(content=b'{"customer": {"customerNumber": {}}, "currentPeriod": {"startsOn": [], "netAmount": 1e400}}')
@example(content=b'{"customer": {}, "currentPeriod": {}, "id": {}}')
@example(content=b"customer.id,currentPeriod.startsOn,customer.customerNumber\nnull,0000-00-00,x\n")
@example(content=b'{"subscriptionTransitions": ' + b"[" * 900 + b"]" * 900 + b"}")
def test_no_bytes_end_in_a_traceback(tmp_path: Path, file_format: FileFormat, kind: str, content: bytes) -> None:
    imported = KINDS[kind].default
    check(imported, read(tmp_path / "file", content, file_format, imported))


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


def rows_of(path: Path, rows: list[dict[str, Any]], kind: Kind[Any]) -> ImportFile[Any]:
    path.write_text("\n".join(map(json.dumps, rows)))
    return read_file(path, FileFormat.JSONL, kind.columns)


async def outcomes(unit_of_work: UnitOfWork, file: ImportFile[Any], kind: Kind[Any]) -> Counter[RowOutcome]:
    job = Job(kind, file, RejectionPolicy.ROW_BY_ROW, dry_run=True)
    job.check_file()
    for start in range(0, len(file.lines), MOST_UPSERT_ROWS):
        await job.carry_out(unit_of_work, file.lines[start : start + MOST_UPSERT_ROWS])
    assert job.counts.total() == len(file.lines)
    return job.counts


def with_value(row: dict[str, Any], column: str, value: Any) -> dict[str, Any]:
    """Return a row with a value in a field, or in a field of an object."""
    name, _, part = column.partition(".")
    return {**row, name: {**row.get(name, {}), part: value} if part else value}


@pytest.mark.parametrize("name", KINDS)
async def test_no_value_of_any_field_ends_in_a_traceback(
    database: Database, company: UUID, records: Records, tmp_path: Path, name: str
) -> None:
    kind, sample, path = KINDS[name].default, SAMPLES[name], tmp_path / "rows.jsonl"
    around = await surroundings(records)
    columns = sorted(kind.columns.names | kind.columns.headers)
    # An object with unknown names rejects the file, like a row with them.
    cases = [
        (column, value)
        for column in columns
        for value in JSON_VALUES
        if not (value and column in kind.columns.objects and isinstance(value, dict))
    ]
    # Half of the values are wrong in any field; a boolean or a text may be right in many.
    least = len(cases) / 2
    async with rehearsal(database, company) as unit_of_work:
        stored = [sample.new(around, number) for number in range(len(cases))]
        assert await outcomes(unit_of_work, rows_of(path, stored, kind), kind) == {RowOutcome.CREATED: len(cases)}
        for rows in (stored, [sample.new(around, len(cases) + number) for number in range(len(cases))]):
            changed = [with_value(row, *case) for row, case in zip(rows, cases, strict=True)]
            assert (await outcomes(unit_of_work, rows_of(path, changed, kind), kind))[RowOutcome.REFUSED] > least


@pytest.mark.parametrize("name", KINDS)
async def test_no_cell_of_any_column_ends_in_a_traceback(
    database: Database, company: UUID, tmp_path: Path, name: str
) -> None:
    kind = KINDS[name].default
    columns = [*sorted(kind.columns.headers), *(["metadata.a"] if kind.columns.has_entries else [])]
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        # A file that holds U+0000 is rejected whole.
        for value in filter(lambda text: text != "\0", JSON_VALUES):
            cell = json.dumps(value) if isinstance(value, list | dict) else str(value)
            writer.writerows([cell if other == column else "" for other in columns] for column in columns)
    found = read_file(path, FileFormat.CSV, kind.columns)
    async with rehearsal(database, company) as unit_of_work:
        assert (await outcomes(unit_of_work, found, kind))[RowOutcome.REFUSED] == len(found.lines)
