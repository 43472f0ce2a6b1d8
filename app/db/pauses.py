"""Let the event loop serve others between the items of a long list.

The work on 500 rows takes up to 0.1 s in all. A small query of another client needs a few turns of the loop: to be read, to be sent to
the database, and to be answered.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection
from typing import Any, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_HOLD_SECONDS = 0.005
"""How long the loop is held at a time."""
_FEW = 20
"""A list of so few items is worked on without a pause."""


async def paced(items: Collection[ItemT]) -> AsyncGenerator[ItemT]:
    """Yield items, with a turn of the event loop before the first one and whenever the work on them has taken 5 ms.

    A task that is canceled ends at one of these turns. Locks and connections that it holds stay held meanwhile.
    """
    if len(items) <= _FEW:
        for item in items:
            yield item
        return
    ends_at = 0.0
    for item in items:
        if time.monotonic() >= ends_at:
            await asyncio.sleep(0)
            ends_at = time.monotonic() + _HOLD_SECONDS
        yield item


async def aside(work: Callable[..., ResultT], *arguments: Any) -> ResultT:
    """Do work that can't be interrupted, and only computes, in a thread: the interpreter gives the loop its turns meanwhile."""
    return await asyncio.to_thread(work, *arguments)
