"""Subscriptions over SSE, as GraphQL over SSE defines them for distinct connections."""

from collections.abc import Iterator

from bench.live.wire import END_OF_HEAD, Ended, Message, Subscribed, Update, read, shown
from bench.load import request


class EventStream:
    """A subscription over SSE."""

    def __init__(self, port: int, document: str, token: str | None) -> None:
        plain = request(port, document, {}, token)
        self.greeting = plain.replace(b"Accept: application/json", b"Accept: text/event-stream")
        self._received = b""
        self._text = b""
        self._is_open = False
        self._is_chunked = False

    @property
    def is_between(self) -> bool:
        """Whether the next byte begins a message."""
        return self._is_open and not self._received and not self._text

    def feed(self, data: bytes) -> Iterator[Message]:
        """Return the messages that received bytes complete."""
        self._received += data
        if not self._is_open:
            head, end, rest = self._received.partition(END_OF_HEAD)
            if not end:
                return
            lower = head.lower()
            if not lower.startswith(b"http/1.1 200 ") or b"\r\ncontent-type: text/event-stream" not in lower:
                yield Ended(shown(self._received))
                return
            self._is_open, self._received = True, rest
            self._is_chunked = b"\r\ntransfer-encoding: chunked" in lower
            yield Subscribed()
        yield from self._chunks()
        *blocks, self._text = self._text.replace(b"\r\n", b"\n").split(b"\n\n")
        for block in blocks:
            yield from _of_event(block)

    def _chunks(self) -> Iterator[Message]:
        """Move the content of complete chunks from what was received to the text."""
        if not self._is_chunked:
            self._text, self._received = self._text + self._received, b""
            return
        while True:
            size, end, rest = self._received.partition(b"\r\n")
            length = int(size.partition(b";")[0], 16) if end else 0
            if not end or len(rest) < length + 2:
                return
            if length == 0:
                yield Ended("The response ended.")
            self._text += rest[:length]
            self._received = rest[length + 2 :]


def _of_event(block: bytes) -> Iterator[Message]:
    """Return the message of an event, which has none if it only has comments or settings."""
    fields = [line.partition(b":") for line in block.split(b"\n")]
    values = {name: value.removeprefix(b" ") for name, _, value in fields if name}
    match values.get(b"event"):
        case b"next":
            lines = (value.removeprefix(b" ") for name, _, value in fields if name == b"data")
            yield Update(read(b"\n".join(lines)))
        case None:
            return
        case _:
            yield Ended(shown(block))
