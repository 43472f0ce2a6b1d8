"""When the time of a mutation is over."""

from asyncio import Timeout, get_running_loop, timeout_at
from collections.abc import Awaitable
from typing import TypeVar

ValueT = TypeVar("ValueT")


class OutOfTime(Exception):
    """The time of a mutation was over before a field was finished."""

    def __init__(self, *, has_begun: bool) -> None:
        super().__init__("The time of the operation was over.")
        self.has_begun = has_begun


class MutationDeadline:
    """When the time of a mutation is over, by the event loop's clock; a server that shuts down brings it forward."""

    def __init__(self, at: float | None = None) -> None:
        self._at = at
        self._waits = set[Timeout]()

    def is_over(self) -> bool:
        """Return whether the time is over."""
        return self._at is not None and get_running_loop().time() >= self._at

    def bring_forward(self, at: float) -> None:
        """Let the time be over at an earlier time, also for what is awaited now."""
        if self._at is not None and self._at <= at:
            return
        self._at = at
        for wait in self._waits:
            if not wait.expired():
                wait.reschedule(at)

    async def wait_for(self, awaitable: Awaitable[ValueT]) -> ValueT:
        """Await a value until the time is over; then cancel it and raise OutOfTime."""
        limit = timeout_at(self._at)
        self._waits.add(limit)
        try:
            async with limit:
                return await awaitable
        except TimeoutError:
            if limit.expired():
                raise OutOfTime(has_begun=True) from None
            raise
        finally:
            self._waits.discard(limit)
