"""The updates that wait in one stream, counted for its connection and for the process."""

from collections import deque

from app.live.backlog import Backlog, LiveClient, Waiting
from app.live.updates import Update


class Queue:
    """A stream's updates, in the order of the feed."""

    __slots__ = ("_backlog", "_client", "_given", "_stream", "_updates", "bytes")

    def __init__(self, stream: Waiting, client: LiveClient, backlog: Backlog) -> None:
        self._stream = stream
        self._client = client
        self._backlog = backlog
        self._updates = deque[Update]()
        self._given = 0
        """Size of the updates that are being sent to the client."""
        self.bytes = 0
        """Size of the updates that wait."""

    def __len__(self) -> int:
        return len(self._updates)

    @property
    def other_bytes(self) -> int:
        """Size of the updates in the connection's other streams."""
        return self._client.bytes - self.bytes - self._given

    def append(self, update: Update) -> None:
        """Add an update. The stream may be ended because of it, which clears the queue."""
        self._updates.append(update)
        self.bytes += len(update.body)
        self._client.bytes += len(update.body)
        self._backlog.add(self._stream, update)

    def popleft(self) -> Update:
        """Give the next update to the client."""
        update = self._updates.popleft()
        self.bytes -= len(update.body)
        self._given += len(update.body)
        self._backlog.remove(self._stream, update, is_last=not self._updates)
        return update

    def clear(self) -> None:
        """Forget all updates that were not given to the client."""
        given = self._given
        while self._updates:
            self.popleft()
        self._client.bytes -= self._given - given
        self._given = given

    def note_sent(self) -> None:
        """Count the updates that were given to the client no more."""
        self._client.bytes -= self._given
        self._given = 0
