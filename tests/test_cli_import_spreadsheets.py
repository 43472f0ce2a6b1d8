"""What spreadsheets make of a table: titles, separators, errors, numbers that lost digits, cells that are left out."""

from pathlib import Path

import pytest

from app.cli.faults import CommandError
from app.domain.customer_fields import read_fields
from app.domain.errors import ErrorCode
from tests.test_cli_import_files import fields_of, problems_of, read


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
def test_a_column_that_is_not_known_is_answered_with_the_one_that_was_probably_meant(
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
        assert f"line 1: is no header: the names of the columns are in line {line}. Delete {above}, " in str(
            caught.value
        )


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
def test_a_number_that_the_spreadsheet_shortened_is_refused_with_what_to_do(
    tmp_path: Path, column: str, cell: str
) -> None:
    ((line, field, code, message),) = problems_of(read(tmp_path, f'{column}\n"{cell}"\n'))

    assert (line, field, code) == (2, column, ErrorCode.FIELD_INVALID)
    assert message.startswith(f'is "{cell}": the spreadsheet shortened the number. Format the column as text')


def test_codes_that_look_like_errors_and_short_numbers_are_values(tmp_path: Path) -> None:
    cells = ["12E5", "1E5", "#1", "#", "A#N/A", "E+12", "1.23E+12A", "Err:5"]
    found = read(tmp_path, "externalSystemId,metadata.a\n" + "".join(f"{cell},1E+12\n" for cell in cells))
    assert problems_of(found) == []
    assert [each["external_system_id"] for each in fields_of(found)] == cells


def test_a_value_that_is_none_of_an_enumeration_is_quoted_beside_those_that_are(tmp_path: Path) -> None:
    for cell, quoted in (("Danmark", '"Danmark"'), ("x" * 500, f'"{"x" * 40}…"')):
        (line,) = read(tmp_path, f"externalSystemId,vatZone\na,{cell}\n").lines
        (fault,) = read_fields(line.row.fields, creating=False)[1]
        assert fault.message.startswith("must be one of DOMESTIC, ")
        assert fault.message.endswith(f", not {quoted}.")
    others: list[tuple[object, str]] = [(5, "5"), (True, "true"), ([], "a list"), ({}, "an object"), (1.5, "1.5")]
    for value, named in others:
        (fault,) = read_fields({"vat_zone": value}, creating=False)[1]
        assert fault.message.endswith(f", not {named}.")


def test_cells_that_a_spreadsheet_left_out_at_the_end_of_a_row_are_not_given(tmp_path: Path) -> None:
    found = read(tmp_path, "externalSystemId,name,email,notes\na,A,,\nb,B\nc\nd,D,d@d.example\n")

    assert problems_of(found) == []
    assert fields_of(found) == [
        {"external_system_id": "a", "name": "A"},
        {"external_system_id": "b", "name": "B"},
        {"external_system_id": "c"},
        {"external_system_id": "d", "name": "D", "email": "d@d.example"},
    ]
