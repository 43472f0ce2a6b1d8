"""Let the event loop serve others between the items of a long list, and beside a long computation.

The work on 500 rows takes up to 0.1 s in all. A small query of another client needs a few turns of the loop: to be read, to be sent to
the database, and to be answered.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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


@dataclass(slots=True)
class _Shared:
    """Work that some wait for."""

    future: asyncio.Future[Any]
    waiting: int = 0


# More threads would take more turns of the interpreter from the loop, and end no sooner.
_one_thread = ThreadPoolExecutor(1, "in_turn")
_under_way: dict[Hashable, _Shared] = {}


async def in_turn(key: Hashable, work: Callable[..., ResultT], *arguments: Any) -> ResultT:
    """Do work aside that takes long and only computes, one after the other in the order of coming.

    Who comes with the key of work that is under way shares it. Work for which nobody waits any more is not begun.
    """
    shared = _under_way.get(key)
    if shared is None:
        shared = _under_way[key] = _Shared(asyncio.wrap_future(_one_thread.submit(work, *arguments)))
    shared.waiting += 1
    try:
        # Unlike awaiting the future, this leaves it to the others when one is canceled.
        await asyncio.wait((shared.future,))
        return shared.future.result()
    finally:
        shared.waiting -= 1
        if not shared.waiting:
            del _under_way[key]
            shared.future.cancel()
