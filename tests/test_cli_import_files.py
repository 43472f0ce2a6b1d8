"""What is read of files to import, as people, spreadsheets and other systems write them."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from app.cli.failures import CommandError, ExitCode
from app.cli.import_customers import CUSTOMER_COLUMNS
from app.cli.import_files import format_of, read_file
from app.domain.errors import ErrorCode
from tests.support.import_files import fields_of, problems_of, read

HEADER = "externalSystemId,name\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", "", "contains no customers."),
        ("x.csv", HEADER, "contains no customers."),
        ("x.csv", f"{HEADER},\n\n , \n", "contains no customers."),
        ("x.jsonl", "\n \n", "contains no customers."),
        (
            "x.csv",
            "externalSystemId,color,id,name,name,,email\n",
            'line 1: "color", "id" can\'t be imported (read with commas as separators). Choose from: address, billingDay, ',
        ),
        (
            "x.csv",
            "externalSystemId,color,id,name,name,,email\n",
            ", website, metadata.KEY. It has the column name more than once. It has no name for column 6.",
        ),
        ("x.csv", f'{HEADER}a,b\na,"b\nc,d\n', "line 3: has an unpaired quotation mark"),
        ("x.csv", f'{HEADER}a,"b"c\n', "line 2: has an unpaired quotation mark"),
        ("x.csv", HEADER.encode() + b"a,b\nb,\xe6\n", 'line 3: is not UTF-8. In Excel, save it as "CSV UTF-8"'),
        ("x.csv", b"\xff\xfea\x00\n\x00\x00", "line 2: is not UTF-16."),
        ("x.csv", b"PK\x03\x04\x14", "is an Excel workbook or another zip file, not text."),
        ("x.csv", b"\xd0\xcf\x11\xe0\xa1", "is an Excel workbook, not text."),
        ("x.csv", b"PK\x05\x06\0\0", "is an empty zip file, not text."),
        ("x.csv", b"%PDF-1.7\n%\xe2\xe3", "is a PDF document, not text."),
        ("x.csv", b"\x89PNG\r\n\x1a\n\0", "is a PNG image, not text."),
        ("x.jsonl", b"\xff\xd8\xff\xe0", "is a JPEG image, not text."),
        ("x.csv", HEADER.encode() + b"a,b\nb,\0\n", "line 3: contains a NUL byte, so the file is not text. In Excel,"),
        ("x.jsonl", b'{"name": "\0"}', "line 1: contains a NUL byte, so the file is not text. In Excel,"),
        ("x.jsonl", '{"name": "a"}\n{"name": \n', "line 2: is not JSON: Expecting value, character 10."),
        ("x.jsonl", "[" * 100_000, "line 1: is not JSON: more than 50 levels of brackets."),
        ("x.jsonl", f'{{"metadata": {"[" * 60}{"]" * 60}}}\n', "line 1: is not JSON: more than 50 levels of brackets."),
        ("x.jsonl", '["a"]\n', "line 1: must be an object of the fields of UpsertCustomerRow."),
        ("x.jsonl", '{"name": "a"}\n\n{"externalId": "a"}\n', 'line 3: "externalId" can\'t be imported'),
        ("x.xlsx", "", "has an unknown format: rename it to end in .csv, .tsv, .txt, .jsonl, .ndjson"),
    ],
)
def test_a_file_that_is_not_made_of_rows_is_rejected_with_the_line(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(CommandError) as rejected:
        read(tmp_path, content, name)
    assert rejected.value.code == ExitCode.SETTINGS
    assert str(rejected.value).startswith(str(tmp_path / name))
    assert message in str(rejected.value)
    assert "\n" not in str(rejected.value)


@pytest.mark.parametrize(
    ("columns", "cells", "stored", "problem"),
    [
        ("metadataSet,metadata.b", '"{""a"": 1}",2', ({"a": 1, "b": "2"}, None), None),
        ("metadataUnset,metadata.b", '"[""a""]",null', (None, ["a", "b"]), None),
        ("metadataUnset,metadata.b", '"[""a""]",2', ({"b": "2"}, ["a"]), None),
        ("metadataSet,metadata.b", '"{""b"": 1}",2', None, "metadataSet"),
        ("metadataSet,metadata.b", '"{""b"": 1}",null', None, "metadataSet"),
        ("metadataUnset,metadata.b", '"[""b""]",2', None, "metadataUnset"),
        ("metadataUnset,metadata.b", '"[""b""]",null', None, "metadataUnset"),
        ("metadata,metadata.b", "{},2", None, "metadata"),
        ("metadata,metadata.b", ",2", ({"b": "2"}, None), None),
        ("metadataSet,metadata.b", '"{""b"": 1}",', ({"b": 1}, None), None),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_columns_of_metadata_are_combined_whatever_their_order_or_conflict_by_name(
    tmp_path: Path, columns: str, cells: str, stored: Any, problem: str | None, order: int
) -> None:
    pairs = list(zip(columns.split(","), next(csv.reader([cells])), strict=True))
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(zip(*pairs[::order], strict=True))

    found = read_file(path, format_of(path), CUSTOMER_COLUMNS)

    if problem is None:
        assert problems_of(found) == []
        (fields,) = fields_of(found)
        assert (fields.get("metadata_set"), fields.get("metadata_unset")) == stored
    else:
        message = f"and the column {problem} both set this entry: leave one of the two cells empty."
        assert problems_of(found) == [(2, "metadata.b", ErrorCode.FIELD_CONFLICT, message)]


@pytest.mark.parametrize("cell", ["text", "null", "[]", "5", '"{""a"""'])
@pytest.mark.parametrize("column", ["metadataSet", "metadataUnset"])
@pytest.mark.parametrize("entry", ["x", "null"])
def test_a_cell_of_another_form_beside_columns_of_entries_obeys_its_fields_rules(
    tmp_path: Path, column: str, cell: str, entry: str
) -> None:
    for content in (f"{column},metadata.b\n{cell},{entry}\n", f"metadata.b,{column}\n{entry},{cell}\n"):
        (line,) = read(tmp_path, content).lines
        assert line.problems or line.row.fields


@pytest.mark.parametrize(
    ("separator", "words"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
@pytest.mark.parametrize("told", ["", "sep={}\n", '"sep={}"\r\n'])
def test_the_separator_is_found_in_the_header_and_told(tmp_path: Path, separator: str, words: str, told: str) -> None:
    rows = ["externalSystemId,name,metadata.a;b", 'k,"x;y,\tz",1', "l,,"]
    text = told.format(separator) + "\n".join(
        separator.join(f'"{cell}"' if cell else "" for cell in next(csv.reader([row]))) for row in rows
    )
    found = read(tmp_path, text)
    assert found.form == f"UTF-8, cells separated by {words}"
    assert fields_of(found) == [
        {"external_system_id": "k", "name": "x;y,\tz", "metadata_set": {"a;b": "1"}},
        {"external_system_id": "l"},
    ]
    assert found.lines[0].number == (3 if told else 2)


def test_a_file_whose_separator_is_another_one_names_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="read with commas as separators"):
        read(tmp_path, "externalSystemId:name\na:b\n")


def test_what_spreadsheets_add_is_passed_over_and_lines_stay_those_of_the_file(tmp_path: Path) -> None:
    text = '\r\n,,,,\r\nexternalSystemId,name,,\r\n\r\na,"two\nlines",,\r\n,,,\r\n;"",,\r\nb,B,,\r\nc,C\r\n'
    found = read(tmp_path, text.replace(';""', '"",""'))
    assert [(line.number, line.row.fields["external_system_id"]) for line in found.lines] == [
        (5, "a"),
        (9, "b"),
        (10, "c"),
    ]
    assert problems_of(found) == []


def test_line_ends_of_all_systems_may_be_mixed(tmp_path: Path) -> None:
    found = read(tmp_path, "externalSystemId,name\ra,A\nb,B\r\n\rc,C")
    assert [(line.number, line.row.fields["name"]) for line in found.lines] == [(2, "A"), (3, "B"), (5, "C")]


def test_a_row_with_more_cells_than_the_header_is_rejected_alone(tmp_path: Path) -> None:
    found = read(tmp_path, "externalSystemId;name\na;b;c\ne;f\n")
    assert [(number, field, code) for number, field, code, _ in problems_of(found)] == [
        (2, "", ErrorCode.FIELD_INVALID),
    ]
    assert problems_of(found)[0][3].startswith("has 3 cells, but the header has 2, separated by semicolons.")
    assert found.lines[1].row.fields == {"external_system_id": "e", "name": "f"}


def test_a_row_wider_than_the_header_is_rejected_even_if_only_empty_cells_exceed_it(tmp_path: Path) -> None:
    shifted = read(tmp_path, "externalSystemId,creditLimit,paymentTerms,notes\na,12,50,,\n")
    filled = read(tmp_path, "externalSystemId,notes,,\na,b,,\nc,d\ne,f,,,\n")

    ((line, column, _, words),) = problems_of(shifted)
    assert (line, column) == (2, "")
    assert words.startswith("has 5 cells, but the header has 4, separated by commas.")
    assert [line for line, *_ in problems_of(filled)] == [4]


def test_a_header_of_other_words_is_quoted_within_bounds(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        read(tmp_path, ",".join(f"{place}{'x' * 1_000}" for place in range(100)))

    assert "and 90 more can't be imported" in str(caught.value)
    assert len(str(caught.value)) < 2_000


def test_what_a_file_is_comes_before_what_it_is_called(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is an Excel workbook"):
        read_file(written(tmp_path / "x.xlsx", b"PK\x03\x04"), None, CUSTOMER_COLUMNS)
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path, None, CUSTOMER_COLUMNS)
    with pytest.raises(CommandError, match=r"rename it to end in \.csv"):
        read_file(written(tmp_path / "x.dat", b"a"), None, CUSTOMER_COLUMNS)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_cell_of_any_length_is_read_and_the_reader_of_others_stays_as_it_was(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    found = read(tmp_path, f"{HEADER}a,{'x' * 200_000}\nb,B\n")
    assert [len(str(line.row.fields["name"])) for line in found.lines] == [200_000, 1]
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("encoding", "mark", "name"),
    [
        ("utf-8", b"\xef\xbb\xbf", "UTF-8"),
        ("utf-8", b"", "UTF-8"),
        ("utf-16-le", b"\xff\xfe", "UTF-16"),
        ("utf-16-le", b"", "UTF-16"),
        ("utf-16-be", b"\xfe\xff", "UTF-16"),
        ("utf-16-be", b"", "UTF-16"),
        ("utf-32-le", b"\xff\xfe\x00\x00", "UTF-32"),
        ("utf-32-le", b"", "UTF-32"),
        ("utf-32-be", b"\x00\x00\xfe\xff", "UTF-32"),
        ("utf-32-be", b"", "UTF-32"),
    ],
)
@pytest.mark.parametrize("name_of_file", ["x.csv", "x.txt", "x.jsonl"])
def test_text_of_unicode_is_read_in_every_encoding_with_and_without_a_mark(
    tmp_path: Path, encoding: str, mark: bytes, name: str, name_of_file: str
) -> None:
    text = '{"name": "Ærø 🧾"}\n' if name_of_file == "x.jsonl" else "name\tnotes\nÆrø 🧾\t\n"
    found = read(tmp_path, mark + text.encode(encoding), name_of_file)
    assert fields_of(found) == [{"name": "Ærø 🧾"}]
    assert found.form.startswith(name)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *((word, True) for word in ("true", "TRUE", "True", " TRUE ", "SAND", "WAHR", "VRAI", "PRAWDA")),
        *((word, False) for word in ("false", "FALSE", "FALSK", "FALSCH", "epätosi", "EPA\u0308TOSI\u200b", "FAŁSZ")),
        *((word, None) for word in ("yes", "1", "0", "ja", "T", "TRUE FALSE")),
    ],
)
def test_flags_are_the_words_that_spreadsheets_write(tmp_path: Path, cell: str, value: object) -> None:
    found = read(tmp_path, f"externalSystemId,isActive\na,{cell}\n")
    if value is None:
        message = f'is "{cell}": write TRUE or FALSE.'
        assert problems_of(found) == [(2, "isActive", ErrorCode.FIELD_INVALID, message)]
    else:
        assert fields_of(found)[0]["is_active"] is value


@pytest.mark.parametrize(
    ("cell", "amount"),
    [("12.50", "12.50"), ("12.500", "12.500"), ("-1", "-1"), (" +.5 ", "0.5"), ("7.", "7")],
)
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_amounts_keep_every_digit_that_was_written(tmp_path: Path, cell: str, amount: str, name: str) -> None:
    content = f'{{"creditLimit": "{cell}"}}' if name == "x.jsonl" else f"creditLimit\n{cell}\n"
    assert [str(fields["credit_limit"]) for fields in fields_of(read(tmp_path, content, name))] == [amount]


def test_amounts_that_are_numbers_of_json_keep_every_digit_that_was_written(tmp_path: Path) -> None:
    content = '{"creditLimit": 12.500}\n{"creditLimit": 1e2}\n{"creditLimit": 99999999999999999999.99}'
    found = [fields["credit_limit"] for fields in fields_of(read(tmp_path, content, "x.jsonl"))]
    assert list(map(str, found)) == ["12.500", "1E+2", "99999999999999999999.99"]


@pytest.mark.parametrize(
    "cell", ["12,50", "1.234,50", "1,234.50", "12,", "1 234.50", "DKK 5", "5 kr", "1e3", "\u22125", "\u0665"]
)
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_an_amount_that_could_mean_another_one_is_rejected_with_what_to_write(
    tmp_path: Path, cell: str, name: str
) -> None:
    content = f'{{"creditLimit": "{cell}"}}' if name == "x.jsonl" else f'creditLimit\n"{cell}"\n'
    ((_, field, code, message),) = problems_of(read(tmp_path, content, name))
    assert (field, code) == ("creditLimit", ErrorCode.FIELD_INVALID)
    comma = ", with a comma" if "," in cell else ""
    assert message.startswith(f'is "{cell}"{comma}: write the amount in digits with a point for the decimals')


@pytest.mark.parametrize("cell", [" EU", "EU\u00a0", "\ufeffEU", "EU\u200b", '"EU\n"'])
def test_what_is_blank_around_a_cell_is_no_part_of_it_but_in_metadata(tmp_path: Path, cell: str) -> None:
    file = read(tmp_path, f"externalSystemId,vatZone,metadata.zone\na,{cell},{cell}\n")

    (row,) = fields_of(file)
    assert row["vat_zone"] == "EU"
    assert row["metadata_set"] == {"zone": cell.strip('"')}


def test_numbers_and_json_in_cells_say_what_to_write(tmp_path: Path) -> None:
    text = 'paymentTerms;metadata;metadataUnset;subscriptionTransitions\n1.5;{;x;"{""a"": 1, ""a"": 2}"\n'
    assert [(field, message) for _, field, _, message in problems_of(read(tmp_path, text))] == [
        ("paymentTerms", 'is "1.5": write a whole number in digits, such as 30.'),
        (
            "metadata",
            'is not JSON (Expecting property name enclosed in double quotes, character 2): write JSON such as {"tier": "gold"}.',
        ),
        ("metadataUnset", 'is not JSON (Expecting value, character 1): write JSON such as ["tier"].'),
        ("subscriptionTransitions", 'contains "a" more than once: keep one of them.'),
    ]


def test_an_object_that_names_a_field_twice_is_rejected_alone(tmp_path: Path) -> None:
    found = read(tmp_path, '{"name": "a", "name": "b"}\n{"metadata": {"k": 1, "k": 1}}\n{"name": "c"}\n', "x.jsonl")
    assert problems_of(found) == [
        (1, "", ErrorCode.FIELD_CONFLICT, 'contains "name" more than once: keep one of them.'),
        (2, "", ErrorCode.FIELD_CONFLICT, 'contains "k" more than once: keep one of them.'),
    ]


def test_metadata_of_json_has_numbers_as_other_inputs_have_them(tmp_path: Path) -> None:
    content = '{"metadata": {"a": 1.5, "b": 2, "c": 1e400, "d": 1e99999999999999999999}, "metadataSet": {"e": 1.10}}'
    (fields,) = fields_of(read(tmp_path, content, "x.jsonl"))
    assert fields["metadata"] == {"a": 1.5, "b": 2, "c": float("inf"), "d": float("inf")}
    assert fields["metadata_set"] == {"e": 1.1}
    assert not isinstance(cast("dict[str, object]", fields["metadata_set"])["e"], Decimal)
