"""Running examples against both applications, from the thread that draws them, and counting what became of them."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast
from uuid import UUID

from app.domain.identity import Scope
from tests.differential.applications import Answer, Request
from tests.differential.documents import Call, Example
from tests.differential.inputs import Harvest
from tests.differential.world import Company

_SECONDS = 600


class Compared(Protocol):
    """Ways to run an operation whose answers must agree."""

    def token(self, company_id: UUID, *scopes: Scope) -> str:
        """A credential."""
        ...

    async def same(self, token: str, request: Request) -> Answer:
        """The answer; a difference between the ways fails."""
        ...


@dataclass(slots=True)
class Runner:
    """What all examples share. The tests' event loop waits while Hypothesis runs in a thread, and works for it."""

    pair: Compared
    companies: Mapping[str, Company]
    loop: asyncio.AbstractEventLoop
    counted: Counter[str] = field(default_factory=Counter[str])
    _tokens: dict[Any, str] = field(default_factory=dict[Any, str])

    def run(self, example: Example) -> None:
        """Send all requests of an example to both."""
        asyncio.run_coroutine_threadsafe(self._run(example), self.loop).result(_SECONDS)

    async def _run(self, example: Example) -> None:
        before: object = None
        for call in example.calls:
            variables = {name: _harvested(value, before) for name, value in call.variables.items()}
            request = Request(example.document, variables or None, call.operation, call.accept)
            try:
                answer = await self.pair.same(self._token(call), request)
            except AssertionError as difference:
                difference.add_note(f"asked of {call.company} with {', '.join(call.scopes)}")
                raise
            before = answer.content.get("data")
            self._count(answer)

    def _token(self, call: Call) -> str:
        of = (call.company, call.scopes)
        if of not in self._tokens:
            self._tokens[of] = self.pair.token(self.companies[call.company].id, *call.scopes)
        return self._tokens[of]

    def _count(self, answer: Answer) -> None:
        codes = answer.codes
        self.counted.update(["requests", *codes])
        if not codes:
            self.counted.update(["clean", "planned" if answer.planned else "run"])


def _harvested(value: Any, before: object) -> Any:
    if not isinstance(value, Harvest):
        return value
    found = list(_cursors(before, value.key))
    return found[value.place % len(found)] if found else None


def _cursors(content: object, key: str) -> Iterator[str]:
    """All cursors of the lists that have a response key, wherever they are."""
    if isinstance(content, list):
        for item in cast("list[object]", content):
            yield from _cursors(item, key)
    if isinstance(content, dict):
        for name, member in cast("dict[str, object]", content).items():
            if name == key and isinstance(member, dict):
                yield from _own_cursors(cast("dict[str, Any]", member))
            yield from _cursors(cast("object", member), key)


def _own_cursors(connection: Mapping[str, Any]) -> Iterator[str]:
    page = connection.get("pageInfo")
    rows = connection.get("edges")
    for holder in (page, *(cast("list[Any]", rows) if isinstance(rows, list) else ())):
        if isinstance(holder, dict):
            shown = cast("dict[str, Any]", holder)
            yield from (shown[name] for name in ("endCursor", "cursor") if isinstance(shown.get(name), str))
