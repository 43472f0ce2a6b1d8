"""The latest updates of a group, for clients that come back after a moment."""

from collections import deque
from collections.abc import Iterable

from app.live.updates import Update

_MOST = 100
_MOST_BYTES = 64_000


class Latest:
    """Keeps all updates after a position, which moves on as there are more."""

    def __init__(self) -> None:
        self.begins = 0
        """The position after which all updates are kept."""
        self._updates: deque[Update] = deque()
        self._bytes = 0

    def clear(self, position: int) -> None:
        """Forget all updates, and begin after a position."""
        self.begins, self._bytes = position, 0
        self._updates.clear()

    def add(self, update: Update) -> None:
        """Keep an update, and forget the oldest if there are too many."""
        self._updates.append(update)
        self._bytes += len(update.body)
        while len(self._updates) > _MOST or self._bytes > _MOST_BYTES:
            forgotten = self._updates.popleft()
            self._bytes -= len(forgotten.body)
            self.begins = forgotten.position

    def after(self, position: int) -> Iterable[Update]:
        """Return the updates after a position."""
        return [update for update in self._updates if update.position > position]
