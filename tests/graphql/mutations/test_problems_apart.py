"""Which problems come together if a value doesn't fit its type, and which only later, as docs/errors.md says."""

from typing import Any, NamedTuple
from uuid import UUID

import pytest

from app.engine.request_errors import RequestError
from tests.support.asking import Caller
from tests.support.records import Records

UNKNOWN = "0198c2f0-0000-7000-8000-000000000001"
ERRORS = "errors { code path }"
Told = list[tuple[str, str]]
"""Code and path of each problem."""


async def told(caller: Caller, document: str, variables: dict[str, Any]) -> Told:
    """Every problem of an answer, wherever it is."""
    try:
        result = await caller.run(document, **variables)
    except RequestError as rejected:
        errors = list(rejected.errors)
    else:
        errors = result.errors or []
    problems = [problem for error in errors for problem in (error.extensions or {})["problems"]]
    if not errors:
        problems = [problem for payload in (result.data or {}).values() for problem in payload["errors"]]  # pyright: ignore[reportPossiblyUnboundVariable] - without errors there is a result
    return [(problem["code"], ".".join(map(str, problem["path"]))) for problem in problems]


CONTACT = f"mutation($input: CreateContactInput!) {{ createContact(input: $input) {{ {ERRORS} }} }}"
ACCOUNTS = f"mutation($input: UpsertLedgerAccountsInput!) {{ upsertLedgerAccounts(input: $input) {{ {ERRORS} }} }}"
CONTACTS = f"mutation($input: UpsertContactsInput!) {{ upsertContacts(input: $input) {{ {ERRORS} }} }}"
GROUP = f"mutation($input: UpdateCustomerGroupInput!) {{ updateCustomerGroup(input: $input) {{ {ERRORS} }} }}"
TWO = f"""mutation($name: String!, $terms: Int) {{
  createContact(input: {{ customerId: "x", name: $name }}) {{ {ERRORS} }}
  updateCustomer(input: {{ id: "y", email: "nobody", paymentTerms: $terms }}) {{ {ERRORS} }}
}}"""
WRITTEN = f'mutation {{ createContact(input: {{ customerId: "x", nmae: "A" }}) {{ {ERRORS} }} }}'
TWO_WRITTEN = f"""mutation {{
  createContact(input: {{ customerId: "x", name: 5 }}) {{ {ERRORS} }}
  deleteContact(input: {{ id: "y" }}) {{ {ERRORS} }}
}}"""
IN_OTHERS = [("FIELD_INVALID", "input.customerId"), ("FIELD_INVALID", "input.id"), ("FIELD_INVALID", "input.email")]
TOGETHER: dict[str, tuple[str, dict[str, Any], Told]] = {
    "one variable of several mutations": (TWO, {"name": 5}, [("FIELD_INVALID", "input.name"), *IN_OTHERS]),
    "a missing variable": (TWO, {"terms": 400}, [("FIELD_REQUIRED", "input.name"), *IN_OTHERS, ("FIELD_INVALID", "input.paymentTerms")]),
    "several variables": (TWO, {"name": 5, "terms": "x"}, [("FIELD_INVALID", "input.name"), ("FIELD_INVALID", "input.paymentTerms"), *IN_OTHERS]),
    "an unknown and a missing field of the document": (
        WRITTEN,
        {},
        [("FIELD_REQUIRED", "input.name"), ("FIELD_UNKNOWN", "input.nmae"), ("FIELD_INVALID", "input.customerId")],
    ),
    "one argument of the document": (TWO_WRITTEN, {}, [("FIELD_INVALID", "input.name"), ("FIELD_INVALID", "input.customerId")]),
}  # fmt: skip


@pytest.mark.parametrize(("document", "variables", "expected"), TOGETHER.values(), ids=TOGETHER)
async def test_problems_come_together(caller: Caller, document: str, variables: dict[str, Any], expected: Told) -> None:
    assert await told(caller, document, variables) == expected


class Apart(NamedTuple):
    """A request with a value that doesn't fit and another problem, which is reported once the value fits."""

    document: str
    given: dict[str, Any]
    found: Told
    corrected: dict[str, Any]
    """The field that then fits."""
    later: Told


def _rows(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"rows": list(rows), "dryRun": "x"}


DRY_RUN: Told = [("FIELD_INVALID", "input.dryRun")]
NAME: Told = [("FIELD_INVALID", "input.name")]
APART: dict[str, Apart] = {
    "a missing object": Apart(
        CONTACT,
        {"customerId": UNKNOWN, "name": 5},
        NAME,
        {"name": "A"},
        [("CUSTOMER_NOT_FOUND", "input.customerId")],
    ),
    "what a new object needs": Apart(
        ACCOUNTS, _rows({"number": "1"}), DRY_RUN, {"dryRun": True}, [("FIELD_REQUIRED", "input.rows.0.name")]
    ),
    "a conflict with another row": Apart(
        ACCOUNTS,
        _rows({"number": "1", "name": "A"}, {"number": "1", "name": "B"}),
        DRY_RUN,
        {"dryRun": True},
        [("FIELD_CONFLICT", "input.rows.0.number"), ("FIELD_CONFLICT", "input.rows.1.number")],
    ),
    "too much metadata together with what is stored": Apart(
        GROUP,
        {"name": 5, "metadataSet": {"one more": 1}},
        NAME,
        {"name": "A"},
        [("METADATA_LIMIT_EXCEEDED", "input.metadataSet")],
    ),
    "a rule of the field that doesn't fit": Apart(
        CONTACTS,
        {"rows": [{"name": "A"}], "matchBy": "NOPE"},
        [("FIELD_INVALID", "input.matchBy")],
        {"matchBy": "EMAIL"},
        [("FIELD_REQUIRED", "input.rows.0.customer"), ("FIELD_REQUIRED", "input.rows.0.email")],
    ),
}


@pytest.fixture
async def group(records: Records) -> UUID:
    return await records.group(metadata={f"k{number}": number for number in range(50)})


@pytest.mark.parametrize("case", APART.values(), ids=APART)
async def test_what_needs_more_than_the_field_comes_once_all_values_fit(
    caller: Caller, group: UUID, case: Apart
) -> None:
    given = case.given | ({"id": str(group)} if case.document == GROUP else {})

    assert await told(caller, case.document, {"input": given}) == case.found
    assert await told(caller, case.document, {"input": given | case.corrected}) == case.later


async def test_a_document_is_checked_before_the_values_of_variables(caller: Caller) -> None:
    document = f"""mutation($email: String) {{
      createContact(input: {{ customerId: "x", name: 5, email: $email }}) {{ {ERRORS} }}
    }}"""
    customer = ("FIELD_INVALID", "input.customerId")

    assert await told(caller, document, {"email": 7}) == [*NAME, customer]
    corrected = document.replace("name: 5", 'name: "A"')
    assert await told(caller, corrected, {"email": 7}) == [("FIELD_INVALID", "input.email"), customer]


async def test_arguments_of_queries_are_checked_when_their_field_runs(caller: Caller) -> None:
    document = 'query($first: Int) { customers(where: { ids: ["x"] }, first: $first) { totalCount } }'

    assert await told(caller, document, {"first": "x"}) == [("FIELD_INVALID", "first")]
    assert [path for _, path in await told(caller, document, {"first": 1})] == ["where.ids.0"]
