"""A queue that lets the event loop serve others in between, in which companies that wait take turns."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sized
from typing import Generic, TypeVar
from uuid import UUID

QueueT = TypeVar("QueueT", bound=Sized)


class PausingQueue(ABC, Generic[QueueT]):
    """Releases what waits in portions, with a number of turns of the event loop between two of them."""

    def __init__(self, turns: int) -> None:
        self.waiting: dict[UUID, QueueT] = {}
        """What each company waits for, the next company first."""
        self.is_pausing = False
        self._turns = turns

    def pause(self) -> None:
        """Release the next portion after the turns of the event loop that lie between."""
        self.is_pausing = True
        asyncio.get_running_loop().call_soon(self._tick, self._turns)

    def next_company(self) -> tuple[UUID, QueueT]:
        """Remove and return the company whose turn it is, and what it waits for."""
        company_id = next(iter(self.waiting))
        return company_id, self.waiting.pop(company_id)

    def put_back(self, company_id: UUID, queue: QueueT) -> None:
        """Let the company be the last one now, if it still waits for something."""
        if queue:
            self.waiting[company_id] = queue

    @abstractmethod
    def release(self) -> bool:
        """Let the next portion continue; return whether there was one."""

    def on_turn(self) -> None:
        """Note a turn of the event loop after a portion."""

    def _tick(self, left: int) -> None:
        self.on_turn()
        if left:
            asyncio.get_running_loop().call_soon(self._tick, left - 1)
            return
        self.is_pausing = False
        if self.release():
            self.pause()
