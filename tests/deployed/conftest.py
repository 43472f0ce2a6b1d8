"""The deployment of docker-compose.yml on this machine: its image, its PostgreSQL, its commands and its services."""

import secrets
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio

from tests.deployed.deployment import KEY, NUMBERS, Deployment, loopback_address
from tests.deployed.image import build_wheel, install
from tests.deployed.sandbox import Sandbox, require_sandbox
from tests.deployed.server import postgres_with_tls, require_server
from tests.support.issuer import AUDIENCE, NAME, Issuer, public_jwk


@pytest.fixture(scope="session")
def issuer() -> Generator[Issuer]:
    """An identity provider that publishes its keys over HTTP."""
    issuer = Issuer(public_jwk(KEY, "deployed"))
    yield issuer
    issuer.leave()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is published."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path) -> Generator[Path]:
    """The image's environment."""
    require_sandbox()
    require_server()
    with TemporaryDirectory(prefix="customer-gateway-") as folder:
        yield install(wheel, Path(folder) / "service")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def deployment(installed: Path, issuer: Issuer) -> AsyncGenerator[Deployment]:
    """A deployment whose database was not migrated yet."""
    address = loopback_address(next(NUMBERS))
    passwords = {"POSTGRES_PASSWORD": secrets.token_hex(16), "SERVICE_PASSWORD": secrets.token_hex(16)}
    with TemporaryDirectory(prefix="customer-gateway-") as path:
        folder = Path(path)
        password, database = passwords["POSTGRES_PASSWORD"], "CREATE DATABASE customer_gateway"
        async with postgres_with_tls(folder, "postgres", address, password, database):
            sandbox = Sandbox(installed, {"localhost": "127.0.0.1", "postgres": address}, folder)
            tokens = {"JWT_JWKS_URL": issuer.url, "JWT_ISSUER": NAME, "JWT_AUDIENCE": AUDIENCE}
            yield Deployment(sandbox, {**passwords, **tokens}, folder)


@pytest.fixture(scope="session")
def migrated(deployment: Deployment) -> str:
    """What `migrate` said of an empty database."""
    code, printed, _ = deployment.attempt("migrate")
    assert code == 0, printed
    return printed
