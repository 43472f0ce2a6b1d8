"""Documents: parsed once, remembered within bounds, and rejected for reasons that are told."""

import asyncio
import threading
from typing import Any
from uuid import UUID

import pytest
from graphql import build_schema, get_introspection_query

from app.engine import documents as documents_module
from app.engine.document_limits import Limits
from app.engine.documents import BYTES_PER_REMEMBERED_DOCUMENT, Documents
from app.engine.request_errors import RequestError, RequestErrorCode
from app.scheduling.pauses import working_for
from tests.support.toy import LIMITS, SCHEMA, request_error_of


def test_a_text_is_compiled_once_and_then_remembered() -> None:
    documents = Documents(SCHEMA, LIMITS, 2)

    assert documents.prepare("{hello}") is documents.prepare("{hello}")


def test_the_document_that_was_used_longest_ago_is_forgotten_first() -> None:
    documents = Documents(SCHEMA, LIMITS, 2)
    first, second = documents.prepare("{hello}"), documents.prepare("{subject}")
    documents.prepare("{hello}")
    documents.prepare("{broken}")

    assert documents.prepare("{hello}") is first
    assert documents.prepare("{subject}") is not second


def test_long_documents_leave_room_for_fewer() -> None:
    documents = Documents(SCHEMA, LIMITS, 2)
    padding = "#" + "x" * (BYTES_PER_REMEMBERED_DOCUMENT - 20)
    first = documents.prepare("{hello}")
    documents.prepare("{subject}" + padding)
    documents.prepare("{broken}" + padding)

    assert documents.prepare("{hello}") is not first


def test_a_document_too_long_to_be_remembered_still_works() -> None:
    documents = Documents(SCHEMA, LIMITS, 1)
    text = "{hello}#" + "x" * BYTES_PER_REMEMBERED_DOCUMENT

    assert documents.prepare(text).select(None).name is None
    assert documents.prepare(text) is not documents.prepare(text)


def test_a_cache_of_size_zero_remembers_nothing() -> None:
    documents = Documents(SCHEMA, LIMITS, 0)

    assert documents.prepare("{hello}") is not documents.prepare("{hello}")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("", RequestErrorCode.SYNTAX, "Syntax Error: Unexpected <EOF>"),
        ("{", RequestErrorCode.SYNTAX, "Syntax Error: Expected Name"),
        ('{hello(name: "\\uD800")}', RequestErrorCode.SYNTAX, "Invalid Unicode escape sequence"),
        ("{hello\0}", RequestErrorCode.SYNTAX, "Unexpected character: U+0000"),
        ("{unknown}", RequestErrorCode.VALIDATION, "Cannot query field 'unknown' on type 'Query'"),
        ("type A {b: Int}", RequestErrorCode.VALIDATION, "definition is not executable"),
        ("fragment a on Query {hello}", RequestErrorCode.VALIDATION, "never used"),
        ("{hello} query named {hello}", RequestErrorCode.VALIDATION, "anonymous operation must be the only"),
        ("query a {hello} query a {hello}", RequestErrorCode.VALIDATION, "There can be only one operation named 'a'"),
        ("{...missing}", RequestErrorCode.VALIDATION, "Unknown fragment 'missing'"),
        ("{hello @skip}", RequestErrorCode.VALIDATION, "of type 'Boolean!' is required"),
        (
            "{... @defer {hello}}",
            RequestErrorCode.VALIDATION,
            "Unknown directive '@defer'. Incremental delivery is not supported",
        ),
        ("{... @defer {hello}}", RequestErrorCode.VALIDATION, "send a separate query for data that can wait"),
        (
            "{some(ids: []) @stream {id}}",
            RequestErrorCode.VALIDATION,
            "Unknown directive '@stream'. Incremental delivery is",
        ),
        ("{some(ids: []) @stream {id}}", RequestErrorCode.VALIDATION, "in pages with `first` and `after`"),
        ("{hello @cached}", RequestErrorCode.VALIDATION, "Unknown directive '@cached'."),
        ("{x" + "#\n" * 5_001 + "}", RequestErrorCode.SYNTAX, "more than 5000 comments"),
    ],
)
def test_a_document_that_is_wrong_says_why(text: str, kind: RequestErrorCode, message: str) -> None:
    error = request_error_of(text)

    assert error.kind is kind
    assert message in error.errors[0].message


def test_the_bytes_of_a_document_are_bounded_and_counted_in_utf_8() -> None:
    error = request_error_of("{hello}#" + "é" * 25_000)

    assert error.kind is RequestErrorCode.TOO_LARGE
    assert error.errors[0].message == "The document is 50,008 bytes long; the limit is 50,000."


def test_the_tokens_of_a_document_are_bounded() -> None:
    error = request_error_of("{" + "hello " * 4_999 + "}")

    assert error.kind is RequestErrorCode.TOO_LARGE
    assert "5,000 tokens" in error.errors[0].message


def test_a_long_document_with_a_character_that_is_no_graphql_is_blamed_for_that() -> None:
    assert request_error_of("{hello ? " + "hello " * 5_000).kind is RequestErrorCode.SYNTAX


def test_the_number_of_validation_errors_is_bounded() -> None:
    error = request_error_of("{" + " ".join(f"x{number}" for number in range(1_000)) + "}")

    assert error.kind is RequestErrorCode.VALIDATION
    assert len(error.errors) <= 21


SUBSCRIPTIONS = ["subscription {ticks}", "subscription s {ticks} query q {hello}", "subscription {__typename}"]


@pytest.mark.parametrize("text", SUBSCRIPTIONS)
def test_a_subscription_has_its_own_code_also_where_the_schema_has_none(text: str) -> None:
    documents = Documents(build_schema("type Query {hello: String}"), LIMITS, 1)
    with pytest.raises(RequestError) as refused:
        documents.prepare(text)

    assert refused.value.kind is RequestErrorCode.UNSUPPORTED
    (error,) = refused.value.errors
    assert error.message == "Subscriptions are not supported. Send a query or a mutation."
    assert error.locations == [(1, 1)]


@pytest.mark.parametrize("type_depth", [9, 13])
def test_the_introspection_query_of_tools_passes(type_depth: int) -> None:
    query = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
        one_of=True,
        type_depth=type_depth,
    )
    shallow = Limits(
        50_000,
        5_000,
        max_depth=2,
        max_aliases=0,
        max_fields=2_000,
        max_requested_rows=1,
        max_requested_values=1,
        max_mutations=1,
        max_mutation_rows=1,
        max_input_items=1,
    )

    assert Documents(SCHEMA, shallow, 10).prepare(query).select(None).name == "IntrospectionQuery"


def test_introspection_that_goes_round_in_the_type_system_is_rejected() -> None:
    error = request_error_of("{__schema{types{fields{type{fields{type{fields{name}}}}}}}}")

    assert error.kind is RequestErrorCode.VALIDATION
    assert "introspection depth" in error.errors[0].message


def test_the_operation_is_the_only_one_or_the_one_that_is_named() -> None:
    documents = Documents(SCHEMA, LIMITS, 10)
    two = documents.prepare("query first {hello} query second {hello}")

    assert documents.prepare("query only {hello}").select(None).name == "only"
    assert two.select("second").name == "second"


@pytest.mark.parametrize(
    ("text", "name", "kind", "message"),
    [
        ("query a {hello} query b {hello}", None, RequestErrorCode.OPERATION, "several operations"),
        ("query a {hello} query b {hello}", "c", RequestErrorCode.OPERATION, "no operation with the name"),
        ("query a {hello}", "", RequestErrorCode.OPERATION, "no operation with the name"),
        ("{hello}", "a", RequestErrorCode.OPERATION, "no operation with the name"),
    ],
)
def test_an_operation_that_cannot_be_told_is_rejected(
    text: str, name: str | None, kind: RequestErrorCode, message: str
) -> None:
    document = Documents(SCHEMA, LIMITS, 10).prepare(text)

    with pytest.raises(RequestError) as caught:
        document.select(name)

    assert caught.value.kind is kind
    assert message in caught.value.errors[0].message


def test_a_directive_for_answers_in_pieces_is_the_only_error_at_its_place() -> None:
    text = 'query a($later: Boolean = true) {\n  thing {\n    ... @defer(if: $later, label: "parts") { parts { id } }\n  }\n}'
    error = request_error_of(text)

    assert [problem.message.split(".")[0] for problem in error.errors] == ["Unknown directive '@defer'"]
    assert [(location.line, location.column) for location in error.errors[0].locations or ()] == [(3, 9)]


async def test_short_texts_that_are_not_cached_are_prepared_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = set[threading.Thread]()

    def parse(*arguments: Any, **options: Any) -> Any:
        threads.add(threading.current_thread())
        return parsing(*arguments, **options)

    parsing = documents_module.parse
    monkeypatch.setattr(documents_module, "parse", parse)
    documents = Documents(SCHEMA, LIMITS, 1_000)
    # More than the hundred long texts that may wait, and few enough for a busy machine: none may wait for five seconds.
    number = 110
    found = await asyncio.gather(*(documents.prepare_aside(f"query q{place} {{hello}}") for place in range(number)))

    assert [document.names for document in found] == [(f"q{place}",) for place in range(number)]
    assert threads
    assert threading.current_thread() not in threads


async def test_many_short_texts_of_one_company_do_not_hold_up_those_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def parse(text: str, **options: Any) -> Any:
        parsed.append(text)
        return parsing(text, **options)

    async def prepare(company_id: UUID, text: str) -> None:
        working_for.set(company_id)
        await documents.prepare_aside(text)

    parsing = documents_module.parse
    monkeypatch.setattr(documents_module, "parse", parse)
    documents = Documents(SCHEMA, LIMITS, 1_000)
    flood = [prepare(UUID(int=1), f"query q{number} {{hello}}") for number in range(100)]
    await asyncio.gather(*flood, prepare(UUID(int=2), "query other {hello}"))

    assert parsed.index("query other {hello}") <= 2


async def test_a_text_that_is_cached_is_found_without_a_turn_of_the_loop() -> None:
    documents = Documents(SCHEMA, LIMITS, 2)
    document = documents.prepare("{hello}")
    preparing = documents.prepare_aside("{hello}")
    with pytest.raises(StopIteration) as ended:
        preparing.send(None)

    assert ended.value.value is document
