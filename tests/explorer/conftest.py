"""The bundle, a browser, and two services on the demo data: one of `dev`, one of `serve`."""

import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from app.db.seed import demo_company_id, seed
from app.domain.identity import Scope
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from app.web.explorer import BUNDLE
from tests.support.browser import chromium, kept_profile, missing, new_context
from tests.support.commands import ROOT, free_port, running, wait_for_text
from tests.support.databases import new_database, same_database
from tests.support.visit import Visit

_BUILD_SECONDS = 900
_NO_NODE = 3


@pytest.fixture(scope="session")
def page_file() -> Path:
    """The page of the explorer's bundle, built if it is missing."""
    command = [sys.executable, ROOT / "explorer" / "build.py"]
    built = subprocess.run(command, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False)
    if built.returncode == _NO_NODE:
        missing("no Node that is new enough, and no npm", "CUSTOMER_GATEWAY_REQUIRE_NODE", "the explorer was")
    assert built.returncode == 0, built.stdout + built.stderr
    return BUNDLE / "index.html"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Chromium without a window."""
    async with chromium("the explorer was") as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def page() -> AsyncGenerator[Page]:
    """The page that all visits share."""
    async with kept_profile("the explorer was") as profile:
        yield profile.pages[0]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(page: Page) -> AsyncGenerator[Visit]:
    """A page that shows nothing yet, in a browser profile that holds nothing."""
    visit = Visit(page)
    yield visit
    await visit.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def visit_alone(browser: Browser) -> AsyncGenerator[Visit]:
    """A new page in a new browser profile, for a test that changes it for good, such as its clock."""
    context = await new_context(browser)
    yield Visit(await context.new_page())
    await context.close()


@pytest.fixture(scope="session")
def keys() -> Generator[DevelopmentKeys]:
    """The keys that the tokens for `serve` are signed with."""
    with TemporaryDirectory(prefix="customer-gateway-") as folder:
        yield DevelopmentKeys(Path(folder) / "keys")


@pytest.fixture(scope="session")
def token(keys: DevelopmentKeys) -> str:
    """A token with all scopes."""
    return keys.mint(demo_company_id(), list(Scope), "tester", timedelta(hours=6))


@pytest.fixture(scope="session")
def developing(page_file: Path) -> Generator[str]:
    """The address of a service that `dev` started, where browsers on this machine are signed in."""
    assert page_file.name
    with TemporaryDirectory(prefix="customer-gateway-") as folder:
        output, port = Path(folder) / "output", free_port()
        command = ("dev", "--data-folder", Path(folder) / "dev", "--port", str(port))
        with running(*command, output=output, METRICS="true") as process:
            wait_for_text(process, output, "\ncurl ")
            yield f"http://127.0.0.1:{port}"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served_dsn(server_dsn: str, template: str) -> AsyncGenerator[str]:
    """URL of the database of `serve`, with its owner."""
    async with new_database(server_dsn, template) as dsn:
        await seed(dsn, companies=1, customers=60, seed=1, progress=lambda _done, _total: None)
        yield dsn


@pytest.fixture(scope="session")
def serving(
    page_file: Path,
    served_dsn: str,
    service_dsn: str,
    keys: DevelopmentKeys,
    tmp_path_factory: pytest.TempPathFactory,
) -> Generator[str]:
    """The address of a service that `serve` started, with the explorer turned on."""
    assert page_file.name
    output, port = tmp_path_factory.mktemp("explorer") / "output", free_port()
    environment = {
        "DATABASE_URL": same_database(service_dsn, served_dsn),
        "EXPLORER": "true",
        "METRICS": "true",
        "JWT_PUBLIC_KEY_FILE": str(keys.public_key_file),
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
    }
    with running("serve", "--port", str(port), output=output, **environment) as process:
        wait_for_text(process, output, "startup complete")
        yield f"http://127.0.0.1:{port}"
