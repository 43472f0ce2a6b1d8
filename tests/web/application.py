"""A client of the whole application, without a database."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from httpx import ASGITransport, AsyncClient

from app.settings import Settings
from app.web.application import create_app
from tests.support.lifespan import lifespan_of

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"


@asynccontextmanager
async def client_of(
    headers: Mapping[str, str] | None = None, make_token: Callable[[], str] | None = None, **settings: Any
) -> AsyncGenerator[AsyncClient]:
    """A client of the started application with these settings."""
    app = create_app(Settings.model_validate({"database_url": AWAY, **settings}), make_token)
    async with (
        lifespan_of(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://service.test", headers=headers) as client,
    ):
        yield client
