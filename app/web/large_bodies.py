"""Turns for requests with large bodies, so that other requests run in between.

Decoding a large body and its variables blocks the event loop: about 50 ms for 400 kB. Without pauses, several that arrive
together would be decoded in one turn of the loop, and all other requests would wait for them.
"""

import asyncio
from collections import deque

LARGE_BYTES = 4_096
"""Minimum size of a body that waits for its turn, in bytes."""

_PAUSE = 20
"""Turns of the event loop between two large bodies: enough to accept, run and answer a small query."""


class LargeBodies:
    """Lets requests with large bodies start one at a time, with turns of the loop in between; they then run concurrently."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_pausing = False

    async def turn(self) -> None:
        """Wait until this request may start."""
        if self._is_pausing:
            loop = asyncio.get_running_loop()
            mine: asyncio.Future[None] = loop.create_future()
            self._waiting.append(mine)
            await mine
            return
        self._pause()

    def _pause(self) -> None:
        self._is_pausing = True
        asyncio.get_running_loop().call_soon(self._tick, _PAUSE)

    def _tick(self, left: int) -> None:
        if left:
            asyncio.get_running_loop().call_soon(self._tick, left - 1)
            return
        self._is_pausing = False
        while self._waiting:
            following = self._waiting.popleft()
            # Skip a request that was canceled while it waited.
            if not following.done():
                following.set_result(None)
                # Count from now: the request starts in the next turn of the loop.
                self._pause()
                return
