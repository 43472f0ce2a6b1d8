"""Documents by their ids, registered or not, by POST and GET."""

from typing import Any

import pytest

from app.engine.trusted import TrustedDocuments
from tests.web.naming import DOCUMENTS, HELLO, RENAME, both, digest, engine_of, persisted, send
from tests.web.requests import assert_rejected


@both
@pytest.mark.parametrize("only", [False, True])
@pytest.mark.parametrize("document_id", ["hello", digest(HELLO), f"sha256:{digest(HELLO)}"])
async def test_a_registered_document_runs_by_its_id(method: str, *, only: bool, document_id: str) -> None:
    engine = engine_of(trusted=DOCUMENTS, only=only)
    response = await send(engine, method, {"documentId": document_id, "variables": {"n": "Åse"}})

    assert response.json() == {"data": {"hello": "Hello Åse"}}


@both
async def test_a_registered_document_runs_by_its_hash_in_the_extension(method: str) -> None:
    engine = engine_of(remembered=0, trusted=DOCUMENTS, only=True)

    assert (await send(engine, method, {"extensions": persisted(HELLO)})).json() == {"data": {"hello": "Hello you"}}


async def test_a_build_may_hash_otherwise() -> None:
    ids = ["0" * 32, "1" * 40, f"sha256:{digest(HELLO)}"]
    engine = engine_of(trusted=TrustedDocuments(dict.fromkeys(ids, HELLO)), only=True)
    for document_id in ids:
        extension = {"persistedQuery": {"version": 1, "sha256Hash": document_id}}
        assert (await send(engine, "POST", {"extensions": extension})).status_code == 200


async def test_a_mutation_can_be_registered_and_runs_by_post_only() -> None:
    engine = engine_of(trusted=DOCUMENTS, only=True)
    refused = await send(engine, "GET", {"documentId": "slowly"})

    assert (await send(engine, "POST", {"documentId": "rename"})).json() == {"data": {"rename": "x"}}
    assert refused.headers["allow"] == "POST"
    assert_rejected(refused, 405, "METHOD_NOT_ALLOWED", "by POST")


@both
@pytest.mark.parametrize(
    "body",
    [
        {"query": "{subject}"},
        {"query": "{__schema {types {name}}}"},
        {"query": HELLO + " "},
        {"documentId": "unknown"},
        {"documentId": f"sha256:{digest('{subject}')}"},
        {"extensions": persisted("{subject}")},
        {"query": "{subject}", "extensions": persisted("{subject}")},
    ],
)
async def test_where_only_registered_documents_run_nothing_else_does(method: str, body: dict[str, Any]) -> None:
    response = await send(engine_of(trusted=DOCUMENTS, only=True), method, body)

    assert_rejected(response, 400, "DOCUMENT_NOT_TRUSTED", "customer-gateway documents")


async def test_the_text_of_a_registered_document_runs_where_only_those_do() -> None:
    engine = engine_of(trusted=DOCUMENTS, only=True)
    for body in ({"query": HELLO}, {"query": HELLO, "extensions": persisted(HELLO)}):
        assert (await send(engine, "POST", body)).json() == {"data": {"hello": "Hello you"}}


async def test_a_registered_document_that_no_longer_fits_answers_with_what_is_wrong() -> None:
    response = await send(engine_of(trusted=DOCUMENTS, only=True), "POST", {"documentId": "old"})

    assert_rejected(response, 400, "GRAPHQL_VALIDATION_FAILED", "Cannot query field 'gone'")


async def test_an_unknown_id_is_rejected_with_what_to_do() -> None:
    response = await send(engine_of(), "POST", {"documentId": "unknown"})

    assert_rejected(response, 400, "PERSISTED_QUERY_NOT_FOUND", "Send the document's text as `query`")


@both
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"documentId": ""}, "`documentId` is invalid"),
        ({"documentId": "a b"}, "`documentId` is invalid"),
        ({"documentId": "sha256:abc"}, "`documentId` is invalid"),
        ({"documentId": "md5:abc"}, "`documentId` is invalid"),
        ({"documentId": "a" * 257}, "`documentId` is invalid"),
        ({"documentId": "hello", "query": HELLO}, "send one of the two"),
        ({"documentId": f"sha256:{digest(RENAME)}", "query": HELLO}, "send one of the two"),
        ({"documentId": "hello", "extensions": persisted(HELLO)}, "name two documents"),
    ],
)
async def test_an_id_that_can_be_none_or_is_not_alone_is_rejected(
    method: str, body: dict[str, Any], words: str
) -> None:
    assert_rejected(await send(engine_of(trusted=DOCUMENTS), method, body), 400, "BAD_REQUEST", words)


@pytest.mark.parametrize("value", [1, True, [], {}])
async def test_an_id_is_a_string(value: object) -> None:
    assert_rejected(await send(engine_of(), "POST", {"documentId": value}), 400, "BAD_REQUEST", "as a string")


async def test_an_id_that_is_null_is_none() -> None:
    assert (await send(engine_of(), "POST", {"documentId": None, "query": HELLO})).status_code == 200


async def test_id_and_extension_may_name_the_same_document() -> None:
    body = {"documentId": f"sha256:{digest(HELLO)}", "extensions": persisted(HELLO), "query": HELLO}

    assert (await send(engine_of(), "POST", body)).status_code == 200
