"""Requests that are none of GraphQL over HTTP: each is rejected with what is wrong, whatever it does to a JSON
parser."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.graphql_request import GraphQLRequest, from_body, from_url
from app.web.http_errors import HttpError
from tests.support.toy_app import MAX_BODY_BYTES, client_of, toy_app
from tests.web.requests import JSON, assert_rejected, get, post


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "The body is empty"),
        (b'{ "not a JSON', "The body isn't JSON"),
        (b"{}", "`query` is missing"),
        (b'{"query": null}', "`query` is missing"),
        (b'{"query": 0}', "`query` is a number"),
        (b'{"query": false}', "`query` is a boolean"),
        (b'{"query": ["{hello}"]}', "`query` is a list"),
        (b'{"query": {"a": 1}}', "`query` is an object"),
        (b"null", "The body is null"),
        (b'"{hello}"', "The body is a string"),
        (b"12", "The body is a number"),
        (b'[{"query": "{hello}"}]', "batches are not supported"),
        (b'{"query": "{hello}", "operationName": 1}', "`operationName` is a number"),
        (b'{"query": "{hello}", "operationName": {}}', "`operationName` is an object"),
        (b'{"query": "{hello}", "variables": "{}"}', "`variables` is a string"),
        (b'{"query": "{hello}", "variables": []}', "`variables` is a list"),
        (b'{"query": "{hello}", "extensions": 1.5}', "`extensions` is a number"),
        (b'{"query": "\xff"}', "The body isn't UTF-8"),
        ('{"query": "{hello}"}'.encode("utf-16"), "The body isn't UTF-8"),
        ("\ufeff{}".encode(), "The body begins with a byte order mark (U+FEFF)"),
        (b'{"query": "{hello}", "variables": {"a": NaN}}', "NaN isn't JSON"),
        (b'{"query": "{hello}", "variables": {"a": -Infinity}}', "-Infinity isn't JSON"),
        (b'{"query": "{hello}", "variables": {"a": 1e999}}', "1e999 is too large"),
        (b'{"query": "{hello}", "variables": {"a": ' + b"9" * 5_000 + b"}}", "too many digits"),
        (b'{"query": "\\ud800"}', "surrogate"),
        (b'{"query": "{hello}", "variables": {"a": ["\\uDFFF"]}}', "surrogate"),
        (b'{"query": "{hello}", "variables": {"\\udabc": 1}}', "surrogate"),
        (b'{"query": "{hello}", "variables": {"a": ' + b"[" * 9_000 + b"]" * 9_000 + b"}}", "nests more than"),
        (b'{"query": "{hello}", "variables": {"a": ' + b"[" * 33 + b"]" * 33 + b"}}", "nests more than"),
        (b'{"query": "{hello}", "variables": ' + b'{"a":' * 34 + b"1" + b"}" * 35, "nests more than"),
        # Nesting, or JSON that ends too early: which one Python notices depends on its version and stack.
        (b"[" * 19_000, "The body "),
        (b'{"query": "{hello}", "query": "{ other }"}', 'The key "query" occurs more than once'),
        (b'{"query": "{hello}", "qu\\u0065ry" : "{ other }"}', 'The key "query" occurs more than once'),
        (b'{"query": "{hello}", "variables": {"a": [{"b": ":", "b": 1.5}]}}', 'The key "b" occurs more than once'),
        (b'{"query": "{hello \\u003A}", "variables": {"a": 1, "a": 2}}', 'The key "a" occurs more than once'),
        (b'{"query": "{hello}", "variables": {"' + b"x" * 90 + b'": 1, "' + b"x" * 90 + b'": 2}}', "x" * 39 + "…"),
        (b'{"query": "{hello}", "\\ud800": 1, "\\ud800": 2}', 'The key "\\ud800" occurs more than once'),
    ],
)
async def test_a_body_that_is_no_graphql_request_is_rejected(raw: bytes, words: str) -> None:
    assert_rejected(await post(raw=raw), 400, "BAD_REQUEST", words)


async def test_values_may_nest_as_deep_as_the_limit_and_as_wide_as_they_like() -> None:
    deep = b"[" * 32 + b"]" * 32
    wide = b",".join([b"[]"] * 100)
    response = await post(raw=b'{"query": "{hello}", "variables": {"a": ' + deep + b', "b": [' + wide + b"]}}")

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("query_string", "words"),
    [
        ("", "`query` is missing"),
        ("other=1", "`query` is missing"),
        ("query={hello}&variables=[]", "`variables` is a list"),
        ("query={hello}&variables=x", "The `variables` parameter isn't JSON"),
        ("query={hello}&variables=", "The `variables` parameter isn't JSON"),
        ("query={hello}&variables=%EF%BB%BF{}", "The `variables` parameter begins with a byte order mark (U+FEFF)"),
        ("query={hello}&extensions=1", "`extensions` is a number"),
        ('query={hello}&variables={"a":"\\ud800"}', "surrogate"),
        ("query=%ff", "isn't UTF-8"),
        ("query={hello}&query={other}", "the parameter `query` more than once"),
        ('query={hello}&variables={"a":1,"a":2}', 'The key "a" occurs more than once'),
        ("query={hello}" + "&a=1" * 20, "more than 20 parameters"),
    ],
)
async def test_a_url_that_is_no_graphql_request_is_rejected(query_string: str, words: str) -> None:
    assert_rejected(await get(query_string), 400, "BAD_REQUEST", words)


async def test_a_url_longer_than_a_body_may_be_is_rejected() -> None:
    assert_rejected(await get("query={hello}%23" + "x" * MAX_BODY_BYTES), 414, "PAYLOAD_TOO_LARGE", "by POST")


async def test_a_body_that_is_announced_too_large_is_rejected_unread() -> None:
    response = await post(raw=b"x" * (MAX_BODY_BYTES + 1))

    assert_rejected(response, 413, "PAYLOAD_TOO_LARGE", "longer than 20,000 bytes")


async def test_a_body_of_unknown_length_is_read_no_further_than_the_limit() -> None:
    sent: list[bytes] = []

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            sent.append(b"x" * 1_000)
            yield sent[-1]

    async with client_of(toy_app()) as client:
        response = await client.post("/graphql", content=chunks(), headers=JSON)

    assert_rejected(response, 413, "PAYLOAD_TOO_LARGE", "longer than 20,000 bytes")
    assert len(sent) == 21


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=3), values, max_size=3),
)
MEMBERS = st.dictionaries(st.sampled_from(["query", "operationName", "variables", "extensions", "id"]), JSON_VALUES)


def status_of(read: Callable[[], GraphQLRequest]) -> int:
    """The status that reading leads to: 200 for a request, as far as can be told yet."""
    try:
        read()
    except HttpError as rejection:
        return rejection.status
    return 200


@given(st.binary() | st.text().map(str.encode) | (JSON_VALUES | MEMBERS).map(lambda value: json.dumps(value).encode()))
def test_any_body_is_a_request_or_rejected(body: bytes) -> None:
    assert status_of(lambda: from_body(body)) in {200, 400}


def repeats_a_key(text: str) -> bool:
    """Whether an object within JSON has a key twice."""
    repeated: list[bool] = []
    json.loads(text, object_pairs_hook=lambda pairs: repeated.append(len(dict(pairs)) < len(pairs)) or dict(pairs))
    return any(repeated)


KEYS = st.sampled_from(["a", "b:", ":", '"', '":'])
MEMBERS_AS_WRITTEN = st.recursive(
    st.sampled_from(['":"', '"\\":\\""', "1", "null", '"\\u003a"', "1.5", "true"]),
    lambda values: (
        st.lists(values, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(KEYS, st.sampled_from([":", " : "]), values), max_size=3).map(
            lambda members: f"{{{','.join(json.dumps(key) + colon + value for key, colon, value in members)}}}"
        )
    ),
)


@given(MEMBERS_AS_WRITTEN)
def test_an_object_with_a_key_twice_is_rejected_and_no_other(written: str) -> None:
    body = f'{{"query":"{{a(b: 1)}}","variables":{{"v":{written}}}}}'

    assert status_of(lambda: from_body(body.encode())) == (400 if repeats_a_key(body) else 200)


PARAMETERS = st.dictionaries(st.sampled_from(["query", "variables"]), st.text())


@given(st.binary(max_size=200) | PARAMETERS.map(lambda parameters: urlencode(parameters).encode()))
def test_any_url_is_a_request_or_rejected(query_string: bytes) -> None:
    assert status_of(lambda: from_url(query_string, 1_000_000)) in {200, 400}


async def test_a_body_that_does_not_arrive_is_not_waited_for_without_end() -> None:
    async def dribble() -> AsyncIterator[bytes]:
        yield b'{"query": '
        await asyncio.sleep(60)

    async with client_of(toy_app(timeout_seconds=0.05)) as client:
        response = await client.post("/graphql", content=dribble(), headers=JSON)

    assert_rejected(response, 408, "TIMEOUT", "to arrive")
    assert response.headers["connection"] == "close"
