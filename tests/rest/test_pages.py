"""Pages of connections, cut from the bytes of answers whose values contain anything."""

import json
from typing import Any

import pytest

from app.rest.answers import Pages
from app.rest.pages import next_page, page_of
from app.web.answers import to_json

CUSTOMERS = Pages(("customers",))
CONTACTS = Pages(("customer", "contactsConnection"))
EVIL: list[Any] = [
    {"name": '],"pageInfo":{"hasNextPage":true,"endCursor":"eA"}'},
    {"metadata": {"pageInfo": {"hasNextPage": True, "endCursor": "eA"}, "nodes": []}},
    {"name": '\\"],\\"pageInfo\\":{\\"hasNextPage\\":true'},
    {"name": "Ærø \u2028 \U0001f600 \\"},
]


def answer(pages: Pages, rows: list[Any], *, has_next: bool, cursor: str | None) -> bytes:
    """The answer of the engine with these rows."""
    shown: Any = {"nodes": rows, "pageInfo": {"hasNextPage": has_next, "endCursor": cursor}}
    for field in reversed(pages.path):
        shown = {field: shown}
    return to_json({"data": shown})


@pytest.mark.parametrize("pages", [CUSTOMERS, CONTACTS])
@pytest.mark.parametrize("rows", [[], [{"id": "1"}], EVIL])
@pytest.mark.parametrize(("has_next", "cursor"), [(True, "Zm9v-_"), (False, "Zm9v-_"), (False, None)])
def test_a_page_has_the_rows_of_the_connection(
    *, pages: Pages, rows: list[Any], has_next: bool, cursor: str | None
) -> None:
    page = page_of(pages, answer(pages, rows, has_next=has_next, cursor=cursor))
    assert page is not None
    assert json.loads(page.rows) == rows
    assert page.after == (cursor if has_next else None)


def test_there_is_no_page_below_an_object_that_does_not_exist() -> None:
    assert page_of(CONTACTS, b'{"data":{"customer":null}}') is None


@pytest.mark.parametrize(
    ("query", "following"),
    [
        (b"limit=5", "limit=5&after=a%2Bb"),
        (b"limit=5&after=x", "limit=5&after=a%2Bb"),
        (b"%61fter=x&&limit=5&", "limit=5&after=a%2Bb"),
        (b"metadata%5Ba+b%5D=1%262&afterwards=1", "metadata%5Ba+b%5D=1%262&afterwards=1&after=a%2Bb"),
        (b'metadata[<a>]="b;c,d"&x=\xc3\xa6', "metadata%5B%3Ca%3E%5D=%22b%3Bc%2Cd%22&x=%C3%A6&after=a%2Bb"),
    ],
)
def test_the_next_page_has_the_query_of_this_page_with_another_cursor(query: bytes, following: str) -> None:
    assert next_page(query, "a+b") == f"?{following}"
