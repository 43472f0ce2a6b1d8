"""Limits on the streams of one process, and who gets a place when it is full."""

from collections import Counter
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.live.ended import LiveCode, LiveEnded
from app.live.keys import Key

_MOST_BYTES = 1_000_000
"""Maximum size of the documents and variables of all groups, in bytes. A parsed document takes 160 times its text."""
_TOO_LONG = (
    "The documents and variables of all different subscriptions are too long together. Use fewer different documents, or"
    " close some subscriptions."
)
_DISPLACED = (
    "The service has as many subscriptions as it may have, and another company has fewer than yours. Use fewer"
    " subscriptions and shorter documents, or resume after `cursor` in some seconds."
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


class Place(Protocol):
    """A stream that has a place."""

    def close(self, code: str, message: str) -> None:
        """End the stream, and give back its place."""
        ...


class Room:
    """Counts streams, and what their documents take.

    A full process still has a place for a company that has fewer than another one: the company with the most loses its
    youngest ones. So no company locks out others, and one company may use what no other needs.
    """

    def __init__(self, limits: LiveLimits) -> None:
        self._limits = limits
        self._streams = Counter[UUID]()
        self._bytes = Counter[UUID]()
        self._places: dict[UUID, dict[Place, Key]] = {}
        """The streams of each company that have begun, the youngest last."""
        self.streams = 0
        """Number of streams."""

    def enter(self, company_id: UUID) -> None:
        """Count a stream; raise LiveEnded if there is no room for it."""
        who, most = "company", self._limits.streams_per_company
        has_room = self._streams[company_id] < most
        if has_room:
            who, most = "service", self._limits.streams
            has_room = self.streams < most or self._make_room(company_id)
        if not has_room:
            msg = f"The {who} has {most:,} open subscriptions, which is the limit. Close some, or try again shortly."
            raise LiveEnded(LiveCode.TOO_MANY_SUBSCRIPTIONS, msg)
        self.streams += 1
        self._streams[company_id] += 1

    def begin(self, company_id: UUID, place: Place, key: Key) -> None:
        """Note that a stream which was counted has begun."""
        self._places.setdefault(company_id, {})[place] = key

    def end(self, company_id: UUID, place: Place) -> None:
        """Forget a stream that had begun."""
        del self._places[company_id][place]
        if not self._places[company_id]:
            del self._places[company_id]

    def leave(self, company_id: UUID) -> bool:
        """Count a stream no more, and return whether the company has no other."""
        self.streams -= 1
        self._streams[company_id] -= 1
        if not self._streams[company_id]:
            del self._streams[company_id]
        return company_id not in self._streams

    def take(self, company_id: UUID, key: Key) -> None:
        """Count a new document; raise LiveEnded if there is no room for it. A company may have half of all."""
        size = self._bytes[company_id] + key.size
        fits = size <= _MOST_BYTES // 2
        while fits and self._bytes.total() + key.size > _MOST_BYTES:
            fits = self._make_room_for_bytes(size)
        if not fits:
            raise LiveEnded(LiveCode.TOO_MANY_SUBSCRIPTIONS, _TOO_LONG)
        self._bytes[company_id] += key.size

    def give_back(self, company_id: UUID, key: Key) -> None:
        """Count a document no more."""
        self._bytes[company_id] -= key.size
        if not self._bytes[company_id]:
            del self._bytes[company_id]

    def _make_room(self, company_id: UUID) -> bool:
        """End a stream of the company with the most, unless this one would then have more."""
        most = max(self._streams, key=self._streams.__getitem__)
        if self._streams[most] - 1 <= self._streams[company_id] or most not in self._places:
            return False
        next(reversed(self._places[most])).close(LiveCode.TOO_MANY_SUBSCRIPTIONS, _DISPLACED)
        return True

    def _make_room_for_bytes(self, size: int) -> bool:
        """End the streams of a document of the company with the most bytes, if it has more than these."""
        most = max(self._bytes, key=self._bytes.__getitem__)
        if self._bytes[most] <= size:
            return False
        places = self._places[most]
        key = next(reversed(places.values()))
        for place in [place for place, its in places.items() if its == key]:
            place.close(LiveCode.TOO_MANY_SUBSCRIPTIONS, _DISPLACED)
        return True
