"""Whose turn it is: a fair share for each company of what one process can do at once."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple
from uuid import UUID

from app.scheduling.queue_speed import QueueSpeed
from app.scheduling.shared_time_limit import SharedTimeLimit
from app.unavailable import TooBusy

_RESERVED_SHARE = 5


class PoolUsage(NamedTuple):
    """Usage of a pool, or of turns, at one moment."""

    size: int
    """Maximum number of connections or turns."""
    in_use: int
    waiting: int
    """Operations that wait for one, also for a connection that is being opened."""


def reserve_of(size: int) -> int:
    """Return how many connections of a pool of this size are kept for companies that use none."""
    return size // _RESERVED_SHARE


class _Queue:
    """What one company waits for: small requests and large ones, which take turns if both wait."""

    def __init__(self) -> None:
        self._small = deque[asyncio.Future[None]]()
        self._large = deque[asyncio.Future[None]]()
        self._was_small = False

    def __len__(self) -> int:
        return len(self._small) + len(self._large)

    @property
    def has_large(self) -> bool:
        """Whether a large request waits."""
        return bool(self._large)

    def append(self, turn: asyncio.Future[None], *, is_small: bool) -> None:
        """Add a request."""
        (self._small if is_small else self._large).append(turn)

    def popleft(self) -> asyncio.Future[None]:
        """Remove and return the next request."""
        self._was_small = bool(self._small) and not (self._was_small and self._large)
        return (self._small if self._was_small else self._large).popleft()

    def newest(self) -> asyncio.Future[None]:
        """Return the newest large request, or the newest small one."""
        return (self._large or self._small)[-1]

    def remove(self, turn: asyncio.Future[None]) -> bool:
        """Remove a request, and tell whether it was there."""
        for kind in (self._small, self._large):
            if turn in kind:
                kind.remove(turn)
                return True
        return False


def _too_late(seconds: float) -> TooBusy:
    error = TooBusy(seconds)
    error.__cause__ = TimeoutError()
    return error


class Turns:
    """At most `size` turns at once, shared fairly between companies.

    A free turn is given at once. The last `reserve` free turns are given only to companies that have none, so that one
    company that waits for something does not hold up the others. If several companies wait, the next turn goes to the
    company that has the fewest turns; of equals, to the one whose last turn is longest ago. Of one company, every
    second turn goes to a small request, so that a small one waits for one large request instead of all.

    At most `most_waiting` requests wait. One more, and the newest request of the company with the most waiting requests
    is rejected, a large one if there is one. No request waits longer than `seconds`. With `one_each`, a company has at
    most one turn at a time. With `rejects_early`, only as many wait as are expected to get their turn in time.
    """

    def __init__(
        self,
        size: int,
        *,
        reserve: int = 0,
        most_waiting: int = 1_000,
        seconds: float,
        one_each: bool = False,
        rejects_early: bool = False,
    ) -> None:
        self._size = size
        # A reserve of all turns is for companies that have none.
        self._reserve = size if one_each else min(reserve, size - 1)
        self._most_waiting = most_waiting
        self._in_use = self._waiting = 0
        self._held = Counter[UUID]()
        self._queues: dict[UUID, _Queue] = {}
        """The waiting companies, sorted by their last turn, the earliest first."""
        self._seconds = seconds
        self._limit = SharedTimeLimit(seconds, partial(_too_late, seconds))
        self._speed = QueueSpeed(size) if rejects_early else None

    @asynccontextmanager
    async def turn(self, company_id: UUID, *, is_small: bool = False) -> AsyncGenerator[None]:
        """Wait for a turn, and give it back in the end; TooBusy if there will be none."""
        await self.take(company_id, is_small=is_small)
        try:
            yield
        finally:
            self.give_back(company_id)

    def usage(self) -> PoolUsage:
        """Return how many turns are taken and how many wait for one."""
        return PoolUsage(self._size, self._in_use, self._waiting)

    def take_free(self, company_id: UUID) -> bool:
        """Take a turn if one is free for this company, and tell whether one was."""
        # No waiting company may take a free turn, so this doesn't overtake any of them.
        if not self._is_free_for(company_id):
            return False
        self._in_use += 1
        self._held[company_id] += 1
        return True

    async def take(self, company_id: UUID, *, is_small: bool = False) -> None:
        """Wait for a turn, or raise TooBusy. The caller gives the turn back."""
        if self.take_free(company_id):
            return
        turn = self._queue(company_id, is_small=is_small)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # The turn came just as this request gave up.
                self.give_back(company_id)
            else:
                self._forget(company_id, turn)
            raise
        finally:
            self._limit.end(turn)

    def give_back(self, company_id: UUID) -> None:
        """End a turn, and pass it to the next request that may have it."""
        self._in_use -= 1
        self._held[company_id] -= 1
        if not self._held[company_id]:
            del self._held[company_id]
        if company_id in self._queues:
            self._queues[company_id] = self._queues.pop(company_id)
        while self._queues and (next_one := self._next()) is not None:
            queue = self._queues.pop(next_one)
            turn = queue.popleft()
            self._waiting -= 1
            if queue:
                self._queues[next_one] = queue
            # A task that is canceled has canceled what it waits for before it runs again.
            if not turn.done():
                self._in_use += 1
                self._held[next_one] += 1
                turn.set_result(None)
        self._shorten()

    def _shorten(self) -> None:
        """Reject the newest requests that are expected to get no turn in time."""
        if self._speed is None or not self._queues:
            return
        self._speed.note_turn()
        while self._waiting > self._room():
            self._reject(self._longest_queue())

    def _room(self) -> int:
        """Return how many requests may wait; at least as many as there are turns, so that no turn stays free."""
        if self._speed is None:
            return self._most_waiting
        return max(self._size, self._speed.turns_within(self._seconds, self._most_waiting))

    def _is_free_for(self, company_id: UUID) -> bool:
        free = self._size - self._in_use
        return free > self._reserve or (free > 0 and company_id not in self._held)

    def _next(self) -> UUID | None:
        # The first of the smallest: the company whose last turn was the earliest.
        fewest = min(self._queues, key=lambda company_id: self._held[company_id])
        return fewest if self._is_free_for(fewest) else None

    def _queue(self, company_id: UUID, *, is_small: bool) -> asyncio.Future[None]:
        if self._speed is not None and not self._waiting:
            self._speed.begin()
        if self._waiting >= self._room():
            self._reject(self._longest(company_id, is_small=is_small))
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._queues.setdefault(company_id, _Queue()).append(turn, is_small=is_small)
        self._waiting += 1
        self._limit.begin(turn, loop)
        return turn

    def _longest(self, company_id: UUID, *, is_small: bool) -> UUID:
        """Return the company whose newest request makes room for one of this company. Raise TooBusy if none does."""
        longest = self._longest_queue()
        own = self._queues.get(company_id)
        if len(self._queues[longest]) > (len(own) if own else 0) + 1:
            return longest
        if is_small and own is not None and own.has_large:
            return company_id
        raise TooBusy(most_waiting=self._room())

    def _longest_queue(self) -> UUID:
        return max(self._queues, key=lambda waiting: len(self._queues[waiting]))

    def _reject(self, company_id: UUID) -> None:
        rejected = self._queues[company_id].newest()
        self._forget(company_id, rejected)
        if not rejected.done():
            rejected.set_exception(TooBusy(most_waiting=self._room()))

    def _forget(self, company_id: UUID, turn: asyncio.Future[None]) -> None:
        queue = self._queues.get(company_id)
        if queue is None or not queue.remove(turn):
            return
        self._waiting -= 1
        if not queue:
            del self._queues[company_id]
