"""Fixtures: a receiver of webhooks, and a client that may reach it."""

import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from app.webhooks.client import Client
from app.webhooks.network import PublicNetwork
from tests.support.certificates import Authority
from tests.support.receiver import Receiver, receiving
from tests.support.trust import TRUST


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
    """A client that may reach receivers on this machine, without TLS, and waits half a second at most."""
    return Client(PublicNetwork(allows_private=True), seconds=0.5, allows_http=True, trust=TRUST)
