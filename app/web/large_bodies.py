"""Letting other requests in between those with large bodies.

Reading a large body and its variables is work without a wait: some 50 ms for 400 kB. Many that arrive together would be
read one after the other in one turn of the loop, and everyone else would wait for all of them.
"""

import asyncio
from collections import deque

LARGE_BYTES = 4_096
"""The least size of a body that waits for its turn."""

_PAUSE = 20
"""Turns of the event loop between two large bodies: enough to accept a small query, ask the database and answer it."""


class LargeBodies:
    """Lets requests with large bodies begin one at a time, with turns of the loop in between. They don't wait for each other's end."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_pausing = False

    async def turn(self) -> None:
        """Wait until this request may begin."""
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
            # A request that was canceled while it waited has no turn.
            if not following.done():
                following.set_result(None)
                # Counted from now on: it begins in the next turn of the loop.
                self._pause()
                return
