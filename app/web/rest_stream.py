"""Whole lists over REST: an array of all rows, read page by page from one snapshot while its client receives them.

A short list is read by one statement, as a page is, and may be cached. Of a longer list at most two pages are in
memory: the next one is read while the client receives the last. While others wait for a snapshot and the client is
slow, all pages are read at once, and kept compressed. The snapshot and its connection are given back before the last
page is sent, and whenever the client leaves, the time is over, or the server ends.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from app.domain.identity import Principal
from app.engine.document_limits import Limits
from app.engine.execution import Engine, Operation, Outcome
from app.graphql.planning.reading import MAX_PAGE_SIZE
from app.rest.answers import Pages
from app.rest.pages import Page, page_of
from app.rest.recent_bodies import RecentBodies
from app.scheduling.held_turns import Holder
from app.web.answers import JSON_TYPE, Answer
from app.web.causes import LIST_TIMEOUT
from app.web.deadline import Deadline
from app.web.graphql_request import ClientGone, has_left
from app.web.parts import Parts, Room
from app.web.request_log import OperationRecord
from app.web.rest_answers import Ran, data_of
from app.web.rest_errors import not_found, unmet
from app.web.rest_requests import Given
from app.web.running import OpenContext

OpenSnapshot = Callable[[Holder], AbstractAsyncContextManager[OpenContext]]
Run = Callable[[Given], Awaitable[Outcome]]

FIRST, AFTER = "first", "after"
"""The variables of the documents: the number of rows, and the cursor after which they begin."""

_SHORT_ROWS = 200
"""Maximum number of rows of a list that is read by one statement. Of a longer one, these rows are read for nothing."""
_FIRST_ROWS = 100
"""Number of rows of the first page of a longer list, which is small so that the answer begins soon."""
_PAGE_BYTES = 1_000_000
"""Size of a page, in bytes, beyond which the next one has fewer rows."""
_VALUES_PER_ROW = 50
"""Maximum number of values per row that the documents of lists request."""
_HEADERS = [
    (b"content-type", b"%b; charset=utf-8" % JSON_TYPE.encode()),
    (b"cache-control", b"no-store"),
]


def rows_within(limits: Limits) -> int:
    """Return how many rows the page of a list may have within these limits of operations."""
    allowed = min(limits.max_requested_rows, limits.max_requested_values // _VALUES_PER_ROW)
    return max(1, min(MAX_PAGE_SIZE, allowed))


@dataclass(frozen=True, slots=True)
class WholeLists:
    """Answers requests for whole lists."""

    engine: Engine
    open_snapshot: OpenSnapshot
    deadline: Callable[[Receive], Deadline]
    recent: RecentBodies
    seconds: float
    """How long a client may read a list, once its first page was read."""
    rows: int
    """Maximum number of rows of a page."""
    room: Room = field(default_factory=Room)
    """For the pages that are kept for slow clients."""

    async def answer(
        self, pages: Pages, given: Given, operation: Operation, record: OperationRecord, run: Run
    ) -> "Answer | WholeList":
        """Return the answer. `run`: runs the operation as for a page."""
        whole = WholeList(self, pages, given, operation, record)

        async def read() -> bytes | None:
            page = whole.page_of(await run(given.with_variables({FIRST: min(_SHORT_ROWS, self.rows)})))
            return page.rows if page.after is None else None

        if given.variables:
            body = await read()
        else:
            # Only lists that are the same for all callers of the company have no variables.
            body = await self.recent.get(whole.principal.company_id, given.request.endpoint.path, read)
        if given.condition.tags:
            raise unmet(given.condition, None)
        return whole if body is None else Answer(200, body)


class WholeList:
    """The answer to one request for a list that is not short."""

    def __init__(
        self, lists: WholeLists, pages: Pages, given: Given, operation: Operation, record: OperationRecord
    ) -> None:
        self._lists = lists
        self._pages = pages
        self._given = given
        self._operation = operation
        self._record = record
        self.has_begun = False
        """Whether a part was sent, so that no other answer can be."""
        self._begun_at = 0.0
        self._parts: Parts | None = None

    @property
    def principal(self) -> Principal:
        """The principal of the request."""
        principal = self._record.principal
        assert principal is not None  # noqa: S101 - the request was authenticated
        return principal

    def has_slow_client(self) -> bool:
        """Return whether the client has taken most of the time since the list began."""
        return self._parts is not None and 2 * self._parts.sent_seconds() >= time.monotonic() - self._begun_at

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the list. Raise ClientGone, and the exceptions of operations."""
        if scope["method"] == "HEAD":
            await self._begin(send)
            await _sent(send, b"", is_last=True)
            return
        with self._lists.deadline(receive) as deadline:
            deadline.begin_query()
            async with Parts(self.principal.company_id, partial(self._send_part, send), self._lists.room) as parts:
                self._parts = parts
                async with self._lists.open_snapshot(parts) as open_context:
                    rows = min(_FIRST_ROWS, self._lists.rows)
                    page = await self._read(open_context, {FIRST: rows})
                    deadline.extend(self._lists.seconds, LIST_TIMEOUT)
                    opening = b"["
                    while page.after is not None:
                        await parts.put(opening + page.rows[1:-1])
                        opening = b","
                        rows = max(1, min(self._lists.rows, rows * _PAGE_BYTES // len(page.rows)))
                        page = await self._read(open_context, {FIRST: rows, AFTER: page.after})
                await parts.put(opening + page.rows[1:-1])
        if has_left(receive):
            raise ClientGone
        await _sent(send, b"]", is_last=True)

    def page_of(self, outcome: Outcome) -> Page:
        """Return the page of an outcome. Raise RestError if there is none."""
        page = page_of(self._pages, data_of(Ran(self._operation, outcome, self._given, self._record.request_id)))
        if page is None:
            raise not_found()
        return page

    async def _send_part(self, send: Send, part: bytes) -> None:
        if not self.has_begun:
            await self._begin(send)
        await _sent(send, part)

    async def _begin(self, send: Send) -> None:
        self.has_begun = True
        self._begun_at = time.monotonic()
        self._record.begin_parts()
        await _sending(send, {"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})

    async def _read(self, open_context: OpenContext, variables: Mapping[str, Any]) -> Page:
        async with open_context(self.principal) as context:
            given = self._given.with_variables(variables)
            try:
                outcome = await self._lists.engine.run(self._operation, given.variables, context)
            finally:
                self._record.statements += context.statements
        self._record.execution = outcome.execution
        return self.page_of(outcome)


async def _sent(send: Send, body: bytes, *, is_last: bool = False) -> None:
    await _sending(send, {"type": "http.response.body", "body": body, "more_body": not is_last})


async def _sending(send: Send, message: Message) -> None:
    """Send a part of the answer, once the client has received the one before the last."""
    try:
        await send(message)
    except (OSError, RuntimeError) as error:
        # asyncio and uvloop raise these if the client has disconnected.
        raise ClientGone from error
