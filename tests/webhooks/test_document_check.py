"""The documents of endpoints: what is wrong with one is told when it is written, not when an event is sent."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.identity import Scope
from app.engine.execution import Engine
from app.engine.persisted import Persistence
from app.engine.trusted import TrustedDocuments
from app.graphql.rules import Rules
from app.graphql.schema import executable, schema
from app.webhooks.documents import DocumentCheck
from tests.support.asking import DOCUMENTS
from tests.support.toy import LIMITS

NAME = "subscription { changes { id subject { ... on Customer { name } } } }"
GUIDE = Path(__file__).parents[2] / "docs/webhooks.md"
RULES = Rules(executable(schema))
READS, ACCOUNTS = Scope.CUSTOMERS_READ, Scope.ACCOUNTS_READ
ONLY_CHANGES = "must not have arguments of `changes`: the endpoint's `types` say which events are sent."


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        (NAME, {READS}),
        ("subscription Renamed { event: changes { ...Shown } } fragment Shown on ChangeEvent { id cursor }", {READS}),
        ("subscription { changes { subject { ... on CustomerGroup { account { name } } } } }", {READS, ACCOUNTS}),
        ("subscription { changes { subject { id ... on Node { __typename } } } }", {READS}),
        ("subscription { changes { subject { id ... on Customer { id } ... on Contact { id } } } }", {READS}),
        ("subscription { changes { subject { id ... on LedgerAccount { number } } } }", {READS, ACCOUNTS}),
        ("subscription { changes { subject { id ... on LedgerAccount { id } } } }", {READS, ACCOUNTS}),
        (
            "subscription { changes { subject { ...Account } } } fragment Account on LedgerAccount { __typename }",
            {READS, ACCOUNTS},
        ),
        ("subscription { changes { subject { ... on LedgerAccount @skip(if: true) { number } } } }", {READS}),
        (
            "subscription { changes { id subject @skip(if: true) { ... on CustomerGroup { account { id } } } } }",
            {READS},
        ),
    ],
)
async def test_a_valid_document_needs_the_scopes_of_its_fields(text: str, scopes: set[Scope]) -> None:
    checked = await DOCUMENTS.check(text)
    assert ([*checked.faults], checked.scopes) == ([], scopes)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("subscription {", ["is rejected: Syntax Error: Expected Name, found <EOF>. (line 1, column 15)"]),
        (
            "subscription { changes { nme kursor } }",
            [
                "is rejected: Cannot query field 'nme' on type 'ChangeEvent'. (line 1, column 26)",
                "is rejected: Cannot query field 'kursor' on type 'ChangeEvent'. Did you mean 'cursor'? (line 1, column 30)",
            ],
        ),
        ("{ feedCursor }", ["must be a subscription, not a query: write `subscription { changes { … } }`."]),
        (
            'mutation { deleteContact(input: {id: "x"}) { replayed } }',
            ["must be a subscription, not a mutation: write `subscription { changes { … } }`."],
        ),
        (f"{NAME.replace('{', 'A {', 1)} {NAME.replace('{', 'B {', 1)}", ["must have one operation, not 2."]),
        (
            "subscription($types: [ChangeEventType!]) { changes(types: $types) { id } }",
            ["must not have variables: nothing gives them values."],
        ),
        ("subscription { changes(types: [CUSTOMER_CREATED]) { id } }", [ONLY_CHANGES]),
        (
            'subscription { ...Root } fragment Root on Subscription { changes(after: "x") { id } }',
            [ONLY_CHANGES],
        ),
    ],
)
async def test_everything_that_is_wrong_with_a_document_is_told(text: str, faults: list[str]) -> None:
    assert [*(await DOCUMENTS.check(text)).faults] == faults


async def test_a_document_is_held_to_the_limits_of_operations() -> None:
    engine = Engine(executable(schema), replace(LIMITS, max_requested_rows=10), cache_size=10, guard=RULES)
    check = DocumentCheck(engine, RULES)
    of = "subscription {{ changes {{ subject {{ ... on Customer {{ contacts(first: {}) {{ id }} }} }} }} }}"
    assert [*(await check.check(of.format(10))).faults] == []
    (fault,) = (await check.check(of.format(11))).faults
    assert fault.startswith("is rejected: The operation asks for up to 11 rows; the limit is 10.")


async def test_only_trusted_documents_are_taken_where_others_may_not_run() -> None:
    persistence = Persistence(trusted=TrustedDocuments({"x": NAME}), trusted_only=True)
    engine = Engine(executable(schema), LIMITS, cache_size=10, guard=RULES, persistence=persistence)
    check = DocumentCheck(engine, RULES)
    assert [*(await check.check(NAME)).faults] == []
    (fault,) = (await check.check(f"{NAME} ")).faults
    assert fault.startswith("is rejected: Only registered documents may run")


async def test_the_document_of_the_guide_is_valid() -> None:
    (written,) = re.findall(r'"document": (".*")', GUIDE.read_text())
    assert [*(await DOCUMENTS.check(json.loads(written))).faults] == []
