"""Let the event loop serve others between the items of a long list, and beside a long computation.

The work on 500 rows takes up to 0.1 s in all. A small query of another client needs a few turns of the loop: to be read, to be sent to
the database, and to be answered.
"""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from app.db.turns import Turns
from app.db.unavailable import TooBusy, TooMuchToCompute

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

MANY_ITEMS = 200
"""From this number of items on, lists among an operation's arguments are read beside the event loop: 1,000 items take up to 10 ms."""
_HOLD_SECONDS = 0.005
"""How long the loop is held at a time."""
_SWITCH_SECONDS = 0.0005
COMPUTING_PATIENCE_SECONDS = 5.0
"""How long a computation waits for its turn."""
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


class Pace:
    """Gives the loop to others after each 5 ms of one operation's work, when many tasks of it go on at once."""

    def __init__(self) -> None:
        self._ends_at: float | None = None

    def _is_over(self) -> bool:
        """Return whether the operation has worked long enough in this turn of the loop."""
        now = time.monotonic()
        if self._ends_at is None:
            self._ends_at = now + _HOLD_SECONDS
            # This comes before the tasks that wait for the next turn.
            asyncio.get_running_loop().call_soon(self._end)
        return now >= self._ends_at

    async def turn(self) -> None:
        """Wait for a turn of the loop in which the operation may go on, if it has worked long enough in this one."""
        while self._is_over():  # noqa: ASYNC110 - what is waited for is a later turn of the loop
            await asyncio.sleep(0)

    def _end(self) -> None:
        self._ends_at = None


async def aside(work: Callable[..., ResultT], *arguments: Any) -> ResultT:
    """Do work that can't be interrupted, and only computes, in a thread: the interpreter gives the loop its turns meanwhile."""
    return await asyncio.to_thread(work, *arguments)


@contextmanager
def short_switches() -> Generator[None]:
    """Have a thread that computes let the event loop in after half a millisecond, instead of 5 ms, whenever the loop has work.

    A small query needs the interpreter some ten times until it is answered.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@dataclass(slots=True)
class _Shared:
    """Work that some wait for."""

    task: asyncio.Task[Any]
    waiting: int = 0


_NO_COMPANY = UUID(int=0)
working_for: ContextVar[UUID] = ContextVar("working_for", default=_NO_COMPANY)
"""The company whose operation is worked on, which decides about its turn."""

# More threads would take more turns of the interpreter from the loop, and end no sooner.
_one_thread = ThreadPoolExecutor(1, "in_turn")
_turns = Turns(1, most_waiting=100, seconds=COMPUTING_PATIENCE_SECONDS)
_under_way: dict[Hashable, _Shared] = {}


async def in_turn(key: Hashable, work: Callable[..., ResultT], *arguments: Any) -> ResultT:
    """Do work that takes long and only computes beside the event loop, one at a time, in turn between companies.

    Work of a company with the key of other work of it that is under way is done once. Work for which nobody waits any more is
    not begun. Raise TooMuchToCompute if too many wait already, or no turn came in time.
    """
    company_id = working_for.get()
    whole_key = company_id, key
    shared = _under_way.get(whole_key)
    if shared is None:
        shared = _under_way[whole_key] = _Shared(asyncio.create_task(_do(company_id, work, arguments)))
    shared.waiting += 1
    try:
        # Unlike awaiting the task, this leaves it to the others when one is canceled.
        await asyncio.wait((shared.task,))
        return shared.task.result()
    finally:
        shared.waiting -= 1
        if not shared.waiting:
            del _under_way[whole_key]
            shared.task.cancel()
            if shared.task.done() and not shared.task.cancelled():
                # It failed just as the last one left: the failure is known.
                shared.task.exception()
        # A failure would hold this frame, and this the failure.
        del shared


async def _do(company_id: UUID, work: Callable[..., ResultT], arguments: Iterable[Any]) -> ResultT:
    try:
        await _turns.take(company_id)
    except TooBusy as error:
        raise TooMuchToCompute(error.waited_seconds) from error.__cause__
    try:
        return await asyncio.wrap_future(_one_thread.submit(work, *arguments))
    finally:
        _turns.give_back(company_id)
