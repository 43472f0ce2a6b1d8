"""Turns for requests with large bodies, so that other requests run in between.

Decoding a large body and its variables blocks the event loop: about 50 ms for 400 kB. Without pauses, several that
arrive together would be decoded in one turn of the loop, and all other requests would wait for them.
"""

import asyncio
from collections import deque
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from typing_extensions import override

from app.scheduling.pausing_queue import PausingQueue
from app.scheduling.turns import Turns
from app.unavailable import TooBusy, TooManyLarge

LARGE_BYTES = 4_096
"""Minimum size of a body that waits for its turn, in bytes."""
HUGE_BYTES = 65_536
"""Minimum size of a body, in bytes, that counts as huge. Its decoded values take ten times that memory."""
_HUGE_BODIES = 10
"""Maximum number of operations with huge bodies at once, which limits memory. Decoding and checking take turns."""
_HUGE_BODIES_RESERVED = 8
"""Of these, the number for companies that have none: operations that wait for locks must not block other companies."""
LARGE_MUTATION_BYTES = 16_384
"""Minimum size of the body of a large mutation, in bytes. Those with lists of 50 items and more count as large too."""
_LARGE_MUTATIONS = 4
"""Maximum number of mutations with large inputs that run at once: one per company."""
_WAITING_SHARE = 1 / 3
"""Maximum share of an operation's time limit that it waits for its turn."""
_PAUSE = 20
"""Turns of the event loop between two large bodies: enough to accept, run and answer a small query."""


class LargeTurns(Turns):
    """Turns of requests with large bodies, or of large mutations; `what` names the turns in the log."""

    def __init__(
        self,
        size: int,
        what: str,
        *,
        seconds: float,
        reserve: int = 0,
        one_each: bool = False,
        most_waiting: int = 1_000,
    ) -> None:
        super().__init__(size, reserve=reserve, one_each=one_each, most_waiting=most_waiting, seconds=seconds)
        self._what = what

    @override
    async def take(self, company_id: UUID, *, is_small: bool = False) -> None:
        """Wait for a turn. Raise TooManyLarge. The caller gives the turn back."""
        try:
            await super().take(company_id, is_small=is_small)
        except TooBusy as error:
            usage = self.usage()
            taken = TimeoutError(f"{usage.in_use} of {usage.size} {self._what} run, and {usage.waiting} wait")
            raise TooManyLarge(error.waited_seconds, most_waiting=error.most_waiting) from taken


class LargeBodies(PausingQueue[deque[asyncio.Future[None]]]):
    """Lets requests with large bodies start one at a time, with turns of the loop in between.

    After their start they run concurrently. Companies that wait take turns.
    """

    def __init__(self) -> None:
        super().__init__(_PAUSE)

    async def turn(self, company_id: UUID) -> None:
        """Wait until this request may start."""
        if self.is_pausing:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.waiting.setdefault(company_id, deque()).append(mine)
            await mine
            return
        self.pause()

    @override
    def release(self) -> bool:
        """Let the next request start, in the next turn of the loop: the pause counts from now."""
        while self.waiting:
            company_id, queue = self.next_company()
            following = queue.popleft()
            self.put_back(company_id, queue)
            # Skip a request that was canceled while it waited.
            if not following.done():
                following.set_result(None)
                return True
        return False


class BodyTurns:
    """The turns of an endpoint's requests, by the size of their bodies."""

    def __init__(self, timeout_seconds: float) -> None:
        seconds = timeout_seconds * _WAITING_SHARE
        self._large = LargeBodies()
        self._huge = LargeTurns(
            _HUGE_BODIES,
            "operations with bodies of 64 kB and more",
            reserve=_HUGE_BODIES_RESERVED,
            most_waiting=100,
            seconds=seconds,
        )
        self._mutations = LargeTurns(_LARGE_MUTATIONS, "large mutations", one_each=True, seconds=seconds)

    async def begin(self, company_id: UUID) -> None:
        """Wait until a request with a large body or with long lists may start."""
        await self._large.turn(company_id)

    def huge(self, company_id: UUID) -> AbstractAsyncContextManager[None]:
        """Wait for a place for a huge body, which limits memory. Keep it until the body's values are freed."""
        return self._huge.turn(company_id)

    def large_mutation(self, company_id: UUID) -> AbstractAsyncContextManager[None]:
        """Wait for the turn of a large mutation.

        Large mutations of one company wait for each other's locks. Here they wait without a database connection, and
        before their input is checked, which would delay small operations of others.
        """
        return self._mutations.turn(company_id)
