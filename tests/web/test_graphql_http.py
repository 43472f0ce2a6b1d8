"""GraphQL over HTTP: requests that work, methods, operations that are rejected, and credentials before all."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.toy import LIMITS, ToyContext, toy_engine
from tests.support.toy_app import CREDENTIAL, GRAPHQL, client_of, opening, toy_app
from tests.web.requests import assert_rejected, get, post

# What works


async def test_a_query_by_post_is_answered_in_compact_utf_8() -> None:
    response = await post({"query": "{things{nodes{name}}}"})

    assert response.status_code == 200
    assert response.content == '{"data":{"things":{"nodes":[{"name":"Å 🏊"}]}}}'.encode()
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["cache-control"] == "no-store"


async def test_a_query_by_get_takes_its_parameters_from_the_url() -> None:
    response = await get(
        {
            "query": "query a($n: String){hello(name: $n)} query b{hello}",
            "variables": '{"n": "Åse & +"}',
            "operationName": "a",
        }
    )

    assert response.json() == {"data": {"hello": "Hello Åse & +"}}


@pytest.mark.parametrize(
    ("query", "code"),
    [("{hello}", None), ("query a{hello}", None), ("query a{hello} query b{hello}", "OPERATION_NOT_FOUND")],
)
async def test_an_empty_operation_name_is_none_by_get_and_by_post(query: str, code: str | None) -> None:
    by_get = await get({"query": query, "operationName": ""})
    by_post = await post({"query": query, "operationName": ""})

    assert (by_get.status_code, by_get.json()) == (by_post.status_code, by_post.json())
    codes = [error["extensions"]["code"] for error in by_get.json().get("errors", ())]
    assert codes == ([] if code is None else [code])


async def test_a_mutation_by_post_runs() -> None:
    response = await post({"query": 'mutation {rename(name: "x")}'})

    assert response.json() == {"data": {"rename": "x"}}


@pytest.mark.parametrize("name", ["variables", "operationName", "extensions"])
async def test_an_optional_parameter_may_be_null(name: str) -> None:
    assert (await post({"query": "{hello}", name: None})).status_code == 200


async def test_unknown_keys_of_the_request_are_tolerated() -> None:
    response = await post(raw=b'{"extra": 1, "query": "{hello}", "extensions": {"any": ["thing"]}}')

    assert response.json() == {"data": {"hello": "Hello you"}}


async def test_escaped_pairs_of_surrogates_are_ordinary_characters() -> None:
    response = await post(raw=b'{"query": "query($n: String){hello(name: $n)}", "variables": {"n": "\\ud83c\\udfca"}}')

    assert response.json() == {"data": {"hello": "Hello 🏊"}}


async def test_credentials_decide_who_asks() -> None:
    assert (await post({"query": "{subject}"})).json() == {"data": {"subject": "tester"}}


# Methods


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_rejected_with_those_allowed(method: str) -> None:
    async with client_of(toy_app()) as client:
        response = await client.request(method, "/graphql")

    assert response.headers["allow"] == "GET, POST"
    assert_rejected(response, 405, "METHOD_NOT_ALLOWED", "GET and POST")


async def test_a_mutation_by_get_is_rejected_and_does_not_run() -> None:
    context = ToyContext()
    async with client_of(toy_app(opener=opening(context))) as client:
        response = await client.get("/graphql", params={"query": "mutation {slowly}"})

    assert response.headers["allow"] == "POST"
    assert_rejected(response, 405, "METHOD_NOT_ALLOWED", "by POST")
    assert context.finished == []


# Operations that are rejected

REFUSED_OPERATIONS = [
    ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{unknown}"}, "GRAPHQL_VALIDATION_FAILED"),
    ({"query": "query a{hello} query b{hello}"}, "OPERATION_NOT_FOUND"),
    ({"query": "query a{hello} query b{hello}", "operationName": "c"}, "OPERATION_NOT_FOUND"),
    ({"query": "subscription{ticks}"}, "OPERATION_NOT_SUPPORTED"),
    ({"query": "query($v: Int!){bound(value: $v)}"}, "BAD_USER_INPUT"),
    ({"query": "query($v: Int!){bound(value: $v)}", "variables": {"v": "1"}}, "BAD_USER_INPUT"),
    ({"query": "{hello}#" + "x" * 19_900}, "DOCUMENT_TOO_LARGE"),
    ({"query": "{things(first: 1000000){nodes{id}}}"}, "OPERATION_TOO_COMPLEX"),
    ({"query": "{" + "thing{parent" * 1_000}, "GRAPHQL_PARSE_FAILED"),
    ({"query": "{nested(value:" + "[" * 100 + "]" * 100 + ")}"}, "OPERATION_TOO_COMPLEX"),
    (
        {
            "query": "{...f0}"
            + "".join(f"fragment f{n} on Query{{...f{n + 1} ...f{n + 1}}}" for n in range(40))
            + "fragment f40 on Query{hello}"
        },
        "OPERATION_TOO_COMPLEX",
    ),
]


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 400), ("application/json", 200)])
@pytest.mark.parametrize(("request_body", "code"), REFUSED_OPERATIONS)
async def test_a_rejected_operation_has_a_code_no_data_and_the_status_of_its_media_type(
    request_body: dict[str, Any], code: str, accept: str, status: int
) -> None:
    limits = replace(LIMITS, max_document_bytes=19_000)
    async with client_of(toy_app(engine=toy_engine(limits))) as client:
        response = await client.post("/graphql", json=request_body, headers={"accept": accept})

    assert response.status_code == status
    assert list(response.json()) == ["errors"]
    assert {error["extensions"]["code"] for error in response.json()["errors"]} == {code}


async def test_a_syntax_error_says_where_it_is() -> None:
    assert (await post({"query": "{\n  hello)\n}"})).json()["errors"][0]["locations"] == [{"line": 2, "column": 8}]


# Credentials come first


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer bad"}, {"authorization": "Bearer good, Bearer good"}]
)
async def test_without_a_good_credential_nothing_is_read(headers: dict[str, str]) -> None:
    async with client_of(toy_app(), headers) as client:
        response = await client.post("/graphql", content=b"not even JSON")

    assert response.headers["www-authenticate"] == 'Bearer realm="customer-gateway"'
    assert_rejected(response, 401, "UNAUTHENTICATED", "Send a token.")


async def test_a_repeated_credential_is_none() -> None:
    async with client_of(toy_app(), {}) as client:
        response = await client.get("/graphql", headers=[*CREDENTIAL.items(), *CREDENTIAL.items()])

    assert response.status_code == 401
