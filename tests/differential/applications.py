"""Two applications over one database that must answer alike: one runs every operation field by field, the other plans
what it can."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from httpx import ASGITransport, AsyncClient, Response

from app.domain.identity import Scope
from app.settings import Settings
from app.web.application import create_app
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from tests.support.lifespan import lifespan_of
from tests.support.logging_state import logging_restored

GRAPHQL = "application/graphql-response+json"
_REQUEST_ID = "differential"
_EXECUTION = b',"extensions":{"execution":{'
BEYOND_ALL_LIMITS: Mapping[str, Any] = {
    "max_document_bytes": 1_000_000,
    "max_tokens": 100_000,
    "max_depth": 100,
    "max_aliases": 10_000,
    "max_fields": 100_000,
    "max_requested_rows": 10**9,
    "max_requested_values": 10**9,
    "max_mutations": 10_000,
    "max_mutation_rows": 10**9,
    # A busy machine is slow; both must answer all the same.
    "statement_timeout_seconds": 120,
    "request_timeout_seconds": 240,
    "database_pool_timeout_seconds": 60,
}
"""Settings with which every operation may run."""


class Request(NamedTuple):
    """One operation, as a client sends it."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    accept: str = GRAPHQL


class Answer(NamedTuple):
    """What came back: everything that must be the same, and whether the operation was planned."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    planned: bool

    @property
    def content(self) -> dict[str, Any]:
        """The body, read."""
        return json.loads(self.body)

    @property
    def codes(self) -> set[str]:
        """The codes of all errors."""
        return {error["extensions"]["code"] for error in self.content.get("errors", ())}


@dataclass(frozen=True, slots=True)
class Pair:
    """Both applications, and the key that signs their tokens."""

    reference: AsyncClient
    planning: AsyncClient
    keys: DevelopmentKeys

    def token(self, company_id: UUID, *scopes: Scope) -> str:
        """A credential that lasts longer than the tests."""
        return self.keys.mint(company_id, scopes, "tester", timedelta(hours=6))

    async def same(self, token: str, request: Request) -> Answer:
        """The answer that both give; one that differs in status, headers or a single byte fails."""
        expected, actual = await self.both(token, request)
        assert actual[:3] == expected[:3], _difference(request, expected, actual)
        return actual

    async def only(self, application: AsyncClient, token: str, request: Request) -> Answer:
        """The answer of one of the applications."""
        return await _answered(application, token, request)

    async def both(self, token: str, request: Request) -> tuple[Answer, Answer]:
        """The answer as it should be, and the one of the application that plans."""
        expected, actual = [
            await _answered(application, token, request) for application in (self.reference, self.planning)
        ]
        assert not expected.planned
        return expected, actual


@asynccontextmanager
async def pair_over(dsn: str, keys: DevelopmentKeys) -> AsyncGenerator[Pair]:
    """The two applications, started."""
    settings = {
        "database_url": dsn,
        "database_pool_size": 2,
        "jwt_issuer": ISSUER,
        "jwt_audience": AUDIENCE,
        "jwt_public_key_file": keys.public_key_file,
        "list_cache_seconds": 0,
        "metrics": True,
        **BEYOND_ALL_LIMITS,
    }
    with logging_restored():
        async with AsyncExitStack() as stack:
            reference, planning = [
                await stack.enter_async_context(_client(settings | execution))
                for execution in ({"query_plans": False}, {"query_plans": True, "show_execution": True})
            ]
            # Problems of a field are expected here and compared; their tracebacks would say nothing new.
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
            logging.getLogger().setLevel(logging.CRITICAL)
            yield Pair(reference, planning, keys)


@asynccontextmanager
async def _client(settings: Mapping[str, Any]) -> AsyncGenerator[AsyncClient]:
    app = create_app(Settings.model_validate(settings))
    async with (
        lifespan_of(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://service.test") as client,
    ):
        yield client


async def _answered(client: AsyncClient, token: str, request: Request) -> Answer:
    try:
        return _answer(await _sent(client, token, request))
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # Nobody has canceled this task: what was canceled inside has come through.
        msg = f"No answer at all to\n{request.query}\nvariables: {json.dumps(request.variables)}"
        raise AssertionError(msg) from error


async def _sent(client: AsyncClient, token: str, request: Request) -> Response:
    body: dict[str, Any] = {"query": request.query}
    if request.variables is not None:
        body["variables"] = request.variables
    if request.operation_name is not None:
        body["operationName"] = request.operation_name
    headers = {
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
        "accept": request.accept,
        "x-request-id": _REQUEST_ID,
    }
    return await client.post("/graphql", content=json.dumps(body), headers=headers)


def _answer(response: Response) -> Answer:
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    body = response.content
    start = body.rfind(_EXECUTION)
    if start < 0:
        return Answer(response.status_code, headers, body, planned=False)
    # Text can't look like this: its quotes are escaped. What follows must be the last member, so that it can be cut
    # off.
    shown = json.loads(b"{" + body[start + 1 :])
    assert list(shown) == ["extensions"]
    return Answer(response.status_code, headers, body[:start] + b"}", shown["extensions"]["execution"]["planned"])


def _difference(request: Request, expected: Answer, actual: Answer) -> str:
    """What is needed to see it: the request, and both answers near the first byte that differs."""
    shortest = min(len(expected.body), len(actual.body))
    place = next((at for at in range(shortest) if expected.body[at] != actual.body[at]), shortest)
    near = slice(max(0, place - 200), place + 200)
    headers = [f"{answer.headers}" if expected.headers != actual.headers else "" for answer in (expected, actual)]
    return (
        f"\n{request.query}\nvariables: {json.dumps(request.variables)}\noperation: {request.operation_name}"
        f"\nfield by field: {expected.status} {headers[0]} {expected.body[near]!r}"
        f"\nplanned: {actual.status} {headers[1]} {actual.body[near]!r}"
        f"\nfrom byte {near.start} on; the first that differs is {place}"
    )
