"""Fixtures for live subscriptions: the whole application behind a socket, and clients of companies."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from app.live.live import Live
from app.settings import Settings
from app.web.application import create_app
from app.web.connections import ConnectionLimits
from app.web.development import DevelopmentKeys
from tests.live.service import Service, Start
from tests.support.database_fixtures import database, owner_dsn, owner_engine, service_dsn, service_engine
from tests.support.lifespan import lifespan_of
from tests.support.listening import listening
from tests.support.records import Records
from tests.support.started import settings_of

__all__ = ["database", "owner_dsn", "owner_engine", "service_dsn", "service_engine"]


@pytest.fixture(scope="session")
def start(service_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Starts a service with some settings."""
    keys = DevelopmentKeys(Path(tmp_path_factory.mktemp("keys")))

    @asynccontextmanager
    async def started(
        *, limits: ConnectionLimits | None = None, grace_seconds: float = 1, **settings: Any
    ) -> AsyncGenerator[Service]:
        app = create_app(Settings.model_validate(settings_of(service_dsn, keys, **settings)))
        async with lifespan_of(app), listening(app, limits=limits, grace_seconds=grace_seconds) as port:
            yield Service(f"http://127.0.0.1:{port}/graphql", keys)

    return started


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def service(start: Start) -> AsyncGenerator[Service]:
    """A service whose streams send comments each second. It ends before tests of other folders, which would see its
    logging and its jobs."""
    async with start(live_keepalive_seconds=1) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def customer_id(records: Records) -> UUID:
    """A customer of the test's company, without events."""
    return await records.customer(name="Nordlys")


@pytest.fixture
def lives(monkeypatch: pytest.MonkeyPatch) -> list[Live]:
    """The live subscriptions of the services that the test starts."""
    made: list[Live] = []
    begin = Live.__init__

    def noted(self: Live, *arguments: Any, **named: Any) -> None:
        made.append(self)
        begin(self, *arguments, **named)

    monkeypatch.setattr(Live, "__init__", noted)
    return made
