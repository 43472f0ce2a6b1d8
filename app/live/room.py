"""Limits on the streams of one process."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from app.live.ended import LiveCode, LiveEnded
from app.live.keys import Key

_MOST_BYTES = 1_000_000
"""Maximum size of the documents and variables of all groups, in bytes. A parsed document takes 160 times its text."""
_TOO_LONG = (
    "The documents and variables of all different subscriptions are too long together. Use fewer different documents, or"
    " close some subscriptions."
)


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """What the streams of one process may use."""

    streams: int = 1_000
    streams_per_company: int = 500
    queued: int = 100
    """Maximum number of updates that wait for one client."""
    seconds: float = 30
    """Maximum time of reading the responses to some events, in seconds."""


class Room:
    """Counts streams, and what their documents take."""

    def __init__(self, limits: LiveLimits) -> None:
        self._limits = limits
        self._streams = Counter[UUID]()
        self._bytes = Counter[UUID]()
        self.streams = 0
        """Number of streams."""

    def enter(self, company_id: UUID) -> None:
        """Count a stream; raise LiveEnded if there is no room for it."""
        for who, streams, most in (
            ("service", self.streams, self._limits.streams),
            ("company", self._streams[company_id], self._limits.streams_per_company),
        ):
            if streams >= most:
                msg = (
                    f"The {who} has {most:,} open subscriptions, which is the limit. Close some, or try again shortly."
                )
                raise LiveEnded(LiveCode.TOO_MANY_SUBSCRIPTIONS, msg)
        self.streams += 1
        self._streams[company_id] += 1

    def leave(self, company_id: UUID) -> bool:
        """Count a stream no more, and return whether the company has no other."""
        self.streams -= 1
        self._streams[company_id] -= 1
        if not self._streams[company_id]:
            del self._streams[company_id]
        return company_id not in self._streams

    def take(self, company_id: UUID, key: Key) -> None:
        """Count a new document; raise LiveEnded if there is no room for it. A company may have half of all."""
        if self._bytes.total() + key.size > _MOST_BYTES or self._bytes[company_id] + key.size > _MOST_BYTES // 2:
            raise LiveEnded(LiveCode.TOO_MANY_SUBSCRIPTIONS, _TOO_LONG)
        self._bytes[company_id] += key.size

    def give_back(self, company_id: UUID, key: Key) -> None:
        """Count a document no more."""
        self._bytes[company_id] -= key.size
        if not self._bytes[company_id]:
            del self._bytes[company_id]
