"""Apollo's automatic persisted queries, by POST and GET."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.persisted import NamedDocument
from app.web.document_names import named_document
from app.web.http_errors import HttpError
from tests.support.toy import ToyContext
from tests.support.toy_app import client_of, opening, toy_app
from tests.web.naming import HELLO, RENAME, SLOWLY, both, digest, engine_of, persisted, send
from tests.web.requests import JSON, assert_rejected


@both
async def test_a_client_sends_the_hash_then_hash_and_text_then_the_hash_alone(method: str) -> None:
    engine = engine_of()
    alone = {"extensions": persisted(HELLO), "variables": {"n": "Åse"}, "operationName": "a"}

    unknown = await send(engine, method, alone)
    first = await send(engine, "POST", alone | {"query": HELLO})
    second = await send(engine, method, alone)

    assert unknown.status_code == 400
    assert unknown.json() == {
        "errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]
    }
    assert first.json() == second.json() == {"data": {"hello": "Hello Åse"}}


async def test_an_unknown_hash_has_the_status_of_its_media_type() -> None:
    response = await send(engine_of(), "POST", {"extensions": persisted(HELLO)}, "application/json")

    assert response.status_code == 200
    assert response.json()["errors"][0]["message"] == "PersistedQueryNotFound"


@both
async def test_a_text_can_be_remembered_by_either_method(method: str) -> None:
    engine = engine_of()

    await send(engine, method, {"query": HELLO, "extensions": persisted(HELLO)})

    assert (await send(engine, "GET", {"extensions": persisted(HELLO)})).json() == {"data": {"hello": "Hello you"}}


@both
async def test_a_hash_of_another_text_is_rejected_and_nothing_is_remembered(method: str) -> None:
    engine = engine_of()
    refused = await send(engine, method, {"query": HELLO, "extensions": persisted(RENAME)})
    after = await send(engine, method, {"extensions": persisted(RENAME)})

    assert_rejected(refused, 400, "BAD_REQUEST", "`sha256Hash` is not the hash of `query`")
    assert_rejected(after, 400, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")


@both
async def test_where_nothing_is_remembered_clients_are_told_in_the_words_they_know(method: str) -> None:
    response = await send(engine_of(remembered=0), method, {"extensions": persisted(HELLO)})

    assert response.status_code == 400
    assert response.json() == {
        "errors": [{"message": "PersistedQueryNotSupported", "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"}}]
    }


async def test_a_mutation_is_remembered_and_runs_by_post_only() -> None:
    engine, context = engine_of(), ToyContext()
    async with client_of(toy_app(engine=engine, opener=opening(context))) as client:
        body = {"extensions": persisted(SLOWLY)}
        await client.post("/graphql", json=body | {"query": SLOWLY})
        await client.post("/graphql", json=body)
        refused = await client.get("/graphql", params={"extensions": json.dumps(persisted(SLOWLY))})

    assert context.finished == ["slowly", "closed"] * 2
    assert_rejected(refused, 405, "METHOD_NOT_ALLOWED", "by POST")


async def test_no_hash_makes_a_subscription_or_a_batch_run() -> None:
    text = "subscription {ticks}"
    body = {"query": text, "extensions": persisted(text)}
    async with client_of(toy_app(engine=engine_of())) as client:
        batch = await client.post("/graphql", content=json.dumps([body]), headers=JSON)

    assert_rejected(await send(engine_of(), "POST", body), 400, "OPERATION_NOT_SUPPORTED", "Subscription")
    assert_rejected(batch, 400, "BAD_REQUEST", "batches are not supported")


MALFORMED: list[tuple[object, str]] = [
    (1, "`extensions.persistedQuery` is a number"),
    ("x", "`extensions.persistedQuery` is a string"),
    ([], "`extensions.persistedQuery` is a list"),
    ({}, "`version` is not 1 and `sha256Hash` is not a hexadecimal hash"),
    ({"version": 2, "sha256Hash": digest(HELLO)}, "`version` is not 1; send"),
    ({"version": True, "sha256Hash": digest(HELLO)}, "`version` is not 1; send"),
    ({"version": 1}, "`sha256Hash` is not a hexadecimal hash"),
    ({"version": 1, "sha256Hash": "abc"}, "`sha256Hash` is not a hexadecimal hash"),
    ({"version": 1, "sha256Hash": digest(HELLO).upper()}, "`sha256Hash` is not a hexadecimal hash"),
    ({"version": 1, "sha256Hash": digest(HELLO) + "\n"}, "`sha256Hash` is not a hexadecimal hash"),
    ({"version": 1, "sha256Hash": 12}, "`sha256Hash` is not a hexadecimal hash"),
]


@both
@pytest.mark.parametrize(("extension", "words"), MALFORMED)
async def test_a_malformed_extension_is_rejected_with_what_to_send(method: str, extension: object, words: str) -> None:
    for text in ({}, {"query": HELLO}):
        response = await send(engine_of(), method, {**text, "extensions": {"persistedQuery": extension}})
        assert_rejected(response, 400, "BAD_REQUEST", words)
        assert '{"version": 1, "sha256Hash": "…"}' in response.json()["errors"][0]["message"]


async def test_an_extension_that_is_null_and_other_extensions_say_nothing() -> None:
    body = {"query": HELLO, "extensions": {"persistedQuery": None, "clientLibrary": {"name": "x"}}}

    assert (await send(engine_of(), "POST", body)).status_code == 200
    assert_rejected(
        await send(engine_of(), "POST", {"extensions": {"other": 1}}), 400, "BAD_REQUEST", "`query` is missing"
    )


def test_a_request_that_just_sends_its_text_is_read_without_looking_for_a_name() -> None:
    assert named_document(HELLO, None, None) is None
    assert named_document(HELLO, None, {"other": {}}) is None


VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.just(digest(HELLO)) | st.just(1)
PERSISTED = st.dictionaries(st.sampled_from(["version", "sha256Hash", "other"]), VALUES)


def status_of(read: Callable[[], NamedDocument | None]) -> int:
    """The status that reading leads to: 200 for a name, as far as can be told yet."""
    try:
        read()
    except HttpError as rejection:
        return rejection.status
    return 200


@given(st.none() | st.just(HELLO), VALUES, st.none() | st.dictionaries(st.just("persistedQuery"), VALUES | PERSISTED))
def test_any_name_is_one_or_rejected(text: str | None, document_id: object, extensions: dict[str, Any] | None) -> None:
    assert status_of(lambda: named_document(text, document_id, extensions)) in {200, 400}
