"""The explorer: a page for browsers where it is turned on, and nothing else changed."""

import pytest

from tests.web.requests import assert_refused
from tests.web.toy_app import client_of, toy_app

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_a_browser_gets_the_page_without_a_credential() -> None:
    async with client_of(toy_app(explorer=True), {}) as client:
        response = await client.get("/graphql?query={hello}", headers=BROWSER)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "graphiql" in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html;q=0, application/json"])
async def test_a_client_that_asks_for_no_page_gets_graphql(accept: str) -> None:
    async with client_of(toy_app(explorer=True)) as client:
        response = await client.get("/graphql?query={hello}", headers={"accept": accept})

    assert response.json() == {"data": {"hello": "Hello you"}}


async def test_a_post_is_graphql_even_from_a_browser() -> None:
    async with client_of(toy_app(explorer=True)) as client:
        response = await client.post("/graphql", json={"query": "{hello}"}, headers=BROWSER)

    assert response.json() == {"data": {"hello": "Hello you"}}


async def test_turned_off_a_browser_gets_graphql_and_needs_a_credential() -> None:
    async with client_of(toy_app(explorer=False), {}) as client:
        response = await client.get("/graphql", headers=BROWSER)

    assert_refused(response, 401, "UNAUTHENTICATED", "Send a token.")
