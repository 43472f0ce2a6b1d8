"""Requests that end early or fail: deadlines, clients that leave, shutdown, a database that is away, and failures."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from app.db.api_keys import PREFIX
from app.domain.identity import Scope
from app.settings import Settings
from app.web.application import create_app
from app.web.development import DevelopmentKeys
from app.web.running import Runner
from tests.rest.calling import Calls, Service, error_of
from tests.support.lifespan import lifespan_of
from tests.support.listening import Reply, listening, wired
from tests.support.records import Records
from tests.support.started import headers_of, settings_of, started
from tests.support.until import until


@asynccontextmanager
async def locked(engine: AsyncEngine) -> AsyncGenerator[None]:
    """Make everything wait that reads or writes customers."""
    async with engine.begin() as connection:
        await connection.execute(text("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE"))
        yield


async def until_waiting(engine: AsyncEngine, mode: str = "granted") -> None:
    """Wait until a statement waits for customers, or until none does."""
    waiting = text("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'customers'::regclass")
    async with asyncio.timeout(10):
        while True:
            async with engine.connect() as connection:
                if bool((await connection.execute(waiting)).all()) is (mode == "granted"):
                    return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def application(dsn: str, folder: Path, **settings: object) -> AsyncGenerator[tuple[ASGIApp, DevelopmentKeys]]:
    """Start an application of the test's own."""
    keys = DevelopmentKeys(folder / "keys")
    app = create_app(Settings.model_validate(settings_of(dsn, keys, **settings)))
    async with lifespan_of(app):
        yield app, keys


def request_of(keys: DevelopmentKeys, company: UUID, method: str, path: str, body: bytes = b"") -> bytes:
    """A request in bytes."""
    fields = {**headers_of(keys, company), "accept": "*/*", "host": "localhost", "x-request-id": "r-1"}
    if body:
        fields |= {"content-type": "application/json", "content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def test_an_endpoint_beyond_the_limits_of_the_service_says_whom_to_tell(
    service_dsn: str, company: UUID, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        application(service_dsn, tmp_path, max_fields=20) as (app, keys),
        Service(app, keys).calls(company) as calls,
    ):
        answer = await calls.get("/v1/customers")
    error = error_of(answer, 500, "INTERNAL_SERVER_ERROR")
    assert error["message"].endswith("tell its operator to raise them.")
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("method", "content"), [("GET", None), ("PATCH", b'{"name": "New"}')])
async def test_what_takes_too_long_is_stopped_and_a_504(
    service_dsn: str,
    owner_engine: AsyncEngine,
    records: Records,
    company: UUID,
    tmp_path: Path,
    method: str,
    content: bytes | None,
) -> None:
    path = f"/v1/customers/{await records.customer()}"
    async with application(service_dsn, tmp_path, request_timeout_seconds=0.3) as (app, keys):
        headers = {**headers_of(keys, company), "accept": "*/*", "content-type": "application/json"}
        transport = ASGITransport(app)
        async with (
            AsyncClient(transport=transport, base_url="http://service.test", headers=headers) as client,
            locked(owner_engine),
        ):
            answer = await client.request(method, path, content=content)

    error_of(answer, 504, "TIMEOUT")


async def test_answers_without_a_body_leave_the_connection_to_the_next_one(
    service_dsn: str, records: Records, company: UUID, tmp_path: Path
) -> None:
    path = f"/v1/customers/{await records.customer(name='Nordlys')}"
    async with application(service_dsn, tmp_path) as (app, keys), listening(app) as port:
        headers = {**headers_of(keys, company, [Scope.CUSTOMERS_READ]), "accept": "*/*"}
        writer = headers_of(keys, company, [Scope.CUSTOMERS_WRITE]) | {"accept": "*/*"}
        async with AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
            answers = [
                await client.head(path),
                await client.get(path, headers={"if-none-match": "*"}),
                await client.patch(path, json={"name": "Nordlys"}, headers=writer),
                await client.head("/v1/customers?limit=1"),
                await client.get(path),
            ]

    assert [(answer.status_code, len(answer.content) > 0) for answer in answers] == [
        (200, False),
        (304, False),
        (204, False),
        (200, False),
        (200, True),
    ]
    assert len({id(answer.extensions["network_stream"]) for answer in answers}) == 1
    assert answers[0].headers["content-length"] == answers[4].headers["content-length"]


async def test_a_client_that_leaves_ends_its_read_and_is_logged(
    service_dsn: str, owner_engine: AsyncEngine, records: Records, company: UUID, tmp_path: Path
) -> None:
    path = f"/v1/customers/{await records.customer()}"
    async with application(service_dsn, tmp_path, log_format="console") as (app, keys), listening(app) as port:
        with capture_logs() as lines:
            async with locked(owner_engine), wired(port) as wire:
                await wire.send(request_of(keys, company, "GET", path))
                await until_waiting(owner_engine)
                wire.reset()
                await until_waiting(owner_engine, "none")
            await until(lambda: any(line["event"] == "operation" for line in lines))

    (line,) = [line for line in lines if line["event"] == "operation"]
    assert (line["status"], line["codes"], line["name"]) == (499, ("CLIENT_CLOSED_REQUEST",), "RestGetCustomer")


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("PATCH", b'{"name": "New"}')])
async def test_a_request_that_runs_when_the_service_ends_is_a_503(
    service_dsn: str,
    owner_engine: AsyncEngine,
    records: Records,
    company: UUID,
    tmp_path: Path,
    method: str,
    body: bytes,
) -> None:
    path = f"/v1/customers/{await records.customer()}"
    async with application(service_dsn, tmp_path) as (app, keys), locked(owner_engine):
        answer = await _answer_at_the_end(app, owner_engine, request_of(keys, company, method, path, body))

    assert (answer.status, answer.json()["statusCode"], answer.json()["code"]) == (503, 503, "SERVICE_UNAVAILABLE")
    assert answer.headers["retry-after"]


async def _answer_at_the_end(app: ASGIApp, engine: AsyncEngine, sent: bytes) -> Reply:
    async with listening(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        await until_waiting(engine)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    status, *lines = head.decode().split("\r\n")
    return Reply(int(status.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body)


async def test_without_the_database_a_request_is_a_503_that_says_when_to_come_back() -> None:
    settings = {"database_url": "postgresql://nobody@127.0.0.1:1/nothing"}
    async with started(settings, {"x-api-key": f"{PREFIX}{'x' * 43}"}) as client:
        answer = await client.get(f"/v1/customers/{uuid4()}")

    assert answer.headers["retry-after"] == "2"
    error_of(answer, 503, "SERVICE_UNAVAILABLE")


async def test_a_failure_is_masked_and_has_the_id_of_the_request(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        msg = "secret"
        raise RuntimeError(msg)

    monkeypatch.setattr(Runner, "run", fail)
    answer = await calls.get(f"/v1/customers/{uuid4()}", headers={"x-request-id": "r-1"})

    assert error_of(answer, 500, "INTERNAL_SERVER_ERROR")["details"] == {"requestId": "r-1"}
    assert "r-1" in answer.json()["message"]
    assert "secret" not in answer.text


async def test_a_huge_body_is_read_in_its_turn(calls: Calls, records: Records) -> None:
    transitions = [{"subscriptionId": str(uuid4())} for _ in range(2_000)]
    body = json.dumps({"subscriptionTransitions": transitions}).encode()
    assert len(body) > 65_536
    answer = await calls.patch(
        f"/v1/customers/{await records.customer()}", content=body, headers={"content-type": "application/json"}
    )

    error_of(answer, 422, "SUBSCRIPTION_TRANSITIONS_NOT_ALLOWED")
