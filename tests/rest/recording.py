"""Record the answers to the examples of the OpenAPI document anew: `python -m tests.rest.recording`.

The examples are in files beside the document, one for each endpoint; this module fills in what the service answers.
An answer that differs from the recorded one only in what is different each time stays as it is.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from uuid import UUID

from httpx import ASGITransport, AsyncClient, Response
from starlette.types import ASGIApp

from app.cli.development import prepare_database
from app.db.embedded import EmbeddedServer
from app.domain.identity import Scope
from app.rest.endpoints import ENDPOINTS, Endpoint
from app.rest.openapi.examples import FOLDER, Example, examples_of
from app.rest.openapi.layout import laid_out
from app.settings import Settings
from app.web.application import create_app
from app.web.development import DevelopmentKeys
from app.web.http_rejections import MAX_HEADERS, MAX_URL_BYTES
from app.web.running import Runner
from tests.support.lifespan import lifespan_of
from tests.support.listening import wired
from tests.support.served import served
from tests.support.started import settings_of

_UNREACHABLE = "postgresql://nobody@127.0.0.1:1/nothing"
_RECORDED = ("etag", "link", "location", "retry-after", "www-authenticate")
"""The headers of answers that are recorded, those that are described."""
_SECONDS = 2
"""The time limits of requests that exceed one."""
_FAULTS: Mapping[str, dict[str, Any]] = {
    "database": {"database_url": _UNREACHABLE},
    "deadline": {"request_timeout_seconds": _SECONDS},
}
"""Settings under which the service has a fault."""


async def _never(*_arguments: object, **_named: object) -> None:
    await asyncio.Event().wait()


async def _fail(*_arguments: object, **_named: object) -> None:
    msg = "An example of a failure."
    raise RuntimeError(msg)


_RUNS: Mapping[str, Any] = {"deadline": _never, "failure": _fail}
"""How the service executes documents, where that is its fault."""
_SENT: Mapping[str, tuple[str, str]] = {
    "headers": ("", "x: y\r\n" * (MAX_HEADERS + 1) + "\r\n"),
    "slowness": ("", ""),
    "url": ("x" * MAX_URL_BYTES, ""),
}
"""What a client sends at the end of the URL and after the first headers, so that its request is rejected on the way."""
_FILLED = ("status", "answer_headers", "answer")
_CHANGING = (
    (re.compile(r'"timestamp": "[^"]+"'), '"timestamp": "…"'),
    (re.compile(r"\b[0-9a-f]{32}\b"), "…"),  # the id of a request
)
"""What is different each time, and what is compared instead."""


class Recorder:
    """Sends examples to services on the demo data, most to one that is well."""

    def __init__(self, dsn: str, keys: DevelopmentKeys, company_id: UUID) -> None:
        self._dsn = dsn
        self._keys = keys
        self._company_id = company_id

    async def answers(self) -> AsyncGenerator[tuple[Endpoint, Example, Response]]:
        """Yield the answer to each example, those that only read first."""
        endpoints = sorted(ENDPOINTS, key=lambda endpoint: endpoint.method != "GET")
        requests = [(endpoint, example) for endpoint in endpoints for example in examples_of(endpoint.document)]
        with self._served() as port:
            async with self._app("") as well:
                for endpoint, example in requests:
                    yield endpoint, example, await self._answer(well, port, endpoint.method, example)

    async def _answer(self, well: ASGIApp, port: int, method: str, example: Example) -> Response:
        if example.fault in _SENT:
            return await _rejected(port, method, example)
        if example.fault in _FAULTS:
            async with self._app(example.fault) as app:
                return await self._send(app, method, example)
        return await self._send(well, method, example)

    async def _send(self, app: ASGIApp, method: str, example: Example) -> Response:
        headers = dict(example.headers)
        if example.scopes:
            scopes = [Scope(scope) for scope in example.scopes]
            token = self._keys.mint(self._company_id, scopes, "documentation", timedelta(hours=1))
            headers["authorization"] = f"Bearer {token}"
        body = None if example.body is None else laid_out(example.body)
        if body is not None:
            headers = {"content-type": "application/json", **headers}
        transport = ASGITransport(app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://service.test") as client:
            with patch.object(Runner, "run", _RUNS.get(example.fault, Runner.run)):
                return await client.request(method, example.target, headers=headers, content=body)

    @asynccontextmanager
    async def _app(self, fault: str) -> AsyncGenerator[ASGIApp]:
        settings = self._settings() | _FAULTS.get(fault, {})
        app = create_app(Settings.model_validate(settings))
        async with lifespan_of(app):
            yield app

    @contextmanager
    def _served(self) -> Generator[int]:
        """Serve as in production, for requests that are rejected on the way to the application; yield the port."""
        settings = self._settings() | {"header_timeout_seconds": _SECONDS}
        named = {name.upper(): str(value) for name, value in settings.items()}
        with served(self._keys.public_key_file.with_name("log"), **named) as service:
            yield service.port

    def _settings(self) -> dict[str, Any]:
        return settings_of(self._dsn, self._keys, list_cache_seconds=0)


async def _rejected(port: int, method: str, example: Example) -> Response:
    """Send a request, or the beginning of one, over a connection; return the answer to it."""
    end_of_url, more = _SENT[example.fault]
    async with wired(port) as wire:
        await wire.send(f"{method} {example.target}{end_of_url} HTTP/1.1\r\nhost: service.test\r\n{more}".encode())
        reply = await wire.reply()
    return Response(reply.status, headers=reply.headers, content=reply.body)


def recorded(response: Response) -> dict[str, Any]:
    """Return what is recorded of an answer."""
    found = {
        "status": response.status_code,
        "answer_headers": {name: response.headers[name] for name in _RECORDED if name in response.headers},
        "answer": json.loads(response.text, parse_float=Decimal) if response.content else None,
    }
    return {name: value for name, value in found.items() if value not in ({}, None)}


def compared(answer: Mapping[str, Any]) -> str:
    """Return what is recorded of an answer as text, without what is different each time."""
    text = json.dumps(answer, default=str, ensure_ascii=False)
    if answer.get("status") == HTTPStatus.CREATED:
        text = text.replace(answer["answer"]["id"], "…")
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return text


def filled(entry: Mapping[str, Any], answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an example with its answer: the recorded one, unless the new one says something else."""
    before = {name: entry[name] for name in _FILLED if name in entry}
    if compared(before) == compared(answer):
        return entry
    return {**{name: value for name, value in entry.items() if name not in _FILLED}, **answer}


async def _record(dsn: str, company_id: UUID, keys: DevelopmentKeys) -> None:
    found: dict[str, list[dict[str, Any]]] = {}
    async for endpoint, _, answer in Recorder(dsn, keys, company_id).answers():
        found.setdefault(endpoint.document, []).append(recorded(answer))
    for document, answers in found.items():
        path = FOLDER / f"{document}.json"
        entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        written = [filled(entry, answer) for entry, answer in zip(entries, answers, strict=True)]
        path.write_text(laid_out(written) + "\n", encoding="utf-8")


def main() -> None:
    """Start a PostgreSQL with the data of `dev`, and record."""
    with TemporaryDirectory(prefix="customer-gateway-") as name, EmbeddedServer(Path(name) / "postgres") as server:
        dsn, company_id = prepare_database(server.dsn(), Path(name))
        asyncio.run(_record(dsn, company_id, DevelopmentKeys(Path(name) / "keys")))


if __name__ == "__main__":
    main()
