"""The floor: documents known by their text, one hand-written statement each, its bytes passed through."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg

from app.domain.metadata import pair_digest
from bench.documents import WALK, documents
from bench.peers.python import cursors
from bench.peers.python.environment import POOL_SIZE, Environment
from bench.peers.python.floor_http import serve
from bench.peers.python.floor_sql import PLACES, statements
from bench.peers.python.serving import UNAUTHORIZED
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
    """The application."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._held: list[_Held] = []
        self._idle: list[_Held] = []
        self._waiting: deque[asyncio.Future[_Held]] = deque()
        self._statements = statements(metadata_by_index=environment.metadata_by_index)
        self._queries = {text: query for query, text in documents().items()}
        self._arguments = _arguments(metadata_by_index=environment.metadata_by_index)

    async def answer(self, authorization: bytes | None, body: bytes) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        company_id: UUID | None = self._environment.company_id
        if self._environment.tokens is not None:
            company_id = self._environment.tokens.company_of(authorization)
            if company_id is None:
                return 401, UNAUTHORIZED
        request = json.loads(body or b'{"query":null}')
        held = self._idle.pop() if self._idle else await self._wait()
        try:
            return await self._run(held, company_id, request)
        finally:
            if self._waiting:
                self._waiting.popleft().set_result(held)
            else:
                self._idle.append(held)

    def _wait(self) -> "asyncio.Future[_Held]":
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        return waiter

    async def _run(self, held: _Held, company_id: UUID, request: Mapping[str, Any]) -> tuple[int, bytes]:
        if self._environment.tokens is not None and held.company_id != company_id:
            held.company_id = None
            await held.connection.execute(_TELL_COMPANY, str(company_id))
            held.company_id = company_id
        query = self._queries.get(request["query"])
        if query is not None:
            arguments = self._arguments[query](request["variables"])
            return 200, self._statements[query].answer(await held.prepared[query].fetchrow(company_id, *arguments))
        if request["query"] == WALK:
            return 200, await _walk(held.connection, company_id, request["variables"])
        return 400, _UNKNOWN

    async def start(self) -> None:
        """Open the connections."""
        self._held = [await self._connect() for _ in range(POOL_SIZE)]
        self._idle = list(self._held)

    async def stop(self) -> None:
        """Close the connections."""
        for held in self._held:
            with suppress(asyncpg.InterfaceError, OSError):
                await held.connection.close(timeout=5)

    async def _connect(self) -> _Held:
        connection = await connect(self._environment.database_url)
        # No value of these statements changes their best plan, and planning a page takes as long as reading it.
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        # The text of an answer is passed on as it is, without decoding and encoding it again.
        await connection.set_type_codec("text", schema="pg_catalog", format="binary", encoder=str.encode, decoder=bytes)
        prepared = {query: await connection.prepare(statement.sql) for query, statement in self._statements.items()}
        return _Held(connection, prepared)


def _arguments(*, metadata_by_index: bool) -> dict[str, _Arguments]:
    """How the variables of each query become its statement's parameters."""

    def by_id(variables: Mapping[str, Any]) -> tuple[Any, ...]:
        return (UUID(variables["id"]),)

    def update(variables: Mapping[str, Any]) -> tuple[Any, ...]:
        return UUID(variables["id"]), variables["notes"]

    def page(variables: Mapping[str, Any]) -> tuple[Any, ...]:
        return cursors.decode(variables.get("after"))

    def pair(variables: Mapping[str, Any]) -> tuple[Any, ...]:
        key, value = variables["key"], variables["value"]
        return (json.dumps({key: value}) if metadata_by_index else pair_digest(key, value),)

    return {"Q1": by_id, "Q2": page, "Q3": page, "Q4": by_id, "Q5": page, "Q6": pair, "Q7": page, "M1": update}


async def _walk(connection: Any, company_id: UUID, variables: Mapping[str, Any]) -> bytes:
    first = variables["first"]
    rows = await connection.fetch(PLACES, company_id, *cursors.decode(variables.get("after")), first + 1)
    page = rows[:first]
    info = {
        "endCursor": cursors.encode(page[-1][0].decode(), page[-1][1]) if page else None,
        "hasNextPage": len(rows) > first,
    }
    return json.dumps({"data": {"customers": {"pageInfo": info}}}).encode()


def main() -> None:
    """Serve."""
    environment = Environment.read()
    floor = Floor(environment)
    serve(floor.start, floor.answer, floor.stop, environment.port)


if __name__ == "__main__":
    main()
