"""Callers of REST endpoints."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from httpx import ASGITransport, AsyncClient, Response
from starlette.types import ASGIApp

from app.domain.identity import Scope
from app.settings import Settings
from app.web.application import create_app
from app.web.development import DevelopmentKeys
from tests.support.started import settings_of

Calls = AsyncClient
"""A client with the credential of a company."""


@dataclass(frozen=True, slots=True)
class Service:
    """A started application, and the keys that sign its tokens."""

    app: ASGIApp
    keys: DevelopmentKeys

    @asynccontextmanager
    async def calls(
        self, company_id: UUID, scopes: Iterable[Scope] = tuple(Scope), transport: ASGITransport | None = None
    ) -> AsyncGenerator[Calls]:
        """Open a client with a token of a company. `transport`: what leads to the service, if not its application."""
        token = self.keys.mint(company_id, scopes, "tester", timedelta(hours=1))
        headers = {"authorization": f"Bearer {token}"}
        transport = transport or ASGITransport(self.app)
        async with AsyncClient(transport=transport, base_url="http://service.test", headers=headers) as client:
            yield client


@asynccontextmanager
async def client_of(service: Service, dsn: str, **settings: object) -> AsyncGenerator[AsyncClient]:
    """Open a client without a credential, of an application with these settings."""
    app = create_app(Settings.model_validate(settings_of(dsn, service.keys, **settings)))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://service.test") as client:
        yield client


def error_of(response: Response, status: int, code: str) -> dict[str, Any]:
    """Return the error of a response, which has this status and code and the form of all errors."""
    error = response.json()
    assert (response.status_code, error["code"]) == (status, code), error
    assert list(error) == ["statusCode", "timestamp", "path", "message", "code", "details"]
    assert error["statusCode"] == status
    assert error["path"] == response.request.url.path
    return error
