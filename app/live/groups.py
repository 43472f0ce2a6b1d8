"""Groups of equal streams: each event is executed once, and the response sent to all."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog

from app.db.rows import EventRow
from app.graphql.feed import Followed
from app.live.ended import LiveCode
from app.live.latest import Latest
from app.live.pace import Pace
from app.live.pages import ResponseTooLong
from app.live.reading import EventsMissing, Reading
from app.live.stream import LiveStream
from app.live.updates import Update, sent_together
from app.unavailable import DatabaseUnavailable, StatementTimeout

_log = structlog.get_logger()

Respond = Callable[[Sequence[EventRow], bool], Awaitable[list[Update]]]
"""Executes the group's subscription for the first of some events, by its plan or not; for fewer than all if the
responses are long. Raises ResponseTooLong."""

_PAUSE_SECONDS = 0.5
"""Pause before another attempt while the database is unavailable, in seconds."""


class Turns(NamedTuple):
    """The turns of a company's groups to read."""

    new: asyncio.Semaphore
    old: asyncio.Semaphore
    has_room: Callable[[], bool]
    """Returns whether clients may be given more of what they missed."""


class Page(NamedTuple):
    """The updates up to a position."""

    updates: Sequence[Update]
    position: int


class End(NamedTuple):
    """Why streams can't go on."""

    code: LiveCode
    message: str


_GAP = End(
    LiveCode.FEED_CURSOR_EXPIRED,
    "Events after the cursor are no longer kept, or it is ahead of the feed. Read the data again together with a new"
    " `feedCursor`, and follow from there.",
)
_TOO_LONG = End(
    LiveCode.UNAVAILABLE,
    "The response to an event took too long to read, perhaps because of a lock. Resume after `cursor`, with fewer fields"
    " if it happens again.",
)
_TOO_LARGE = End(
    LiveCode.UNAVAILABLE,
    "The response to an event is too long. Select fewer fields, and resume after `cursor`.",
)
_FAILED = End(LiveCode.UNAVAILABLE, "The response to an event could not be read. Resume after `cursor`.")


class Group:
    """The streams of one company with the same operation, variables and scopes.

    A stream that is behind reads by itself. It joins the group, which then pushes updates to it, once it has caught up.
    """

    def __init__(
        self,
        followed: Followed,
        respond: Respond,
        *,
        reading: Reading,
        head: Callable[[], int],
        turns: Turns,
        pace: Pace,
    ) -> None:
        self.position = 0
        self._followed = followed
        self._respond = respond
        self._reading = reading
        self._head = head
        self._turns = turns
        self._pace = pace
        self._all = set[LiveStream]()
        """All streams, including those that are behind."""
        self._members: dict[LiveStream, None] = {}
        self._latest = Latest()
        self._pages: dict[int, asyncio.Task[Page | End | None]] = {}
        self._following: asyncio.Task[None] | None = None

    @property
    def streams(self) -> int:
        """Number of streams."""
        return len(self._all)

    def enter(self, stream: LiveStream) -> None:
        """Add a stream, which joins once it has caught up."""
        self._all.add(stream)

    def wake(self) -> None:
        """Go on after the feed has advanced."""
        if self._following is None and self._is_behind():
            self._following = asyncio.create_task(self._follow())

    async def catch_up(self, stream: LiveStream) -> None:
        """Push the next updates to a stream that is behind, or let it join."""
        if self._join(stream):
            self.wake()
            return
        match await self._page_after(stream.pushed):
            case Page() as page:
                stream.receive(page.updates, page.position)
            case End() as end:
                stream.end(*end)
            case None:
                await asyncio.sleep(_PAUSE_SECONDS)

    def end(self) -> None:
        """End all streams, because the feed no longer has the positions that they have."""
        for stream in self._all:
            stream.end(*_GAP)

    def leave(self, stream: LiveStream) -> None:
        """Remove a stream."""
        self._all.discard(stream)
        self._members.pop(stream, None)
        stream.is_member = False

    async def aclose(self) -> None:
        """Stop reading."""
        running = [task for task in (self._following, *self._pages.values()) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _is_behind(self) -> bool:
        return bool(self._members) and self.position < self._head()

    def _join(self, stream: LiveStream) -> bool:
        """Add a stream that has all updates, or the last of which are kept; return whether it is one."""
        if not self._members:
            if stream.pushed < self._head():
                return False
            self.position = stream.pushed
            self._latest.clear(self.position)
        if stream.pushed < self._latest.begins:
            return False
        stream.receive(self._latest.after(stream.pushed), self.position)
        self._members[stream] = None
        stream.is_member = True
        return True

    async def _follow(self) -> None:
        try:
            while self._is_behind():
                async with self._turns.new:
                    read = await self._read(self.position)
                match read:
                    case Page() as page:
                        self._send(page)
                    case End() as end:
                        for stream in [*self._members]:
                            stream.end(*end)
                            self._members.pop(stream)
                    case None:
                        await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._following = None

    def _send(self, page: Page) -> None:
        for update in page.updates:
            self._latest.add(update)
        for updates in sent_together(page.updates, asyncio.get_running_loop().time()):
            for stream in [stream for stream in self._members if not stream.push(updates)]:
                del self._members[stream]
        self.position = page.position

    async def _page_after(self, position: int) -> Page | End | None:
        """Return the next updates. Streams that are at the same position share them, as after a restart."""
        page = self._pages.get(position)
        if page is None:
            page = self._pages[position] = asyncio.create_task(self._read_old(position))
            page.add_done_callback(lambda _: self._pages.pop(position, None))
        return await asyncio.shield(page)

    async def _read_old(self, position: int) -> Page | End | None:
        async with self._turns.old:
            return await self._read(position) if self._turns.has_room() else None

    async def _read(self, position: int) -> Page | End | None:
        """Return the next updates, or why there are none: None if another attempt may succeed."""
        events: Sequence[EventRow] = ()
        try:
            found = await self._reading.after(position, self._head(), self._followed)
            events = found.events[: self._pace.together]
            began = time.monotonic()
            updates = await self._respond(events, self._pace.by_plan) if events else []
        except EventsMissing:
            return _GAP
        except DatabaseUnavailable:
            return None
        except (StatementTimeout, TimeoutError):
            # A stream that is resumed reads the same events, so it gets on only if fewer are tried.
            return None if self._pace.was_late(len(events)) else _TOO_LONG
        except ResponseTooLong:
            return None if self._pace.was_too_long() else _TOO_LARGE
        except Exception as error:  # noqa: BLE001 - only this group's streams end
            _log.error("live_failure", exc_info=error)
            return _FAILED
        if updates:
            self._pace.was_read(updates, time.monotonic() - began)
        read = found.position if len(updates) == len(found.events) else updates[-1].position
        # Nothing is visible yet of what was announced.
        return Page(updates, read) if read > position else None
