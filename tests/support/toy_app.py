"""The toy schema behind the real HTTP layer: no database, and a credential that is one word."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID

from httpx import ASGITransport, AsyncClient

from app.domain.identity import Principal, Scope
from app.engine.execution import Engine
from app.web.credential_errors import CredentialCode, Unauthenticated
from app.web.envelope import Envelope
from app.web.explorer import explorer_page
from app.web.graphql_http import GraphQLEndpoint
from app.web.request_log import OperationLog
from app.web.running import Runner
from tests.support.toy import ToyContext, toy_engine

COMPANY = UUID("0198c2f0-0000-7000-8000-000000000001")
CREDENTIAL = {"authorization": "Bearer good"}
GRAPHQL = "application/graphql-response+json"
MAX_BODY_BYTES = 20_000

Opener = Callable[[Principal], AbstractAsyncContextManager[ToyContext]]


async def authenticate(headers: Mapping[str, str]) -> Principal:
    """Accept only the known credential."""
    if headers.get("authorization") != CREDENTIAL["authorization"]:
        raise Unauthenticated(CredentialCode.UNAUTHENTICATED, "Send a token.")
    return Principal(COMPANY, "tester", frozenset(Scope), None)


def opening(context: ToyContext) -> Opener:
    """Return a factory of contexts that always opens this one."""

    @asynccontextmanager
    async def open_context(principal: Principal) -> AsyncGenerator[ToyContext]:
        context.subject = principal.subject
        try:
            yield context
        finally:
            context.finished.append("closed")

    return open_context


def toy_app(
    *,
    opener: Opener | None = None,
    engine: Engine | None = None,
    timeout_seconds: float = 5,
    explorer: bool = False,
    log: OperationLog | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> Envelope:
    """Return the endpoint with its envelope."""
    endpoint = GraphQLEndpoint(
        Runner(engine or toy_engine(), opener or opening(ToyContext()), timeout_seconds=timeout_seconds),
        authenticate,
        log=log or OperationLog(),
        max_body_bytes=max_body_bytes,
        page=explorer_page() if explorer else None,
    )
    return Envelope(endpoint)


def client_of(app: Envelope, headers: Mapping[str, str] = CREDENTIAL) -> AsyncClient:
    """Yield a client of the application, with the credential unless other headers are given."""
    return AsyncClient(transport=ASGITransport(app), base_url="http://service.test", headers=headers)
