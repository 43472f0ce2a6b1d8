"""The service under load while its database stops and comes back: clean coded answers, and no restart."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn

from app.db.database import Database
from app.db.embedded import EmbeddedServer
from app.db.migrate import upgrade
from app.db.roles import make_login_role
from app.domain.identity import Scope
from app.settings import Settings
from app.web.application import create_app
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from tests.support.databases import as_role
from tests.support.logging_state import logging_restored
from tests.support.records import Records, new_company
from tests.support.trust import TRUST

CLIENTS = 8
POOL = 3
PATIENCE_SECONDS = 15
"""How long the service may take to notice that the database is back."""
QUERY = (
    "{ customers(first: 5, where: {isActive: true}) { totalCount nodes { name group { name } contacts { name } } } }"
)
CUSTOMERS = 3
Kind = tuple[int, str | None]
"""A status, and the code of the first error."""


@dataclass(slots=True)
class Answers:
    """What the clients were told."""

    seen: Counter[Kind] = field(default_factory=Counter[Kind])
    without_retry_after: int = 0
    slowest: float = 0
    odd: list[str] = field(default_factory=list[str])


@pytest.fixture
def server() -> Generator[EmbeddedServer]:
    """A server of the test's own."""
    with (
        TemporaryDirectory(prefix="customer-gateway-") as folder,
        EmbeddedServer(Path(folder) / "data", durable=False) as server,
    ):
        yield server


@pytest.fixture(autouse=True)
def _logging_restored() -> Generator[None]:
    with logging_restored():
        yield


async def prepared(dsn: str) -> UUID:
    """Migrate, make the role that serves, and write a few customers."""
    await asyncio.to_thread(upgrade, dsn)
    await make_login_role(dsn, "serving", None)
    owner = Database(dsn, pool_size=1, pool_timeout_seconds=5, statement_timeout_seconds=30)
    company_id = await new_company(owner.engine)
    records = Records(owner.engine, company_id)
    for _ in range(CUSTOMERS):
        await records.contact(await records.customer())
    await owner.dispose()
    return company_id


@asynccontextmanager
async def served(dsn: str, keys: DevelopmentKeys) -> AsyncGenerator[str]:
    """The application behind a real socket; yields its URL."""
    settings = Settings.model_validate(
        {
            "database_url": dsn,
            "database_pool_size": POOL,
            "database_pool_timeout_seconds": 1,
            "jwt_issuer": ISSUER,
            "jwt_audience": AUDIENCE,
            "jwt_public_key_file": keys.public_key_file,
            "metrics": True,
        }
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(settings), log_config=None, access_log=False, lifespan="on")
        running = uvicorn.Server(config)
        task = asyncio.create_task(running.serve(sockets=[listening]))
        await until(lambda: running.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        running.should_exit = True
        await task


async def client_until(ended: asyncio.Event, url: str, token: str, answers: Answers) -> None:
    """One client that asks again and again."""
    headers = {"authorization": f"Bearer {token}", "accept": "application/graphql-response+json"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=10, verify=TRUST) as client:
        while not ended.is_set():
            started = time.monotonic()
            response = await client.post("/graphql", json={"query": QUERY})
            answers.slowest = max(answers.slowest, time.monotonic() - started)
            body = response.json()
            codes = [error["extensions"]["code"] for error in body.get("errors", ())]
            answers.seen[response.status_code, codes[0] if codes else None] += 1
            if response.status_code == 200 and body["data"]["customers"]["totalCount"] != CUSTOMERS:
                answers.odd.append(response.text)
            if response.status_code != 200:
                answers.without_retry_after += "retry-after" not in response.headers
                await asyncio.sleep(0.02)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, within the patience of the test."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - what is waited for happens elsewhere and tells nobody
            await asyncio.sleep(0.02)


async def until_more(answers: Answers, kind: Kind, count: int) -> None:
    """Wait until that many more answers of a kind were given."""
    wanted = answers.seen[kind] + count
    await until(lambda: answers.seen[kind] >= wanted)


async def until_ready(client: httpx.AsyncClient) -> None:
    """Wait until the service says that it is ready."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - as a load balancer asks
            await asyncio.sleep(0.05)


async def test_an_outage_under_load_gives_coded_answers_and_the_service_heals_by_itself(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    company_id = await prepared(server.dsn())
    keys = DevelopmentKeys(tmp_path)
    token = keys.mint(company_id, [Scope.CUSTOMERS_READ], "load", timedelta(minutes=5))
    answers, ended = Answers(), asyncio.Event()
    fine, away = (200, None), (503, "SERVICE_UNAVAILABLE")

    async with (
        served(as_role(server.dsn(), "serving"), keys) as url,
        httpx.AsyncClient(base_url=url, timeout=10, verify=TRUST) as prober,
        asyncio.TaskGroup() as clients,
    ):
        for _ in range(CLIENTS):
            clients.create_task(client_until(ended, url, token, answers))
        await until_more(answers, fine, 40)
        assert answers.seen.keys() == {fine}

        await asyncio.to_thread(server.stop)
        await until_more(answers, away, 40)
        assert (await prober.get("/livez")).status_code == 200
        assert (await prober.get("/readyz")).status_code == 503

        await asyncio.to_thread(server.start)
        await until_ready(prober)
        await until_more(answers, fine, 40)
        before = answers.seen[away]
        await until_more(answers, fine, 100)
        assert answers.seen[away] == before
        ended.set()

    assert answers.seen.keys() == {fine, away}, answers.seen
    assert answers.odd == []
    assert answers.without_retry_after == 0
    assert answers.slowest < 5


async def test_a_service_that_starts_before_its_database_is_ready_as_soon_as_it_comes(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    await prepared(server.dsn())
    dsn, keys = as_role(server.dsn(), "serving"), DevelopmentKeys(tmp_path)
    await asyncio.to_thread(server.stop)
    token = keys.mint(uuid4(), [Scope.CUSTOMERS_READ], "early", timedelta(minutes=5))

    async with served(dsn, keys) as url, httpx.AsyncClient(base_url=url, timeout=10, verify=TRUST) as client:
        assert (await client.get("/readyz")).status_code == 503
        refused = await client.post("/graphql", json={"query": QUERY}, headers={"authorization": f"Bearer {token}"})
        assert refused.status_code == 503
        await asyncio.to_thread(server.start)
        await until_ready(client)
