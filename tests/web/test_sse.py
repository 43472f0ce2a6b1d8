"""Queries and mutations over SSE, and which answer a client prefers."""

import json
from typing import Any

import pytest

from tests.support.toy import ToyContext
from tests.support.toy_app import GRAPHQL, client_of, opening, toy_app

EVENTS = "text/event-stream"
JSON = "application/json"


async def answered(accept: str, body: dict[str, Any]) -> tuple[int, str, str]:
    """Return the status, the media type and the text of an answer."""
    async with client_of(toy_app()) as client:
        response = await client.post("/graphql", json=body, headers={"accept": accept})
    return response.status_code, response.headers["content-type"].partition(";")[0], response.text


def events_of(*results: dict[str, Any]) -> str:
    """Return the stream of these results."""
    compact = [json.dumps(result, separators=(",", ":")) for result in results]
    return "".join(f"event: next\ndata: {result}\n\n" for result in compact) + "event: complete\ndata:\n\n"


@pytest.mark.parametrize(
    ("query", "result"),
    [
        ("{hello}", {"data": {"hello": "Hello you"}}),
        ('mutation {rename(name: "x")}', {"data": {"rename": "x"}}),
    ],
)
async def test_a_result_is_one_event_and_the_end(query: str, result: dict[str, Any]) -> None:
    assert await answered(EVENTS, {"query": query}) == (200, EVENTS, events_of(result))


@pytest.mark.parametrize(("query", "code"), [("{", "GRAPHQL_PARSE_FAILED"), ("{gone}", "GRAPHQL_VALIDATION_FAILED")])
async def test_a_rejected_document_is_an_event_with_the_usual_status(query: str, code: str) -> None:
    status, media_type, text = await answered(EVENTS, {"query": query})

    assert (status, media_type) == (200, EVENTS)
    told, complete, _ = text.split("\n\n")
    assert json.loads(told.removeprefix("event: next\ndata: "))["errors"][0]["extensions"]["code"] == code
    assert complete == "event: complete\ndata:"


async def test_errors_of_the_request_keep_their_status_and_their_form() -> None:
    async with client_of(toy_app()) as client:
        headers = {"accept": EVENTS}
        without = await client.post("/graphql", json={"query": "{hello}"}, headers={**headers, "authorization": "x"})
        wrong = await client.post("/graphql", content=b"{hello}", headers={**headers, "content-type": "text/plain"})

    assert [(answer.status_code, answer.headers["content-type"]) for answer in (without, wrong)] == [
        (401, f"{JSON}; charset=utf-8"),
        (415, f"{JSON}; charset=utf-8"),
    ]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (EVENTS, EVENTS),
        (EVENTS.upper(), EVENTS),
        (f"{EVENTS}, */*", EVENTS),
        (f"{EVENTS}, multipart/mixed", EVENTS),
        (f"{EVENTS}, {JSON};q=0.9", EVENTS),
        (f"{EVENTS}, {JSON}", JSON),
        (f"{JSON}, {EVENTS}", JSON),
        (f"{EVENTS};q=0.5, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL}, {JSON}, {EVENTS}, multipart/mixed", GRAPHQL),
        (f"{EVENTS};q=0, */*", JSON),
        ("text/*", None),
        (f"{EVENTS};q=0", None),
    ],
)
async def test_an_answer_is_a_stream_only_if_the_client_prefers_it(accept: str, media_type: str | None) -> None:
    status, found, _ = await answered(accept, {"query": "{hello}"})

    assert (status, found) == ((200, media_type) if media_type else (406, JSON))


async def test_by_get_a_query_is_a_stream_and_a_mutation_is_rejected() -> None:
    context = ToyContext()
    async with client_of(toy_app(opener=opening(context))) as client:
        headers = {"accept": EVENTS}
        query = await client.get("/graphql", params={"query": "{hello}"}, headers=headers)
        mutation = await client.get("/graphql", params={"query": "mutation {slowly}"}, headers=headers)

    assert query.text == events_of({"data": {"hello": "Hello you"}})
    assert (mutation.status_code, mutation.headers["allow"], context.finished) == (405, "POST", ["closed"])


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL, 400), ("*/*", 200)])
async def test_a_subscription_without_a_stream_is_told_what_to_do(accept: str, status: int) -> None:
    found, _, text = await answered(accept, {"query": "subscription {ticks}"})
    (error,) = json.loads(text)["errors"]

    assert (found, error["extensions"]["code"]) == (status, "OPERATION_NOT_SUPPORTED")
    assert "`Accept: text/event-stream`" in error["message"]
