"""The floor: six documents known by their text, one hand-written statement each, its bytes passed through."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
from starlette.types import Receive, Scope, Send

from app.domain.metadata import pair_digest
from bench.documents import WALK, documents
from bench.peers.python import cursors
from bench.peers.python.environment import POOL_SIZE, Environment
from bench.peers.python.floor_sql import PLACES, statements
from bench.peers.python.serving import UNAUTHORIZED, answer, header, serve
from bench.postgres import connect

_Arguments = Callable[[Mapping[str, Any]], tuple[Any, ...]]

_UNKNOWN = b'{"errors":[{"message":"The floor knows the benchmark\'s documents alone."}]}'
_TELL_COMPANY = "SELECT set_config('app.company_id', $1, false)"


class _Held:
    """A connection with its prepared statements, and the company that it was told last."""

    def __init__(self, connection: Any, prepared: Mapping[str, Any]) -> None:
        self.connection = connection
        self.prepared = prepared
        self.company_id: UUID | None = None


class Floor:
    """The ASGI application."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._idle: asyncio.LifoQueue[_Held] = asyncio.LifoQueue()
        self._statements = statements(metadata_by_index=environment.metadata_by_index)
        self._queries = {text: query for query, text in documents().items()}
        self._arguments = _arguments(metadata_by_index=environment.metadata_by_index)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or open and close the connections with the server."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        company_id: UUID | None = self._environment.company_id
        if self._environment.tokens is not None:
            company_id = self._environment.tokens.company_of(header(scope, b"authorization"))
            if company_id is None:
                await answer(send, 401, UNAUTHORIZED)
                return
        request = json.loads(await _body(receive))
        held = await self._idle.get()
        try:
            status, body = await self._run(held, company_id, request)
        finally:
            self._idle.put_nowait(held)
        await answer(send, status, body)

    async def _run(self, held: _Held, company_id: UUID, request: Mapping[str, Any]) -> tuple[int, bytes]:
        if self._environment.tokens is not None and held.company_id != company_id:
            held.company_id = None
            await held.connection.execute(_TELL_COMPANY, str(company_id))
            held.company_id = company_id
        query = self._queries.get(request["query"])
        if query is not None:
            arguments = self._arguments[query](request["variables"])
            return 200, await held.prepared[query].fetchval(company_id, *arguments)
        if request["query"] == WALK:
            return 200, await _walk(held.connection, company_id, request["variables"])
        return 400, _UNKNOWN

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        held = [await self._connect() for _ in range(POOL_SIZE)]
        for connection in held:
            self._idle.put_nowait(connection)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for connection in held:
            with suppress(asyncpg.InterfaceError, OSError):
                await connection.connection.close(timeout=5)
        await send({"type": "lifespan.shutdown.complete"})

    async def _connect(self) -> _Held:
        connection = await connect(self._environment.database_url)
        return _Held(connection, {query: await connection.prepare(sql) for query, sql in self._statements.items()})


def _arguments(*, metadata_by_index: bool) -> dict[str, _Arguments]:
    """How the variables of each query become its statement's parameters."""

    def by_id(variables: Mapping[str, Any]) -> tuple[Any, ...]:
        return (UUID(variables["id"]),)

    def page(variables: Mapping[str, Any]) -> tuple[Any, ...]:
        return cursors.decode(variables.get("after"))

    def pair(variables: Mapping[str, Any]) -> tuple[Any, ...]:
        key, value = variables["key"], variables["value"]
        return (json.dumps({key: value}) if metadata_by_index else pair_digest(key, value),)

    return {"Q1": by_id, "Q2": page, "Q3": page, "Q4": by_id, "Q5": page, "Q6": pair}


async def _walk(connection: Any, company_id: UUID, variables: Mapping[str, Any]) -> bytes:
    first = variables["first"]
    rows = await connection.fetch(PLACES, company_id, *cursors.decode(variables.get("after")), first + 1)
    page = rows[:first]
    info = {"endCursor": cursors.encode(*page[-1]) if page else None, "hasNextPage": len(rows) > first}
    return json.dumps({"data": {"customers": {"pageInfo": info}}}).encode()


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body = message["body"]
    while message.get("more_body", False):
        message = await receive()
        body += message["body"]
    return body


def main() -> None:
    """Serve."""
    environment = Environment.read()
    serve(Floor(environment), environment)


if __name__ == "__main__":
    main()
