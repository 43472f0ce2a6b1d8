"""Documents made to bring a server down: small ones that grow, deep ones, endless ones. Each is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.documents import Documents
from app.engine.request_errors import RequestError, RequestErrorCode
from tests.support.toy import LIMITS, SCHEMA, request_error_of


@pytest.mark.parametrize(
    "text",
    [
        "{a" * 2_400,
        "{thing" + "{parent" * 150 + "{id}" + "}" * 151,
        "{nested(value:" + "[" * 2_400,
        "{nested(value:" + "[" * 2_400 + "]" * 2_400 + ")}",
        "{nested(value:" + "[" * 150 + "]" * 150 + ")}",
        "{things(filter:" + "{AND:" * 150 + "{}" + "}" * 150 + "){totalCount}}",
        "query($value: [[Int]] = " + "[" * 150 + "]" * 150 + "){nested(value: $value)}",
        "query($value: " + "[" * 2_400 + "Int" + "]" * 2_400 + "){hello}",
        "{" + "...{" * 240 + "hello" + "}" * 240 + "}",
        "{...f0}"
        + "".join(f"fragment f{n} on Query{{...f{n + 1}}}" for n in range(550))
        + "fragment f550 on Query{hello}",
    ],
    ids=[
        "open",
        "fields",
        "open lists",
        "lists",
        "shallower lists",
        "objects",
        "default",
        "type",
        "inline",
        "chain of fragments",
    ],
)
def test_deep_nesting_of_any_kind_is_rejected_and_overflows_no_stack(text: str) -> None:
    assert request_error_of(text).kind in {RequestErrorCode.SYNTAX, RequestErrorCode.TOO_COMPLEX}


def test_the_deepest_nesting_that_parses_is_measured_without_overflowing_the_stack() -> None:
    text = "{" + "...{" * 190 + "things {nodes {id}}" + "}" * 190 + "}"

    assert Documents(SCHEMA, LIMITS, 10).prepare(text).select(None).rows.count({}) == 50


@pytest.mark.parametrize(
    "text",
    [
        "{...f0}"
        + "".join(f"fragment f{n} on Query{{...f{n + 1} ...f{n + 1}}}" for n in range(52))
        + "fragment f52 on Query{hello}",
        "{hello}"
        + "".join(f"fragment f{n} on Query{{...f{n + 1} ...f{n + 1}}}" for n in range(52))
        + "fragment f52 on Query{hello}",
        "{thing{...f0}}"
        + "".join(f"fragment f{n} on Thing{{a:parent{{...f{n + 1}}}b:parent{{...f{n + 1}}}}}" for n in range(33))
        + "fragment f33 on Thing{id}",
    ],
    ids=["spread twice", "unused", "aliased"],
)
def test_a_small_document_of_exponential_fragments_is_rejected_by_its_full_size(text: str) -> None:
    error = request_error_of(text)

    assert len(text) < 2_000
    assert error.kind is RequestErrorCode.TOO_COMPLEX
    assert any("more than 1,000,000,000 fields" in problem.message for problem in error.errors)


@pytest.mark.parametrize(
    "text",
    [
        "{...a} fragment a on Query {...a}",
        "{...a} fragment a on Query {...b hello} fragment b on Query {...a}",
        "{hello} fragment a on Query {...a}",
        "".join(f"fragment f{a} on Query {{{' '.join(f'...f{b}' for b in range(30))}}}" for a in range(30)) + "{...f0}",
    ],
    ids=["itself", "each other", "unused", "all with all"],
)
def test_fragments_that_spread_themselves_are_reported_by_validation(text: str) -> None:
    error = request_error_of(text)

    assert error.kind is RequestErrorCode.VALIDATION
    assert "within itself" in error.errors[0].message


@pytest.mark.parametrize(
    "text",
    ["{" + "hello " * 1_900 + "}", "{" + "things{nodes{id}}" * 600 + "}", "{" + 'hello(name:"a") ' * 700 + "}"],
    ids=["leaves", "objects", "arguments"],
)
def test_repetition_that_would_cost_validation_quadratic_time_is_rejected(text: str) -> None:
    error = request_error_of(text)

    assert error.kind is RequestErrorCode.TOO_COMPLEX
    assert "repeats fields" in error.errors[0].message


def test_a_hundred_repetitions_of_a_field_are_fine() -> None:
    text = "{" + "thing{id name}" * 100 + "}"

    assert Documents(SCHEMA, LIMITS, 10).prepare(text).select(None).name is None


TOKENS = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "=",
    "!",
    "|",
    "&",
    "$",
    "@",
    "...",
    "query",
    "mutation",
    "subscription",
    "fragment",
    "on",
    "Query",
    "Thing",
    "hello",
    "things",
    "nodes",
    "parts",
    "first",
    "name",
    "filter",
    "AND",
    "f",
    "$n",
    "Int",
    "-1",
    "2.5e3",
    '"text"',
    '"""',
    "#",
    "@skip(if:true)",
    "{hello}",
    "...f",
    "on\x00",
]


@given(st.lists(st.sampled_from(TOKENS), max_size=60))
def test_no_heap_of_tokens_raises_anything_but_a_rejection(tokens: list[str]) -> None:
    with suppress(RequestError):
        Documents(SCHEMA, LIMITS, 10).prepare(" ".join(tokens)).select(None).rows.count({})
