"""The command line: what `import` says about names, values and kinds that are wrong."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from uuid import UUID

import pytest

from tests.support.commands import messages, run
from tests.support.import_rows import write_rows

Import = Callable[..., CompletedProcess[str]]


@pytest.fixture
def import_file(service_dsn: str, company: UUID, kind: str) -> Import:
    """Runs the import of a file of the kind, as the role that serves."""

    def import_(path: Path) -> CompletedProcess[str]:
        return run("import", kind, path, "--company", str(company), DATABASE_URL=service_dsn)

    return import_


@pytest.mark.parametrize(
    ("kind", "row", "message"),
    [
        (
            "contacts",
            '{"customer.externalSystemId": "K-4"}',
            (
                """"customer.externalSystemId" can't be imported. Did you mean "customer": {"externalSystemId": …} for """
                '"customer.externalSystemId"? Choose from: customer {customerNumber, externalSystemId, id}, email, '
            ),
        ),
        (
            "subscriptions",
            '{"currentPeriod": {"startOn": 1}}',
            'Did you mean "currentPeriod": {"startsOn": …} for "currentPeriod.startOn"?',
        ),
    ],
)
def test_unknown_names_of_json_lines_are_answered_with_names_of_json(
    import_file: Import, tmp_path: Path, row: str, message: str
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(row)
    assert message in messages(import_file(path))


_REQUIRED = "must be given and not be blank. (FIELD_REQUIRED)"
_PERIOD = "currentPeriod.startsOn, currentPeriod.endsOn and currentPeriod.netAmount"


@pytest.mark.parametrize(
    ("kind", "table", "message"),
    [
        ("groups", "number,name,accountNumber\n1,One,\n", f"accountNumber {_REQUIRED}"),
        ("groups", "number,name\n1,One\n", f"accountNumber {_REQUIRED}"),
        ("groups", "number,name,accountId\n1,One,\n", f"accountId {_REQUIRED}"),
        ("customers", "externalSystemId,name\n1,One\n", f"customerGroupNumber {_REQUIRED}"),
        ("subscriptions", "externalSystemId,name\n1,One\n", f"{_PERIOD} {_REQUIRED}"),
        (
            "subscriptions",
            "externalSystemId,currentPeriod.startsOn,currentPeriod.endsOn\n1,,\n",
            f"{_PERIOD} {_REQUIRED}",
        ),
        (
            "contacts",
            "email,name,customer.externalSystemId,customer.customerNumber\na@b.example,One,,\n",
            f"customer.customerNumber or customer.externalSystemId {_REQUIRED}",
        ),
        ("contacts", "email,name,customer.id\na@b.example,One,\n", f"customer.id {_REQUIRED}"),
    ],
)
def test_what_a_row_lacks_is_named_by_columns_to_fill(
    import_file: Import, tmp_path: Path, table: str, message: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(table)
    assert f"line 2: {message}" in messages(import_file(path)).splitlines()


@pytest.mark.parametrize("kind", ["subscriptions"])
def test_json_lines_without_an_object_are_told_the_object(import_file: Import, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [{"externalSystemId": "1"}])
    assert f"line 1: currentPeriod {_REQUIRED}" in messages(import_file(path)).splitlines()


@pytest.mark.parametrize(
    ("kind", "row", "messages_of_row"),
    [
        (
            "customers",
            {"externalSystemId": "1", "customerGroupNumber": "99", "parent": {"externalSystemId": "none"}},
            [
                'customerGroupNumber must be the number of a customer group of the company, not "99".',
                'parent.externalSystemId must be the key of a customer of the company, not "none".',
            ],
        ),
        (
            "departments",
            {"name": "Sales", "customer": {"externalSystemId": "none"}, "countryCode": "Denmark"},
            ['countryCode must be an ISO 3166-1 code of two letters, such as DK, not "Denmark".'],
        ),
        (
            "contacts",
            {"email": "a@b.example", "name": "Ebbe", "customer": {"externalSystemId": "none"}},
            ['customer.externalSystemId must be the key of a customer of the company, not "none".'],
        ),
        (
            "groups",
            {"number": "1", "name": "One", "accountNumber": "99"},
            ['accountNumber must be the number of a ledger account of the company, not "99".'],
        ),
        (
            "accounts",
            {"number": 1010, "name": "Sales"},
            ["number must be text, not 1010: write it in quotation marks."],
        ),
        ("accounts", {"number": True, "name": "Sales"}, ["number must be text, not true."]),
    ],
)
def test_messages_quote_the_value_that_is_rejected(
    import_file: Import, tmp_path: Path, row: dict[str, object], messages_of_row: list[str]
) -> None:
    found = messages(import_file(write_rows(tmp_path / "rows.jsonl", [row])))
    for message in messages_of_row:
        assert f"line 1: {message} (" in found


def test_problems_of_whole_rows_have_a_subject(service_dsn: str, company: UUID, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("number,name\n1,One,more\n")
    result = run("import", "accounts", path, "--company", str(company), DATABASE_URL=service_dsn)
    assert "line 2: The row has 3 cells, but the header has 2" in messages(result)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("contact", "contacts"),
        ("Contacts", "contacts"),
        ("cutsomers", "customers"),
        ("ledger-accounts", "accounts"),
        ("customerGroup", "groups"),
    ],
)
def test_a_mistyped_kind_is_answered_with_the_one_that_was_meant(tmp_path: Path, word: str, meant: str) -> None:
    path = write_rows(tmp_path / "rows.csv", [{"number": "1"}])
    for arguments in ([word, path], [word]):
        result = run("import", *arguments)
        assert (result.returncode, result.stdout) == (2, "")
        assert f'There is neither a kind nor a file "{word}". Did you mean {meant}?' in result.stderr


def test_a_file_that_is_missing_is_no_mistyped_kind(service_dsn: str, company: UUID) -> None:
    result = run("import", "customer.csv", "--company", str(company), DATABASE_URL=service_dsn)
    assert "customer.csv can't be used: No such file" in result.stderr
