"""Sending single requests to the toy application, and telling how they were refused."""

import json
from collections.abc import Mapping
from typing import Any

from httpx import Response

from tests.support.toy_app import client_of, toy_app

JSON = {"content-type": "application/json"}


async def post(body: object = None, *, raw: bytes | None = None, headers: Mapping[str, str] = JSON) -> Response:
    """The answer to a POST of JSON, or of these bytes."""
    async with client_of(toy_app()) as client:
        return await client.post("/graphql", content=json.dumps(body) if raw is None else raw, headers=headers)


async def get(parameters: Mapping[str, str] | str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a GET with these parameters."""
    async with client_of(toy_app()) as client:
        if isinstance(parameters, str):
            return await client.get(f"/graphql?{parameters}", headers=headers)
        return await client.get("/graphql", params=parameters, headers=headers)


def assert_rejected(response: Response, status: int, code: str, words: str) -> None:
    """One error with this code and these words, and no data."""
    answer: dict[str, Any] = response.json()
    assert (response.status_code, list(answer), len(answer["errors"])) == (status, ["errors"], 1), answer
    assert answer["errors"][0]["extensions"]["code"] == code
    assert words in answer["errors"][0]["message"]
