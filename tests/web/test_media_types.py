"""Media types: which are taken, which are given, and what is refused."""

import pytest

from tests.support.toy_app import GRAPHQL, client_of, toy_app
from tests.web.requests import JSON, assert_rejected, post


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, GRAPHQL),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        ("APPLICATION/JSON; charset=utf-8", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, application/json", GRAPHQL),
        (f"application/json, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, application/json", "application/json"),
        (f"application/json;q=0.1, {GRAPHQL}; q=0.9, */*", GRAPHQL),
        ("application/json, */*", "application/json"),
        (f"{GRAPHQL}, */*", GRAPHQL),
        ("application/json;q=0, */*", GRAPHQL),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("text/plain, , application/json", "application/json"),
        ("", GRAPHQL),
        (",", GRAPHQL),
        (" , ,\t", GRAPHQL),
        (f"multipart/mixed;deferSpec=20220824, {GRAPHQL}, application/json;q=0.9", GRAPHQL),
    ],
)
async def test_the_media_type_is_negotiated(accept: str | None, media_type: str) -> None:
    async with client_of(toy_app()) as client:
        del client.headers["accept"]
        response = await client.post(
            "/graphql", json={"query": "{hello}"}, headers=None if accept is None else {"accept": accept}
        )

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{media_type}; charset=utf-8"


async def test_without_an_accept_header_a_rejected_document_has_the_newer_types_status() -> None:
    async with client_of(toy_app()) as client:
        del client.headers["accept"]
        response = await client.post("/graphql", json={"query": "{"})

    assert (response.status_code, response.headers["content-type"]) == (400, f"{GRAPHQL}; charset=utf-8")


@pytest.mark.parametrize(
    "accept", ["text/plain", "*/*;q=0", "application/json;q=0", "application/json;q=many", "image/*", ", image/*,"]
)
async def test_a_client_that_accepts_neither_type_is_rejected(accept: str) -> None:
    response = await post({"query": "{hello}"}, headers={**JSON, "accept": accept})

    assert_rejected(response, 406, "NOT_ACCEPTABLE", "Accept `application/graphql-response+json`")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json;charset=UTF-8", 'application/json; charset="utf-8"'],
)
async def test_json_in_utf_8_may_be_called_so_in_several_ways(content_type: str) -> None:
    assert (await post({"query": "{hello}"}, headers={"content-type": content_type})).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        ",",
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "json",
    ],
)
async def test_a_body_of_another_media_type_is_rejected(content_type: str) -> None:
    response = await post({"query": "{hello}"}, headers={"content-type": content_type})

    assert_rejected(response, 415, "UNSUPPORTED_MEDIA_TYPE", "`Content-Type: application/json`")


async def test_a_body_without_a_media_type_is_rejected() -> None:
    assert_rejected(
        await post({"query": "{hello}"}, headers={}), 415, "UNSUPPORTED_MEDIA_TYPE", "`Content-Type: application/json`"
    )


@pytest.mark.parametrize("encoding", ["identity", "", ",", ", Identity,", "identity, identity"])
async def test_a_body_that_is_not_encoded_may_be_called_so_in_several_ways(encoding: str) -> None:
    assert (await post({"query": "{hello}"}, headers={**JSON, "content-encoding": encoding})).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "identity, gzip", ", gzip"])
async def test_a_compressed_body_is_rejected(encoding: str) -> None:
    response = await post({"query": "{hello}"}, headers={**JSON, "content-encoding": encoding})

    assert_rejected(response, 415, "UNSUPPORTED_MEDIA_TYPE", "`Content-Encoding`")
