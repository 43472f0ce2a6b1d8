"""Which subscriptions are equal, so that their events are executed once."""

from typing import Any

import pytest

from app.domain.identity import Scope
from app.engine.documents import Documents
from app.graphql.schema import executable, schema
from app.live.keys import Key, key_of
from tests.support.toy import LIMITS

TEXT = (
    "subscription s($after: String, $types: [ChangeEventType!], $n: Int) {"
    " changes(after: $after, types: $types) { id subject { ... on Customer { contacts(first: $n) { id } } } } }"
)
USED_TWICE = (
    "subscription s($after: String) {"
    " changes(after: $after) { subject { ... on Customer { children(after: $after) { totalCount } } } } }"
)
READS = frozenset({Scope.CUSTOMERS_READ})
DOCUMENTS = Documents(executable(schema), LIMITS, 10)


def key(text: str = TEXT, scopes: frozenset[Scope] = READS, **variables: Any) -> Key:
    """Return the key of the only operation of a text."""
    return key_of(DOCUMENTS.prepare(text).select(None), variables, scopes)


def test_equal_subscriptions_have_equal_keys_wherever_they_begin() -> None:
    same = {key(n=1, types=["A"]), key(types=["A"], n=1), key(n=1, types=["A"], after="x"), key(n=1, types=["A"], x=3)}

    assert len(same) == 1


@pytest.mark.parametrize(
    "other",
    [
        key(n=2),
        key(n=1, types=[]),
        key(TEXT + " ", n=1),
        key(scopes=READS | {Scope.ACCOUNTS_READ}, n=1),
        key(n=True),
        key(n=1.0),
        key(n=None),
        key(),
    ],
)
def test_what_the_response_depends_on_makes_another_key(other: Key) -> None:
    assert other != key(n=1)


def test_a_cursor_that_the_response_depends_on_is_a_part_of_the_key() -> None:
    assert key(USED_TWICE, after="x") != key(USED_TWICE, after="y")


def test_numbers_of_any_size_have_a_key() -> None:
    assert key(n=2**80) != key(n=2**81)
