"""Fixtures: the example as its users build it, the service that it calls, and a browser."""

from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from app.db.seed import seed
from tests.frontends.pages import EXAMPLE, pages
from tests.support.browser import chromium, new_context
from tests.support.databases import new_database, same_database
from tests.support.node import NodePackages, node_packages
from tests.support.seeded import Seeded, Service, serving


@pytest.fixture(scope="session")
def npm() -> NodePackages:
    """The example's packages as the lock file has them, its types generated and checked."""
    packages = node_packages(EXAMPLE, "the example for frontends")
    packages.run(packages.program("graphql-codegen"), "--config", "codegen.ts")
    packages.run(packages.program("tsc"))
    return packages


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the built application."""
    return tmp_path_factory.mktemp("application")


@pytest.fixture(scope="session")
def origin(folder: Path) -> Generator[str]:
    """Origin of the application, which the service permits."""
    with pages(folder) as address:
        yield address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service(
    npm: NodePackages,
    origin: str,
    folder: Path,
    server_dsn: str,
    template: str,
    service_dsn: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[Service]:
    """The service with demo data, and the application built for it."""
    async with new_database(server_dsn, template) as dsn:
        report = await seed(dsn, companies=1, customers=40, progress=lambda _done, _total: None)
        seeded = Seeded(same_database(service_dsn, dsn), report.companies)
        settings = {"CORS_ALLOWED_ORIGINS": f'["{origin}"]', "JWT_LEEWAY_SECONDS": "0"}
        with serving(seeded, tmp_path_factory.mktemp("frontends"), **settings) as started:
            environment = {"VITE_GATEWAY_URL": started.url}
            options = ("--outDir", folder, "--emptyOutDir", "--logLevel", "warn")
            npm.run(npm.program("vite"), "build", *options, environment=environment)
            yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Chromium without a window."""
    async with chromium("the example for frontends was") as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncGenerator[Page]:
    """A page in a new browser profile; errors that the page does not handle fail the test."""
    context = await new_context(browser)
    opened = await context.new_page()
    unhandled: list[str] = []
    remember: Callable[[Any], None] = lambda error: unhandled.append(str(error))  # noqa: E731 - typed
    opened.on("pageerror", remember)
    yield opened
    await context.close()
    assert unhandled == []
