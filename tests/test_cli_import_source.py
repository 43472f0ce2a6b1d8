"""Rejected rows, as they stood in files to import."""

from pathlib import Path

import pytest

from app.cli.import_files import FileFormat, read_file
from app.cli.import_kinds import KINDS
from app.cli.import_rows import FileProblem
from app.domain.errors import ErrorCode


def rejected(content: bytes, *lines: int, ending: str = "csv", folder: Path) -> bytes:
    """Return the file of some lines of a file of customers, each with one problem."""
    path = folder / f"rows.{ending}"
    path.write_bytes(content)
    problem = FileProblem("name", ErrorCode.FIELD_INVALID, "is wrong.")
    file = read_file(path, FileFormat(ending), KINDS["customers"].default.columns)
    return file.source.rejected({line: [problem] for line in lines})


@pytest.mark.parametrize(
    ("content", "lines", "expected"),
    [
        ("name;notes\na;b\nc;d\n", [3], "problems;name;notes\r\n#3;c;d\r\n"),
        ("sep=;\nname;notes\na;b\n", [3], "sep=;\r\nproblems;name;notes\r\n#3;a;b\r\n"),
        ('sep=,\nname;notes\na;"b,c"\n', [3], "problems;name;notes\r\n#3;a;b,c\r\n"),
        ('name,notes,,\n a ,"two\nlines","5"" pipe"\nb\n', [2, 4], None),
        ("name,problems,notes\na,old,b\nc,old,d\n", [2], "problems,name,notes\r\n#2,a,b\r\n"),
        ("name,notes, problems \na,b,old\n", [2], "problems,name,notes\r\n#2,a,b\r\n"),
        ("problems,name\nold,a\nold,b,c\n", [3], "problems,name\r\n#3,b,c\r\n"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_keeps_its_header_separator_cells_and_encoding(
    tmp_path: Path, content: str, lines: list[int], expected: str | None, encoding: str
) -> None:
    found = rejected(content.encode(encoding), *lines, folder=tmp_path)
    if expected is None:
        expected = 'problems,name,notes,,\r\n#2, a ,"two\nlines","5"" pipe"\r\n#4,b\r\n'
    for line in lines:
        expected = expected.replace(f"#{line}", f"line {line}: name is wrong.")
    assert found == expected.encode(encoding)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("{}", "{#}"),
        ('{"name": "a"}', '{#, "name": "a"}'),
        ('\t{ "creditLimit" :12.500 ,"name":"\\ud800 }{"\t} \r', '{#, "creditLimit" :12.500, "name":"\\ud800 }{"}'),
        ('{"name": "a", "name": "b"}', '{#, "name": "a", "name": "b"}'),
        (f'{{"creditLimit": {"9" * 5_000}}}', f'{{#, "creditLimit": {"9" * 5_000}}}'),
        ('{"problems": ["old"], "name": "a", "problems": 1}', '{#, "name": "a"}'),
        ('{"metadata": {"problems": NaN}}', '{#, "metadata": {"problems": NaN}}'),
        (f'{{"metadata": {"[" * 45}{"]" * 45}}}', f'{{#, "metadata": {"[" * 45}{"]" * 45}}}'),
    ],
)
def test_an_object_keeps_what_was_written(tmp_path: Path, row: str, expected: str) -> None:
    content = f'{{"name": "before"}}\n\n{row}\n{{"name": "after"}}'
    found = rejected(content.encode(), 3, ending="jsonl", folder=tmp_path)
    assert found.decode() == expected.replace("#", '"problems": "line 3: name is wrong."', 1) + "\n"


def test_a_row_whose_cells_are_emptied_is_skipped_whatever_problems_it_had(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("problems,externalSystemId,name\nline 2: wrong,,\n#N/A,b,B\n,c,C\n")
    lines = read_file(path, None, KINDS["customers"].default.columns).lines
    assert [(line.number, line.problems) for line in lines] == [(3, ()), (4, ())]
