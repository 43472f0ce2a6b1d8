"""Let the event loop serve other requests during the work on a long list, and during a long computation.

The work on 500 rows takes up to 0.1 s. A small query needs several turns of the event loop: to be read, to be sent to
the database, and to be answered.
"""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from app.scheduling.turns import Turns
from app.unavailable import TooBusy, TooMuchToCompute

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

MANY_ITEMS = 200
"""Number of items from which lists in arguments are read in a thread: 1,000 items take up to 10 ms."""
HOLD_SECONDS = 0.005
"""How long one task may block the event loop, in seconds."""
_SWITCH_SECONDS = 0.0005
COMPUTING_PATIENCE_SECONDS = 5.0
"""How long a computation waits for its turn, in seconds."""
_FEW = 20
"""Maximum length of lists that are worked on without a pause."""


async def paced(items: Collection[ItemT]) -> AsyncGenerator[ItemT]:
    """Yield items. Give the event loop a turn before the first one, and after each 5 ms of work.

    A canceled task ends at one of these turns. Locks and connections that it holds stay held meanwhile.
    """
    if len(items) <= _FEW:
        for item in items:
            yield item
        return
    ends_at = 0.0
    for item in items:
        if time.monotonic() >= ends_at:
            await asyncio.sleep(0)
            ends_at = time.monotonic() + HOLD_SECONDS
        yield item


class Pace:
    """Gives the event loop a turn after each 5 ms of work of one operation, which may have many tasks."""

    def __init__(self) -> None:
        self._ends_at: float | None = None

    def _is_over(self) -> bool:
        """Return whether the operation has used up its time in this turn of the event loop."""
        now = time.monotonic()
        if self._ends_at is None:
            self._ends_at = now + HOLD_SECONDS
            # Runs before the tasks that wait for the next turn.
            asyncio.get_running_loop().call_soon(self._end)
        return now >= self._ends_at

    async def turn(self) -> None:
        """Wait for a later turn of the event loop if the operation has used up its time in this one."""
        while self._is_over():  # noqa: ASYNC110 - waits for a later turn of the event loop
            await asyncio.sleep(0)

    def _end(self) -> None:
        self._ends_at = None


async def run_aside(work: Callable[..., ResultT], *arguments: Any) -> ResultT:
    """Run a function that only computes in a thread, so that the event loop gets turns meanwhile."""
    return await asyncio.to_thread(work, *arguments)


@contextmanager
def short_switches() -> Generator[None]:
    """Switch between threads after 0.5 ms instead of 5 ms, so that the event loop waits less for a computing thread.

    A small query waits for the interpreter about ten times.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@dataclass(slots=True)
class _Shared:
    """A computation and the number of tasks that wait for it."""

    task: asyncio.Task[Any]
    waiting: int = 0


_NO_COMPANY = UUID(int=0)
working_for: ContextVar[UUID] = ContextVar("working_for", default=_NO_COMPANY)
"""The company of the current operation: companies take turns."""

# More threads would take more of the interpreter's time from the event loop, and would not finish earlier.
_one_thread = ThreadPoolExecutor(1, "in_turn")
_turns = Turns(1, most_waiting=100, seconds=COMPUTING_PATIENCE_SECONDS)
# Short ones don't wait for long ones, and many more of them may wait, as after a start with empty caches.
_short_thread = ThreadPoolExecutor(1, "in_short_turn")
_short_turns = Turns(1, most_waiting=1_000, seconds=COMPUTING_PATIENCE_SECONDS)
_under_way: dict[Hashable, _Shared] = {}


async def run_in_turn(key: Hashable, work: Callable[..., ResultT], *arguments: Any, is_small: bool = False) -> ResultT:
    """Run a long function that only computes in a thread, one at a time.

    Companies take turns, and so do small and large computations of one company. Calls with the same company and key
    share one run. A run that no task waits for doesn't begin. Raise TooMuchToCompute if too many computations are
    waiting, or if the wait takes too long.
    """
    return await _once(_turns, _one_thread, key, partial(work, *arguments), is_small=is_small)


async def run_in_short_turn(key: Hashable, work: Callable[..., ResultT], *arguments: Any) -> ResultT:
    """Do the same as `run_in_turn` with a function that takes up to 20 ms, of which many may be wanted at once."""
    return await _once(_short_turns, _short_thread, key, partial(work, *arguments), is_small=True)


async def _once(
    turns: Turns, thread: ThreadPoolExecutor, key: Hashable, work: Callable[[], ResultT], *, is_small: bool
) -> ResultT:
    company_id = working_for.get()
    whole_key = company_id, key
    shared = _under_way.get(whole_key)
    if shared is None:
        shared = _under_way[whole_key] = _Shared(
            asyncio.create_task(_do(turns, thread, company_id, work, is_small=is_small))
        )
    shared.waiting += 1
    try:
        # Awaiting the task itself would cancel it for all tasks when one is canceled.
        await asyncio.wait((shared.task,))
        return shared.task.result()
    finally:
        shared.waiting -= 1
        if not shared.waiting:
            del _under_way[whole_key]
            shared.task.cancel()
            if shared.task.done() and not shared.task.cancelled():
                # It failed after the last task was canceled. Retrieve the exception, or asyncio logs it.
                shared.task.exception()
        # The exception refers to this frame: don't let the frame refer to the exception.
        del shared


async def _do(
    turns: Turns, thread: ThreadPoolExecutor, company_id: UUID, work: Callable[[], ResultT], *, is_small: bool
) -> ResultT:
    try:
        await turns.take(company_id, is_small=is_small)
    except TooBusy as error:
        raise TooMuchToCompute(error.waited_seconds, most_waiting=error.most_waiting) from error.__cause__
    try:
        return await asyncio.wrap_future(thread.submit(work))
    finally:
        turns.give_back(company_id)
