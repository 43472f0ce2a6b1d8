"""Send the updates of a subscription on a WebSocket."""

from collections.abc import Sequence
from typing import Protocol

from app.live.stream import LiveStream
from app.live.updates import Update, Updates
from app.web.transport_ws import TransportState
from app.web.writing import Write, text_frame


class UpdateChannel(Protocol):
    """The connection, as the sender of messages needs it."""

    @property
    def write(self) -> Write:
        """Sends messages at once, as frames; returns False if that isn't possible."""
        ...

    async def say(self, message: str | None, *, is_answer: bool = False) -> None:
        """Send a message, if there is one. `is_answer`: it is that of a query or a mutation, which is not repeated."""
        ...


class UpdateSender:
    """Sends the updates of one subscription, until the client ends it."""

    def __init__(self, identifier: str, state: TransportState, channel: UpdateChannel) -> None:
        self._identifier = identifier
        self._state = state
        self._channel = channel
        self._write = channel.write
        self._begin = b'{"id":%b' % (state.written_id(identifier) or "").encode()
        """The beginning of its messages, with its id."""
        self.sent = 0
        """Number of updates that were sent by the operation's task."""

    async def send_all(self, stream: LiveStream) -> None:
        """Send updates until the client has ended the subscription. Raise LiveEnded at the stream's end."""
        stream.deliver_by(self._deliver)
        async for update in stream:
            if (message := self._state.next(self._identifier, update.body.decode())) is None:
                break
            await self._channel.say(message)
            self.sent += 1

    def _deliver(self, updates: Updates) -> bool:
        if self._state.written_id(self._identifier) is None:
            return False
        return self._write(updates.made_by(_Frames).begun_with(self._begin))


class _Frames:
    """The messages with some updates. Many clients give their first operation the same id: the last frames are kept."""

    def __init__(self, updates: Sequence[Update]) -> None:
        self._ends = [b',"type":"next","payload":%b}' % update.body for update in updates]
        """The parts of the messages that are the same for all clients."""
        self._begin = b""
        self._frames = b""

    def begun_with(self, begin: bytes) -> bytes:
        """Return the frames of messages with this beginning."""
        if begin != self._begin:
            self._begin, self._frames = begin, b"".join([text_frame(begin, end) for end in self._ends])
        return self._frames
