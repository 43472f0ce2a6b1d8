"""The response to one event, shared by all streams that receive it, and several that are sent together."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

MadeT = TypeVar("MadeT")

_TOGETHER_BYTES = 65_536
"""Maximum size of updates that are sent together, in bytes, unless it is a single one."""


class Update:
    """The response to one event."""

    __slots__ = ("_sse", "body", "cursor", "position", "waiting")

    def __init__(self, body: bytes, cursor: str, position: int) -> None:
        self.body = body
        """The JSON of the result."""
        self.cursor = cursor
        self.position = position
        self.waiting = 0
        """Number of streams whose clients have not read it yet."""
        self._sse: bytes | None = None

    @property
    def sse(self) -> bytes:
        """The event of GraphQL over SSE."""
        if self._sse is None:
            self._sse = sse_event("next", self.body, self.cursor)
        return self._sse


class Updates:
    """Updates that are sent together: one write for each client takes less time than one for each update."""

    __slots__ = ("_made", "all", "at", "first", "last")

    def __init__(self, updates: Sequence[Update], at: float) -> None:
        self.at = at
        """The event loop's time at which they are sent."""
        self.all = updates
        """The updates, in the order of their positions; at least one."""
        self.first = updates[0].position
        self.last = updates[-1].position
        self._made: dict[object, Any] = {}

    def made_by(self, make: Callable[[Sequence[Update]], MadeT]) -> MadeT:
        """Return what a function makes of the updates, which it makes once for all clients."""
        made: MadeT | None = self._made.get(make)
        if made is None:
            made = self._made[make] = make(self.all)
        return made


def sent_together(updates: Iterable[Update], at: float) -> Iterator[Updates]:
    """Yield the updates, put together up to a size. `at`: the event loop's time."""
    together, size = list[Update](), 0
    for update in updates:
        if together and size + len(update.body) > _TOGETHER_BYTES:
            yield Updates(together, at)
            together, size = [], 0
        together.append(update)
        size += len(update.body)
    if together:
        yield Updates(together, at)


def sse_event(name: str, data: bytes = b"", cursor: str | None = None) -> bytes:
    """Return an event in the format of server-sent events.

    `id` comes before `data`, because some clients read `data` up to the end of the event.
    """
    # A line break in JSON is only between its tokens.
    line = data.replace(b"\r", b"").replace(b"\n", b"")
    named = b"" if cursor is None else b"id: %b\n" % cursor.encode()
    return b"event: %b\n%bdata:%b\n\n" % (name.encode(), named, b" " + line if line else b"")
