"""Fixtures that every test shares: a real PostgreSQL, migrated, reached as its owner and as the service's role."""

import asyncio
import gc
import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import is_hypothesis_test
from sqlalchemy.ext.asyncio import AsyncEngine
from xdist.remote import Producer
from xdist.workermanage import WorkerController

from app.db.dsn import parse
from app.db.embedded import EmbeddedServer
from app.db.migrate import upgrade
from app.db.rate_limited_log import RateLimitedLog
from app.settings import Settings
from app.web import causes, log_lines
from tests.support.database_fixtures import database, owner_dsn, owner_engine, service_dsn, service_engine
from tests.support.databases import new_database
from tests.support.left_behind import changes, process_state
from tests.support.records import Records, delete_endpoints, new_company
from tests.support.seeds import SEED, chance_of, load_profile
from tests.support.workers import Handout, longest_first, needs_no_server, usual_processes

__all__ = ["database", "owner_dsn", "owner_engine", "service_dsn", "service_engine"]

_said_as_text: list[str] = []
"""Types of the values that this test's log lines could only hold as text, because JSON has no such type."""

_found: dict[str, object] = {}
"""The state of the process before the first test."""
_told: dict[str, object] = {}
"""What tests have left behind, and were told."""


def _noted(value: object, as_text: Callable[[object], str] = log_lines.as_text) -> str:
    _said_as_text.append(f"{type(value).__module__}.{type(value).__qualname__}")
    return as_text(value)


log_lines.as_text = _noted
# Until the tests are collected nearly everything is kept, and the collector would look through it again and again.
gc.disable()
pytest_plugins = ["tests.support.conformance_page"]
_WITHOUT_SERVER = "--without-server"
_SLOW = "--slow"
_YOUNG = 20_000
"""Number of new objects after which the garbage collector looks at them."""
_SERVER_DSN = os.environ.get("DATABASE_URL")
# No test may depend on the settings of the machine that it runs on.
for _name in Settings.model_fields:
    os.environ.pop(_name.upper(), None)
load_profile()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of `make check`."""
    parser.addoption(
        _WITHOUT_SERVER, action="store_true", help="run only tests that start no PostgreSQL, command or other program"
    )
    parser.addoption(_SLOW, action="store_true", help="run the slow tests too, such as those of tests/pressure")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give Hypothesis the seed before it reads its own option."""
    if SEED is not None:
        config.option.hypothesis_seed = SEED


def pytest_report_header() -> str:
    """Say which examples randomized tests draw."""
    return f"randomized tests: {'the same examples in every run' if SEED is None else f'SEED={SEED} repeats this run'}"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Handout:
    """Distribute the tests as tests/support/workers.py does; pytest calls this only with `-n`."""
    return Handout(config, log)


def pytest_xdist_auto_num_workers() -> int:
    """Return the number of processes of `-n auto`; pytest calls this only with it."""
    return usual_processes()


def pytest_configure_node(node: WorkerController) -> None:
    """Pass the URL of the server to a process: it was removed from the environment."""
    node.workerinput["server_dsn"] = _SERVER_DSN  # pyright: ignore[reportUnknownMemberType] - xdist leaves it open


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests that need a browser or draw examples, leave out what the options exclude, and sort a parallel run.

    It runs first, so that `-m "not browser"` finds the marks.
    """
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "browser" in fixtures:
            item.add_marker(pytest.mark.browser)
        if "chance" in fixtures or is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker(pytest.mark.randomized)
    left_out = {
        item
        for item in items
        if (config.getoption(_WITHOUT_SERVER) and not needs_no_server(item))
        or (item.get_closest_marker("slow") and not config.getoption(_SLOW))
    }
    if left_out:
        config.hook.pytest_deselected(items=[*left_out])
        items[:] = [item for item in items if item not in left_out]
    if hasattr(config, "workerinput"):
        longest_first(items)


def pytest_collection_finish() -> None:
    """Note the state of the process, and exclude tests and modules from garbage collection: there are thousands, and
    they live to the end.

    With the usual thresholds, collecting what tests leave behind takes a tenth of the time.
    """
    _found.update(process_state())
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that logged a value without a JSON type, such as one of the driver's, unless it is marked."""
    _said_as_text.clear()
    result = yield
    if _said_as_text and item.get_closest_marker("logs_odd_values") is None:
        pytest.fail(f"Log lines held values that JSON can't say, of the types {sorted(set(_said_as_text))}.")
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Fail the last test of a folder, before those of another one, if the process isn't as the first one found it."""
    result = yield
    if nextitem is None or nextitem.path.parent != item.path.parent:
        left = {name: both for name, both in changes(_found, process_state()).items() if _told.get(name) != both}
        # Told once, by the folder that did it.
        _told.update(left)
        assert not left, f"Tests of {item.path.parent.name} change what later tests see: {left}"
    return result


@pytest.fixture(autouse=True)
def causes_of_this_test(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Have each test see the causes of its own rejections: none that an earlier test left for a later line, and each
    of them, though an earlier test met the same one."""
    told = RateLimitedLog(causes._write)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(causes, "_lines", told)
    yield
    told.flush()


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Random:
    """What a randomized test draws from, unless Hypothesis draws for it."""
    return chance_of(request.node.nodeid)


@pytest.fixture(scope="session")
def server_dsn(pytestconfig: pytest.Config) -> Generator[str]:
    """URL of the PostgreSQL of this run, with a role that may create databases and roles."""
    given: str | None = getattr(pytestconfig, "workerinput", {}).get("server_dsn", _SERVER_DSN)
    if given is not None:
        yield given
        return
    with (
        tempfile.TemporaryDirectory(prefix="customer-gateway-") as folder,
        EmbeddedServer(Path(folder) / "data", durable=False) as server,
    ):
        yield server.dsn()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(server_dsn: str) -> AsyncGenerator[str]:
    """Name of a migrated database to copy: migrating another one takes ten times as long."""
    async with new_database(server_dsn) as dsn:
        await asyncio.to_thread(upgrade, dsn)
        yield parse(dsn).database


@pytest_asyncio.fixture(loop_scope="session")
async def empty_dsn(server_dsn: str) -> AsyncGenerator[str]:
    """URL of an empty database for one test, with its owner."""
    async with new_database(server_dsn) as dsn:
        yield dsn


@pytest_asyncio.fixture(loop_scope="session")
async def migrated_dsn(server_dsn: str, template: str) -> AsyncGenerator[str]:
    """URL of a migrated database for one test, with its owner."""
    async with new_database(server_dsn, template) as dsn:
        yield dsn


@pytest_asyncio.fixture(loop_scope="session")
async def company(owner_engine: AsyncEngine) -> AsyncGenerator[UUID]:
    """A new company without rows; a company for each test keeps tests independent.

    Its webhook endpoints are deleted at the end: services that later tests start would send to those that are due.
    """
    company_id = await new_company(owner_engine, time_zone="Europe/Copenhagen")
    yield company_id
    await delete_endpoints(owner_engine, company_id)


@pytest.fixture
def records(owner_engine: AsyncEngine, company: UUID) -> Records:
    """Writes rows of the test's own company."""
    return Records(owner_engine, company)
