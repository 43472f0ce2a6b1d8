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
        written = self._state.written_id(self._identifier)
        if written is None:
            return False
        begin = b'{"id":%b' % written.encode()
        return self._write(b"".join([text_frame(begin, end) for end in updates.made_by(_ends_of)]))


def _ends_of(updates: Sequence[Update]) -> list[bytes]:
    """Return the parts of the messages that are the same for all clients."""
    return [b',"type":"next","payload":%b}' % update.body for update in updates]
