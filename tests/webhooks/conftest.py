"""Fixtures: a receiver of webhooks, and a client that may reach it."""

import ssl
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.services.recent_lists import RecentLists
from app.settings import Settings
from app.web.engine import contexts_of, engine_of, planner_of
from app.web.webhooks import deliveries_of
from app.webhooks.client import Client
from app.webhooks.deliveries import Deliveries
from app.webhooks.network import PublicNetwork
from tests.support.certificates import Authority
from tests.support.database_fixtures import database, owner_dsn, owner_engine, service_dsn, service_engine
from tests.support.databases import execute
from tests.support.receiver import Receiver, receiving
from tests.support.records import new_company
from tests.support.trust import TRUST
from tests.support.webhook_endpoints import Endpoints, NewSender

__all__ = ["database", "owner_dsn", "owner_engine", "service_dsn", "service_engine"]

_SETTINGS = {"webhooks_allow_private": True, "webhooks_allow_http": True, "webhook_timeout_seconds": 10}


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncGenerator[Receiver]:
    """A receiver without TLS."""
    async with receiving() as started:
        yield started


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that signed the receivers' certificates."""
    return Authority.make(tmp_path_factory.mktemp("authority") / "authority.crt")


@pytest.fixture(scope="session")
def trust(authority: Authority) -> ssl.SSLContext:
    """The trust of a client in that authority alone."""
    return ssl.create_default_context(cafile=authority.file)


@pytest_asyncio.fixture(loop_scope="session")
async def secure_receiver(authority: Authority, tmp_path: Path) -> AsyncGenerator[Receiver]:
    """A receiver with a certificate for `localhost`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("localhost", tmp_path))
    async with receiving(context) as started:
        yield started


@pytest.fixture
def client() -> Client:
    """A client that may reach receivers on this machine, without TLS."""
    return Client(PublicNetwork(allows_private=True), seconds=10, allows_http=True, trust=TRUST)


@pytest.fixture
def impatient() -> Client:
    """The same, which waits for half a second at most."""
    return Client(PublicNetwork(allows_private=True), seconds=0.5, allows_http=True, trust=TRUST)


@pytest_asyncio.fixture(loop_scope="session")
async def endpoints(owner_engine: AsyncEngine, owner_dsn: str, company: UUID) -> AsyncGenerator[Endpoints]:
    """Writes endpoints of the test's company. They are deleted at the end."""
    yield Endpoints(owner_engine, company)
    await execute(owner_dsn, "DELETE FROM webhook_endpoints")


@pytest_asyncio.fixture(loop_scope="session")
async def other_company(owner_engine: AsyncEngine) -> UUID:
    """Another company."""
    return await new_company(owner_engine)


@pytest_asyncio.fixture(loop_scope="session")
async def other_receiver() -> AsyncGenerator[Receiver]:
    """Another receiver."""
    async with receiving() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def new_sender(database: Database) -> AsyncGenerator[NewSender]:
    """Makes senders that may reach receivers on this machine. They are closed at the end."""
    engine, started = engine_of(Settings(), planner_of(Settings())), list[Deliveries]()

    def make(database: Database = database, **given: Any) -> Deliveries:
        settings = Settings.model_validate({**_SETTINGS, **given})
        contexts = contexts_of(settings, database, RecentLists(seconds=0, size=0), engine)
        started.append(deliveries_of(settings, database, engine, contexts))
        return started[-1]

    yield make
    for sender in started:
        await sender.aclose()
