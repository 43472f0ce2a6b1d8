"""Fixtures for third-party programs: the service, and programs from npm and PyPI."""

from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio

from app.db.seed import seed
from tests.conformance.python.environment import Environment, installed
from tests.support.databases import new_database, same_database
from tests.support.node import NodePackages, node_packages
from tests.support.seeded import Seeded, Service, serving

NPM = Path(__file__).parent / "npm"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def seeded(server_dsn: str, template: str, service_dsn: str) -> AsyncGenerator[Seeded]:
    """Demo data of two companies that differ little."""
    async with new_database(server_dsn, template) as dsn:
        report = await seed(dsn, companies=2, customers=40, progress=lambda _done, _total: None)
        yield Seeded(same_database(service_dsn, dsn), report.companies)


@pytest.fixture(scope="session")
def service(seeded: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """The service on the demo data."""
    with serving(seeded, tmp_path_factory.mktemp("conformance"), METRICS="true") as started:
        yield started


@pytest.fixture(scope="session")
def npm() -> NodePackages:
    """The programs from npm as the lock file has them."""
    return node_packages(NPM, "the proofs with programs from npm")


@pytest.fixture(scope="session")
def environment() -> Environment:
    """The programs from PyPI, whose dependencies differ from the service's."""
    return installed()


@pytest.fixture
def workshop(npm: NodePackages) -> Generator[Callable[[str], Path]]:
    """Copies a folder of sources for programs that write beside them; the packages are found from there."""
    with TemporaryDirectory(prefix=".run-", dir=npm.folder) as folder:
        yield lambda name: Path(copytree(npm.folder / name, Path(folder) / name))
