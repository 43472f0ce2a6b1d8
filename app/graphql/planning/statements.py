"""The statements of plans: all that were used lately, and for each plan the latest one."""

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property

from cachetools import LRUCache

from app.db.arguments import Arguments
from app.db.plans.statement import Statement
from app.db.plans.tree import JsonMembers, number_of_nodes
from app.scheduling.pauses import run_in_turn

BYTES_PER_REMEMBERED_STATEMENT = 8_192
"""Minimum size with which a cached statement counts, in bytes; one with longer SQL counts with its length."""
_FEW_PARTS = 20
"""Maximum number of fields, edges and values of statements that are built in the event loop, in up to 10 ms."""
_MANY_PARTS = 100
"""Maximum number of these for statements that don't wait for all large computations of their company."""


class Statements:
    """Caches the most recently used statements of all plans, `size` of the minimum size."""

    def __init__(self, size: int) -> None:
        self._remembered: LRUCache[Hashable, Statement] = LRUCache(size * BYTES_PER_REMEMBERED_STATEMENT, _length)
        self.hits = self.misses = 0
        """Number of cache hits and misses."""

    @property
    def entries(self) -> int:
        """Number of cached statements."""
        return len(self._remembered)

    def get(self, key: Hashable, make: Callable[[], Statement]) -> Statement:
        """Return the cached statement, or make and cache one."""
        found = self._remembered.get(key)
        if found is None:
            self.misses += 1
            found = make()
            if _length(found) <= self._remembered.maxsize:
                self._remembered[key] = found
        else:
            self.hits += 1
        return found

    async def get_aside(self, key: Hashable, make: Callable[[], Statement], *, is_small: bool) -> Statement:
        """Do the same as `get`, and make a new statement outside the event loop."""
        if key in self._remembered:
            return self.get(key, make)
        made = await run_in_turn(key, make, is_small=is_small)
        return self.get(key, lambda: made)


def _length(made: Statement) -> int:
    constants = sum(len(part) for part in made.parts if isinstance(part, bytes))
    return max(len(made.sql) + constants, BYTES_PER_REMEMBERED_STATEMENT)


class PlanStatements:
    """The statements of one plan. The latest is kept, because most requests of a document have the same shape."""

    def __init__(self, statements: Statements, shown: JsonMembers) -> None:
        self._statements, self._shown = statements, shown
        self._latest: tuple[Sequence[Hashable], Statement] | None = None

    def latest(self, shapes: Sequence[Hashable]) -> Statement | None:
        """Return the latest statement, if it is for arguments of these shapes."""
        return self._latest[1] if self._latest is not None and self._latest[0] == shapes else None

    async def get(
        self, shapes: Sequence[Hashable], arguments: Sequence[Arguments], make: Callable[[], Statement]
    ) -> Statement:
        """Return the statement for arguments of these shapes; `make` makes it."""
        key = self, tuple(shapes)
        parts = self._parts + sum(len(argument.values) for argument in arguments)
        if parts <= _FEW_PARTS:
            found = self._statements.get(key, make)
        else:
            found = await self._statements.get_aside(key, make, is_small=parts <= _MANY_PARTS)
        self._latest = shapes, found
        return found

    @cached_property
    def _parts(self) -> int:
        return number_of_nodes(self._shown)
