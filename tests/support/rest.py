"""Callers of the REST endpoints of the whole application, over HTTP."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from httpx import ASGITransport, AsyncClient, Response

from app.domain.identity import Scope
from app.settings import Settings
from app.web.application import create_app
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from tests.support.lifespan import lifespan_of
from tests.support.logging_state import logging_restored

CUSTOMERS = "/v1/customers"
GROUPS = "/v1/customer-groups"


def next_page(response: Response) -> str | None:
    """Return the URL of the page after this one; None if it is the last one."""
    return str(response.url.join(response.links["next"]["url"])) if "next" in response.links else None


def place_of(created: Response) -> str:
    """Return the path of a new object."""
    return created.url.join(created.headers["location"]).path


@dataclass(frozen=True, slots=True)
class RestCaller:
    """Sends requests with the headers of one credential."""

    client: AsyncClient
    headers: Mapping[str, str]

    async def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Return the answer to a request, whose body is JSON unless it is None."""
        sent = {**self.headers, **(headers or {})}
        if body is None:
            return await self.client.request(method, path, headers=sent)
        content = json.dumps(body, default=float).encode()
        return await self.client.request(
            method, path, headers={"content-type": "application/json", **sent}, content=content
        )

    async def get(self, path: str, **parameters: str) -> Any:
        """Return the body of a GET that must succeed."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        return read(await self.send("GET", f"{path}{query}"), 200)

    async def post(self, path: str, body: object) -> Any:
        """Return the body of a POST that must create something."""
        return read(await self.send("POST", path, body), 201)

    async def patch(self, customer: object, **body: Any) -> Any:
        """Return the body of an update of a customer that must succeed."""
        return read(await self.send("PATCH", f"{CUSTOMERS}/{customer}", body), 200)

    async def error(self, method: str, path: str, body: object = None, **headers: str) -> "RestProblem":
        """Return what an error says."""
        return problem_of(await self.send(method, path, body, headers))

    async def graphql(self, document: str, **variables: Any) -> Any:
        """Return the data of a GraphQL operation that must succeed."""
        response = await self.send("POST", "/graphql", {"query": document, "variables": variables})
        answer = response.json()
        assert "errors" not in answer, answer
        return answer["data"]


@dataclass(frozen=True, slots=True)
class RestProblem:
    """An error: its status, its code and its details."""

    status: int
    code: str
    message: str
    details: dict[str, Any]

    @property
    def properties(self) -> dict[str, list[str]]:
        """The codes of each property that is not valid."""
        return {entry["property"]: sorted(entry["constraints"]) for entry in self.details["validationErrors"]}

    @property
    def found(self) -> list[tuple[str, str | None]]:
        """The codes of all problems, each with its property, sorted; a single rule has none."""
        if "problems" in self.details:
            return sorted((problem["code"], problem["property"]) for problem in self.details["problems"])
        if "validationErrors" in self.details:
            return sorted((code, name) for name, codes in self.properties.items() for code in codes)
        return [(self.code, None)]


@dataclass(frozen=True, slots=True)
class RestService:
    """A started application, and the key that signs its tokens."""

    client: AsyncClient
    keys: DevelopmentKeys

    def caller(self, company_id: UUID, *scopes: Scope, subject: str = "tester") -> RestCaller:
        """Return a caller of a company with these scopes."""
        token = self.keys.mint(company_id, scopes, subject, timedelta(hours=6))
        return RestCaller(self.client, {"authorization": f"Bearer {token}"})


@asynccontextmanager
async def rest_service(dsn: str, keys: DevelopmentKeys, **settings: Any) -> AsyncGenerator[RestService]:
    """The application, started over this database, with the role that serves."""
    given = {
        "database_url": dsn,
        "database_pool_size": 5,
        "jwt_issuer": ISSUER,
        "jwt_audience": AUDIENCE,
        "jwt_public_key_file": keys.public_key_file,
        "background_work": False,
        **settings,
    }
    with logging_restored():
        app = create_app(Settings.model_validate(given))
        async with (
            lifespan_of(app),
            AsyncClient(transport=ASGITransport(app), base_url="http://service.test") as client,
        ):
            yield RestService(client, keys)


def exactly(value: Any) -> str:
    """Return a text that differs between values that are equal, such as 1 and true, and amounts of other digits."""
    return json.dumps(value, sort_keys=True, default=repr)


def read(response: Response, status: int) -> Any:
    """Return the body of an answer with this status; its decimals have the digits that were sent."""
    assert response.status_code == status, (response.status_code, response.text)
    assert response.headers["content-type"].startswith("application/json")
    return json.loads(response.content, parse_float=Decimal)


def problem_of(response: Response) -> RestProblem:
    """Return what an error says; it has the reference's members, and its own status."""
    answer = response.json()
    assert list(answer) == ["statusCode", "timestamp", "path", "message", "code", "details"], answer
    assert answer["statusCode"] == response.status_code
    assert answer["path"] == response.request.url.path
    assert answer["message"]
    return RestProblem(response.status_code, answer["code"], answer["message"], answer["details"])
