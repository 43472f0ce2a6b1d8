"""The whole application over a database, with the log and the metrics of production, and a client with a credential."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from httpx import ASGITransport, AsyncClient

from app.domain.identity import Scope
from app.settings import Settings
from app.web.application import create_app
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from tests.support.lifespan import lifespan_of


def headers_of(keys: DevelopmentKeys, company_id: UUID, scopes: Iterable[Scope] = tuple(Scope)) -> dict[str, str]:
    """Return the headers of a company's caller."""
    token = keys.mint(company_id, scopes, "tester", timedelta(hours=1))
    return {"authorization": f"Bearer {token}", "accept": "application/graphql-response+json"}


def settings_of(dsn: str, keys: DevelopmentKeys, **more: Any) -> dict[str, Any]:
    """Return the settings of a service that accepts tokens signed with these keys."""
    return {
        "database_url": dsn,
        "jwt_issuer": ISSUER,
        "jwt_audience": AUDIENCE,
        "jwt_public_key_file": keys.public_key_file,
        "metrics": True,
        **more,
    }


@asynccontextmanager
async def started(settings: dict[str, Any], headers: dict[str, str]) -> AsyncGenerator[AsyncClient]:
    """Start the application with these settings and yield a client."""
    app = create_app(Settings.model_validate(settings))
    async with (
        lifespan_of(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://service.test", headers=headers) as client,
    ):
        yield client
