"""The response to one event, shared by all streams that receive it."""


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


def sse_event(name: str, data: bytes = b"", cursor: str | None = None) -> bytes:
    """Return an event in the format of server-sent events.

    `id` comes before `data`, because some clients read `data` up to the end of the event.
    """
    # A line break in JSON is only between its tokens.
    line = data.replace(b"\r", b"").replace(b"\n", b"")
    named = b"" if cursor is None else b"id: %b\n" % cursor.encode()
    return b"event: %b\n%bdata:%b\n\n" % (name.encode(), named, b" " + line if line else b"")
