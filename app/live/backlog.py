"""The memory that updates take until clients have read them: of each connection, each company, and the process."""

import asyncio
from collections import Counter
from typing import Protocol
from uuid import UUID

from app.live.ended import LiveCode
from app.live.updates import Update

SLOW = "Read updates faster, or select fewer fields. Resume after `cursor`."
"""The message for a client whose stream ends because too much waits for it."""


class Waiting(Protocol):
    """A stream in which updates wait."""

    @property
    def company_id(self) -> UUID:
        """The company whose events it has."""
        ...

    def end(self, code: str, message: str) -> None:
        """End it, and free its updates."""
        ...


class Backlog:
    """The updates that wait for the clients of one process. An update counts once, however many streams it waits in."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._of_companies = Counter[UUID]()
        self._streams: dict[UUID, dict[Waiting, None]] = {}
        """The streams of each company that have updates, those that have some for longest first."""
        self.bytes = 0

    def has_room(self, company_id: UUID) -> bool:
        """Return whether clients of a company may be given more of what they missed. That may fill half of it."""
        return self._of_companies[company_id] < self._most_bytes // 2

    def add(self, stream: Waiting, update: Update) -> None:
        """Count an update that waits in one more stream. End streams of the company with the most if it is too much."""
        self._streams.setdefault(stream.company_id, {}).setdefault(stream)
        update.waiting += 1
        if update.waiting == 1:
            self._count(stream.company_id, len(update.body))
        while self.bytes > self._most_bytes:
            most = max(self._of_companies, key=self._of_companies.__getitem__)
            next(iter(self._streams[most])).end(LiveCode.SLOW_CONSUMER, SLOW)

    def remove(self, stream: Waiting, update: Update, *, is_last: bool) -> None:
        """Count an update that waits in one stream less. `is_last`: the stream has no other."""
        update.waiting -= 1
        if not update.waiting:
            self._count(stream.company_id, -len(update.body))
        if is_last:
            streams = self._streams[stream.company_id]
            del streams[stream]
            if not streams:
                del self._streams[stream.company_id]

    def _count(self, company_id: UUID, size: int) -> None:
        self.bytes += size
        self._of_companies[company_id] += size
        if not self._of_companies[company_id]:
            del self._of_companies[company_id]


class LiveClient:
    """The client at the end of one connection, which may have many streams."""

    __slots__ = ("bytes", "turn")

    def __init__(self) -> None:
        self.bytes = 0
        """Size of the updates that wait in its streams, or are being sent to it."""
        self.turn = asyncio.Lock()
        """One of its streams at a time reads what it missed, until the client has taken that."""
