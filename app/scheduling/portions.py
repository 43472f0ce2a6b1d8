"""Let the event loop serve other requests while long answers are put together from rows that were read already.

49 fields that show the same page of 500 customers share one read. Without pauses, all of them would be completed in one
turn of the event loop, which takes 0.8 s. The same applies to 10,000 objects that wait for the rows of one read.
"""

import asyncio
import time
from collections import deque
from contextvars import ContextVar
from typing import Any, NamedTuple

from typing_extensions import override

from app.scheduling.pauses import HOLD_SECONDS, working_for
from app.scheduling.pausing_queue import PausingQueue

_FREE = 250
"""Number of objects that an operation completes, and of values that it gets, without a pause.

So small operations don't wait for large ones.
"""
_LONG_LIST_SECONDS = 0.02
"""HOLD_SECONDS for the rows of a list that has begun: a wait for each takes longer than one for the list."""
_TOGETHER = 100
"""Number of waiting objects that are completed in one turn of the event loop."""
_PAUSE = 10
"""Turns of the event loop between two portions: a small query needs about as many."""
_QUIET = 8
"""Turns of the event loop from the completion of a list until its rows have asked loaders for what they lead to."""
_LOOK_AGAIN_SECONDS = 0.001


class Portions(PausingQueue["dict[PortionedAnswer, None]"]):
    """Divides work on answers into portions. Companies that wait take turns, and so do operations of each company."""

    def __init__(self) -> None:
        super().__init__(_PAUSE)
        self._continues = False
        """Whether objects of the last portion are continuing."""
        self._began_at: float | None = None

    @property
    def is_closed(self) -> bool:
        """Whether an operation waits, and it isn't the turn of a portion."""
        return bool(self.waiting) and not self._continues

    def held(self) -> float:
        """Return for how many seconds answers have been worked on in this turn of the event loop."""
        now = time.monotonic()
        if self._began_at is None:
            self._began_at = now
            asyncio.get_running_loop().call_soon(self._end)
        return now - self._began_at

    def add(self, answer: "PortionedAnswer") -> None:
        """Add an operation that isn't waiting yet to those that wait."""
        self.waiting.setdefault(answer.company_id, {})[answer] = None
        if not self.is_pausing:
            self.pause()

    def _end(self) -> None:
        self._began_at = None

    @override
    def on_turn(self) -> None:
        """Note that the objects of the last portion have continued, which they do before the first turn."""
        self._continues = False

    @override
    def release(self) -> bool:
        """Let waiting operations continue in turn, together at most `_TOGETHER` items."""
        released = 0
        while self.waiting and released < _TOGETHER:
            company_id, answers = self.next_company()
            answer = next(iter(answers))
            del answers[answer]
            released += answer.release(_TOGETHER - released)
            # It is the company's last one now.
            if answer.is_waiting:
                answers[answer] = None
            self.put_back(company_id, answers)
        self._continues = released > 0
        return self._continues


class _Waiting(NamedTuple):
    """A list or object that waits for its turn, or callers of a loader whose value is known."""

    items: int
    """Number of items of each."""
    following: deque[asyncio.Future[Any]]
    value: asyncio.Future[Any] | None = None
    """What the loader found; None for lists and objects."""


def _copy(value: asyncio.Future[Any], following: asyncio.Future[Any]) -> None:
    """Give a future the outcome of another one, unless it was canceled."""
    if following.done():
        return
    if value.cancelled():
        following.cancel()
    elif (error := value.exception()) is not None:
        following.set_exception(error)
    else:
        following.set_result(value.result())


class PortionedAnswer:
    """The answer of one operation: its lists and objects wait for their turns, and so do the callers of its loaders."""

    def __init__(self, portions: Portions) -> None:
        self.company_id = working_for.get()
        self.has_waited = False
        self._portions = portions
        self._waiting: deque[_Waiting] = deque()
        self._callers: dict[asyncio.Future[Any], deque[asyncio.Future[Any]]] = {}
        """Those that wait for values of loaders."""
        self._completed = self._handed_over = 0

    @property
    def is_waiting(self) -> bool:
        """Whether something waits for its turn."""
        return bool(self._waiting)

    def must_wait(self, items: int, *, is_row: bool = False) -> bool:
        """Return whether a list of a number of items, or an object, has to wait for its turn. `is_row`: in a list."""
        if not is_row:
            self._completed += items
        if self._completed <= _FREE:
            return False
        held = self._portions.held()
        return held >= _LONG_LIST_SECONDS if is_row else held >= HOLD_SECONDS or self._portions.is_closed

    async def turn(self, items: int) -> None:
        """Wait for a later turn of the event loop, for a list of a number of items or an object."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._add(_Waiting(items, deque((mine,))))
        await mine

    def value_for_one(self, value: asyncio.Future[Any]) -> asyncio.Future[Any]:
        """Return a future for one caller of a loader, which can be canceled without the loader's own.

        Many callers that wait for values get them in portions: they all would continue in one turn of the event loop.
        """
        mine: asyncio.Future[Any] = value.get_loop().create_future()
        callers = self._callers.get(value)
        if callers is None:
            callers = self._callers[value] = deque()
            value.add_done_callback(self._hand_over)
        callers.append(mine)
        return mine

    def _hand_over(self, value: asyncio.Future[Any]) -> None:
        if not value.cancelled():
            # Retrieve the exception, or asyncio logs it if all callers were canceled.
            value.exception()
        callers = self._callers.pop(value)
        self._handed_over += len(callers)
        if self._handed_over > _FREE:
            self._add(_Waiting(1, callers, value))
            return
        for mine in callers:
            _copy(value, mine)

    def _add(self, waiting: _Waiting) -> None:
        self.has_waited = True
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            self._portions.add(self)

    def release(self, most: int) -> int:
        """Let at least one continue, and more up to a number of items; return their number of items."""
        released = 0
        while self._waiting and released < most:
            items, those, value = self._waiting[0]
            following = those.popleft()
            if not those:
                self._waiting.popleft()
            # Skip one that was canceled while it waited.
            if following.done():
                continue
            if value is None:
                following.set_result(None)
            else:
                _copy(value, following)
            released += items
        return released

    async def wait_until_settled(self) -> None:
        """Wait until no list waits for its turn, and the rows of all have asked loaders for what they lead to.

        Else the rows of each list would be one batch: a statement more for each list.
        """
        quiet = 0
        while quiet < _QUIET:
            if self._waiting:
                quiet = 0
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            else:
                quiet += 1
                await asyncio.sleep(0)


current_answer: ContextVar[PortionedAnswer | None] = ContextVar("current_answer", default=None)
"""The answer of the operation that is being executed field by field."""
