"""Sending requests that name their documents to the toy application."""

import json
from hashlib import sha256
from typing import Any

import pytest
from httpx import Response

from app.engine.execution import Engine
from app.engine.persisted import Persistence
from app.engine.trusted import TrustedDocuments
from tests.support.toy import toy_engine
from tests.support.toy_app import GRAPHQL, client_of, toy_app

HELLO = "query a($n: String) {hello(name: $n)}"
RENAME = 'mutation {rename(name: "x")}'
SLOWLY = "mutation {slowly}"
DOCUMENTS = TrustedDocuments({"hello": HELLO, "rename": RENAME, "slowly": SLOWLY, "old": "{gone}"})


def digest(text: str) -> str:
    """The SHA-256 of a text."""
    return sha256(text.encode()).hexdigest()


def persisted(text: str) -> dict[str, Any]:
    """The extension that names a text."""
    return {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}


def engine_of(*, remembered: int = 10, trusted: TrustedDocuments | None = None, only: bool = False) -> Engine:
    """An engine that remembers so many texts and trusts these documents."""
    return toy_engine(persistence=Persistence(remembered, trusted or TrustedDocuments({}), only))


async def send(engine: Engine, method: str, body: dict[str, Any], accept: str = GRAPHQL) -> Response:
    """The answer to a request by POST or by GET."""
    async with client_of(toy_app(engine=engine)) as client:
        if method == "POST":
            return await client.post("/graphql", json=body, headers={"accept": accept})
        parameters = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
        return await client.get("/graphql", params=parameters, headers={"accept": accept})


both = pytest.mark.parametrize("method", ["POST", "GET"])
