"""Fixtures for REST: the whole application, and callers with credentials of companies."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from app.db import customer_writes
from app.domain.identity import Scope
from app.settings import Settings
from app.web.application import create_app
from app.web.connections import ConnectionLimits
from app.web.development import DevelopmentKeys
from tests.rest.calling import Calls, Service
from tests.rest.streaming import Serve, Streams, served_streams
from tests.support.clock import DatabaseClock
from tests.support.lifespan import lifespan_of
from tests.support.rest import RestCaller, RestService, rest_service
from tests.support.started import settings_of


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def service(service_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Service]:
    """The started application, with lists that are always fresh. It ends before tests of other folders, which would see
    its logging, and whose events would get positions from it."""
    keys = DevelopmentKeys(Path(tmp_path_factory.mktemp("keys")))
    app = create_app(Settings.model_validate(settings_of(service_dsn, keys, list_cache_seconds=0)))
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

    def serve_(
        grace_seconds: float = 1, limits: ConnectionLimits | None = None, **settings: Any
    ) -> AbstractAsyncContextManager[Streams]:
        keys = DevelopmentKeys(tmp_path / "keys")
        all_settings = settings_of(service_dsn, keys, **{"list_cache_seconds": 0, **settings})
        return served_streams(all_settings, keys, capfd, grace_seconds, limits)

    return serve_


@pytest.fixture(scope="package")
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentKeys:
    """Keys that sign the tokens of callers."""
    return DevelopmentKeys(Path(tmp_path_factory.mktemp("keys")))


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def production(service_dsn: str, signing_keys: DevelopmentKeys) -> AsyncGenerator[RestService]:
    """The application with the defaults of production, such as lists that may be five seconds old. It ends before tests
    of other folders, as `service` does."""
    async with rest_service(service_dsn, signing_keys) as service:
        yield service


@pytest.fixture
def rest(production: RestService, company: UUID) -> RestCaller:
    """A caller of the test's own company with all scopes."""
    return production.caller(company, *Scope)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> DatabaseClock:
    """The day of changes: 19 June 2026."""
    clock = DatabaseClock()
    monkeypatch.setattr(customer_writes, "clock", clock)
    return clock
