"""What spreadsheets make of a table: titles, separators, errors, numbers that lost digits, cells that are left out."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.failures import CommandError
from app.domain.customer_fields import read_fields
from app.domain.errors import ErrorCode
from app.domain.metadata_fields import merged_metadata
from tests.support.import_files import fields_of, problems_of, read


@pytest.mark.parametrize(
    ("unknown", "hint"),
    [
        ("externalId", 'Did you mean externalSystemId for "externalId"? '),
        ("External System ID", 'Did you mean externalSystemId for "External System ID"? '),
        ("customer_no", 'Did you mean customerNumber for "customer_no"? '),
        ("vatnumber", 'Did you mean vatNumber for "vatnumber"? '),
        ("xyzzy", "separators). Choose from: address, "),
        ("x" * 100_000, "separators). Choose from: address, "),
    ],
)
def test_a_column_that_is_not_known_is_answered_with_the_one_probably_meant(
    tmp_path: Path, unknown: str, hint: str
) -> None:
    with pytest.raises(CommandError) as caught:
        read(tmp_path, f"{unknown},name\na,b\n")

    assert hint in str(caught.value)
    if "Did" in hint:
        with pytest.raises(CommandError) as caught:
            read(tmp_path, f'{{"{unknown}": 1}}\n', "x.jsonl")
        assert hint in str(caught.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_titles_above_the_header_are_named(tmp_path: Path, separator: str) -> None:
    table = f"externalSystemId{separator}name\na{separator}b\n"
    for title, above in (("Table 1\n", "line 1"), (f"Kunder{separator}\n\n2026\n", "lines 1 to 3")):
        with pytest.raises(CommandError) as caught:
            read(tmp_path, title + table)
        line = 2 if above == "line 1" else 4
        assert f"line 1: is not the header: the column names are in line {line}. Delete {above}, " in str(caught.value)


def test_a_word_of_the_header_in_a_row_makes_no_title_of_what_is_above(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match='line 1: "Kunde", "Bem", "Land" can\'t be imported'):
        read(tmp_path, "Kunde,Bem,Land\nname,a,b\n")


def test_columns_of_one_metadata_key_are_the_same_column(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"has the column metadata\.é more than once"):
        read(tmp_path, "externalSystemId,metadata.é,metadata. e\u0301\na,1,2\n")
    (fields,) = fields_of(read(tmp_path, "externalSystemId,metadata. e\u0301\na,1\n"))
    assert fields["metadata_set"] == {"é": "1"}


@pytest.mark.parametrize(
    "cell",
    [
        "#N/A",
        "#VALUE!",
        "#REF!",
        "#NAME?",
        "#DIV/0!",
        "#NULL!",
        "#NUM!",
        "#VÆRDI!",
        "#i/t",
        " #N/A ",
        "Err:502",
        "#####",
    ],
)
@pytest.mark.parametrize("column", ["externalSystemId", "customerNumber", "name", "notes", "creditLimit", "metadata.a"])
def test_an_error_of_the_spreadsheet_is_no_value(tmp_path: Path, column: str, cell: str) -> None:
    ((line, field, code, message),) = problems_of(read(tmp_path, f"{column}\n{cell}\n"))

    assert (line, field, code) == (2, column, ErrorCode.FIELD_INVALID)
    assert message.startswith(f'is "{cell.strip()}", an error of the spreadsheet: correct the cell there or empty it')


@pytest.mark.parametrize("cell", ["1.23E+12", "1,23E+12", "5E-07", "1.2e+100"])
@pytest.mark.parametrize("column", ["externalSystemId", "customerNumber", "name", "vatNumber", "phone", "postalCode"])
def test_a_number_that_the_spreadsheet_shortened_is_rejected_with_what_to_do(
    tmp_path: Path, column: str, cell: str
) -> None:
    ((line, field, code, message),) = problems_of(read(tmp_path, f'{column}\n"{cell}"\n'))

    assert (line, field, code) == (2, column, ErrorCode.FIELD_INVALID)
    assert message.startswith(f'is "{cell}": the spreadsheet shortened the number. Format the column as text')


def test_codes_that_look_like_errors_and_short_numbers_are_values(tmp_path: Path) -> None:
    cells = ["12E5", "1E5", "#1", "#", "A#N/A", "E+12", "1.23E+12A", "Err:5"]
    found = read(tmp_path, "externalSystemId,metadata.a\n" + "".join(f"{cell},1E+12\n" for cell in cells))
    assert problems_of(found) == []
    assert [fields["external_system_id"] for fields in fields_of(found)] == cells


def test_a_value_that_is_none_of_an_enumeration_is_quoted_beside_those_that_are(tmp_path: Path) -> None:
    for cell, quoted in (("Danmark", '"Danmark"'), ("x" * 500, f'"{"x" * 40}…"')):
        (line,) = read(tmp_path, f"externalSystemId,vatZone\na,{cell}\n").lines
        (problem,) = read_fields(line.row.fields, creating=False)[1]
        assert problem.message.startswith("must be one of DOMESTIC, ")
        assert problem.message.endswith(f", not {quoted}.")
    others: list[tuple[object, str]] = [(5, "5"), (True, "true"), ([], "a list"), ({}, "an object"), (1.5, "1.5")]
    for value, named in others:
        (problem,) = read_fields({"vat_zone": value}, creating=False)[1]
        assert problem.message.endswith(f", not {named}.")


def test_cells_that_a_spreadsheet_left_out_at_the_end_of_a_row_are_not_given(tmp_path: Path) -> None:
    found = read(tmp_path, "externalSystemId,name,email,notes\na,A,,\nb,B\nc\nd,D,d@d.example\n")

    assert problems_of(found) == []
    assert fields_of(found) == [
        {"external_system_id": "a", "name": "A"},
        {"external_system_id": "b", "name": "B"},
        {"external_system_id": "c"},
        {"external_system_id": "d", "name": "D", "email": "d@d.example"},
    ]


@pytest.mark.parametrize("told", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("separator", "words"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
@pytest.mark.parametrize("first", ["externalSystemId", "metadata.tier"])
def test_the_separator_is_the_one_of_the_header_whatever_the_first_line_tells(
    tmp_path: Path, told: str, separator: str, words: str, first: str
) -> None:
    found = read(tmp_path, f"sep={told}\n{first}{separator}name\na{separator}b\n")

    assert [fields["name"] for fields in fields_of(found)] == ["b"]
    assert found.form.startswith(f"UTF-8, cells separated by {words}")
    assert ("although line 1 names" in found.form) == (told != separator)


def test_the_separator_that_is_told_decides_where_the_header_leaves_it_open(tmp_path: Path) -> None:
    for told, words in ((";", "semicolons"), (",", "commas")):
        found = read(tmp_path, f"sep={told}\nmetadata.a,metadata.b;metadata.c\na{told}b\n")
        assert found.form == f"UTF-8, cells separated by {words}"


def test_a_title_below_the_line_that_tells_the_separator_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        CommandError, match=r"line 2: is not the header: the column names are in line 3\. Delete line 2,"
    ):
        read(tmp_path, "sep=;\nKunder\nexternalSystemId;name\na;b\n")


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        (
            "externalSystemId,name,email,phone,city,notes",
            "a;b;c;d;e;f",
            "is one cell with 5 semicolons, but the 6 cells of the header are separated by commas: use the same separator in all lines",
        ),
        (
            "externalSystemId;name",
            "a,b",
            "is one cell with 1 comma, but the 2 cells of the header are separated by semicolons: use the same separator in all lines",
        ),
        ("externalSystemId\tname\temail", "a|b", "is one cell with 1 vertical bar, but the 3 cells of the header"),
    ],
)
def test_a_row_that_is_separated_otherwise_than_the_header_says_so(
    tmp_path: Path, header: str, row: str, words: str
) -> None:
    ((line, field, code, message),) = problems_of(read(tmp_path, f"{header}\n{row}\n"))

    assert (line, field, code) == (2, "", ErrorCode.FIELD_INVALID)
    assert message.startswith(words)


def test_a_key_that_holds_a_separator_is_a_cell(tmp_path: Path) -> None:
    assert problems_of(read(tmp_path, "externalSystemId\na;b\n")) == []
    assert problems_of(read(tmp_path, "externalSystemId,name\na;b,\n")) == []
    assert problems_of(read(tmp_path, "externalSystemId,name,email,notes\na;b\n")) == []


def test_files_of_one_format_under_the_name_of_the_other_say_how_to_import_them(tmp_path: Path) -> None:
    for content in ('{"name": "a"}\n{"name": "b"}\n', '\n \n{"a": 1, "b": ";"}'):
        with pytest.raises(CommandError, match="looks like JSON lines, not CSV: import it with --format jsonl"):
            read(tmp_path, content)
    for content in ("externalSystemId,name\na,b\n", "sep=;\nexternalSystemId;name\na;b\n"):
        with pytest.raises(CommandError, match="looks like CSV, not JSON lines: import it with --format csv"):
            read(tmp_path, content, "x.jsonl")


def test_a_column_of_csv_is_no_choice_in_json_lines(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        read(tmp_path, '{"metadata.k": "v"}\n', "x.jsonl")

    assert """Did you mean "metadataSet": {"k": "…"} for "metadata.k"? """ in str(caught.value)
    assert "metadata.KEY" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "row", "columns"),
    [
        ("metadataUnset,metadata.a", '"[""a""]",x', ["metadata.a"]),
        ("metadataUnset,metadata.a,metadata.b", '"[""a""]",x,y', ["metadata.a"]),
        ("metadataSet,metadata.a", '"{""a"": 1}",null', ["metadata.a"]),
        ("metadata,metadata.a", "{},x", ["metadata.a"]),
        ("metadata,metadata.a", "{},null", ["metadata.a"]),
        ("externalSystemId,metadata.", "a,null", ["metadata."]),
        ("externalSystemId,metadata.", "a,x", ["metadata."]),
        (f"externalSystemId,metadata.{'k' * 129}", "a,null", [f"metadata.{'k' * 129}"]),
        (",".join(f"metadata.{number}" for number in range(60)), ",".join("x" * 60), ["metadata.KEY"]),
        (",".join(f"metadata.{number}" for number in range(501)), ",".join(["null"] * 501), ["metadata.KEY"]),
    ],
)
def test_a_problem_of_metadata_names_only_columns_that_the_file_has(
    tmp_path: Path, header: str, row: str, columns: list[str]
) -> None:
    file = read(tmp_path, f"customerNumber,{header}\n1,{row}\n")
    (line,) = file.lines
    values, problems = read_fields(line.row.fields, creating=False)
    problems += merged_metadata({}, values)[1] if not problems else []
    named = [replace(problem, path=("rows", 0, *problem.path)) for problem in problems]

    found = [found_problem.field for found_problem in line.problems] + [file.column_of(problem) for problem in named]

    assert found == columns
