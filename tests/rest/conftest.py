"""Fixtures for REST: the whole application, and callers with credentials of companies."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from app.settings import Settings
from app.web.application import create_app
from app.web.development import DevelopmentKeys
from tests.rest.calling import Calls, Service
from tests.rest.streaming import Serve, Streams, served_streams
from tests.support.lifespan import lifespan_of
from tests.support.logging_state import logging_restored
from tests.support.started import settings_of


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service(service_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Service]:
    """The started application, with lists that are always fresh."""
    keys = DevelopmentKeys(Path(tmp_path_factory.mktemp("keys")))
    app = create_app(Settings.model_validate(settings_of(service_dsn, keys, list_cache_seconds=0)))
    with logging_restored():
        async with lifespan_of(app):
            yield Service(app, keys)


@pytest_asyncio.fixture(loop_scope="session")
async def calls(service: Service, company: UUID) -> AsyncGenerator[Calls]:
    """A caller of the test's company with all scopes."""
    async with service.calls(company) as calls:
        yield calls


@pytest.fixture
def serve(service_dsn: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Serve:
    """Serve the application over real connections, with these settings and lists that are always fresh."""

    def serve_(grace_seconds: float = 1, **settings: Any) -> AbstractAsyncContextManager[Streams]:
        keys = DevelopmentKeys(tmp_path / "keys")
        all_settings = settings_of(service_dsn, keys, **{"list_cache_seconds": 0, **settings})
        return served_streams(all_settings, keys, capfd, grace_seconds)

    return serve_
