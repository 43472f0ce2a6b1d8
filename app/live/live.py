"""Live subscriptions of one process: opens streams within limits, and ends them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any
from uuid import UUID

from graphql import ExecutionResult, GraphQLError

from app.db.database import Database
from app.db.rows import EventRow
from app.domain.identity import Principal, Scope
from app.engine.execution import Engine, Operation, Subscribed
from app.engine.request_errors import RequestError, RequestErrorCode
from app.graphql import feed_cursors
from app.graphql.arguments import Problems
from app.graphql.context import Context
from app.live.backlog import Backlog, LiveClient
from app.live.credentials import Credential, Credentials
from app.live.ended import LiveCode, LiveEnded
from app.live.feeds import Feed, Heads
from app.live.groups import Group
from app.live.keys import Key, key_of
from app.live.pace import Paces
from app.live.pages import page_of
from app.live.room import LiveLimits, Room
from app.live.stream import LiveStream
from app.live.updates import Update
from app.scheduling.pauses import working_for
from app.scheduling.turns import Turns

OpenContext = Callable[[Principal], AbstractAsyncContextManager[Context]]
Render = Callable[[ExecutionResult], bytes]
"""Returns the JSON of a result as callers see it; raises DatabaseUnavailable or StatementTimeout."""

_BACKLOG_BYTES = 64_000_000
"""Maximum size of all updates that wait for clients, in bytes. Beyond it, streams of the company with the most end."""
_VALUES_TOGETHER = 50_000
"""Maximum number of values of the events that are executed with one snapshot, unless it is a single event."""
_VALUES_BY_PLAN = 1_000
"""Maximum number of values of an event that is read by a plan, whose response may have 30 kB for each."""
_TURNS, _RESERVED_TURNS = 8, 2
"""Number of groups of all companies that execute events at once; the last turns are for companies that have none."""
_NOBODY = "live"
"""The subject of the principal for which a group is executed: it has the scopes of its streams, and isn't shown."""
_RESTARTING = "The service restarts. Open the subscription again, with the cursor of the last update in `after`."


class Live:
    """The live subscriptions of one process."""

    def __init__(
        self,
        engine: Engine,
        database: Database,
        heads: Heads,
        open_context: OpenContext,
        render: Render,
        *,
        limits: LiveLimits | None = None,
    ) -> None:
        self._engine = engine
        self._database = database
        self._heads = heads
        self._open_context = open_context
        self._render = render
        self._limits = limits or LiveLimits()
        self._room = Room(self._limits)
        self._feeds: dict[UUID, Feed] = {}
        self._streams = set[LiveStream]()
        self.backlog = Backlog(_BACKLOG_BYTES)
        """The updates that wait for clients."""
        self._turns = Turns(_TURNS, reserve=_RESERVED_TURNS, seconds=self._limits.seconds)
        self._paces = Paces()
        self._credentials = Credentials()
        self._is_restarting = False
        self.responses = 0
        """Number of executions: of an event for all equal subscriptions."""
        self.ended = Counter[str]()
        """Number of streams that ended, by code."""

    @property
    def streams(self) -> int:
        """Number of open streams."""
        return self._room.streams

    @property
    def groups(self) -> int:
        """Number of different subscriptions."""
        return sum(len(feed.groups) for feed in self._feeds.values())

    async def subscribe(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        principal: Principal,
        *,
        after: str | None = None,
        credential: Credential | None = None,
        client: LiveClient | None = None,
    ) -> LiveStream:
        """Open a stream, which the caller must close.

        `after`: the cursor to resume after, instead of the operation's argument. `client`: that of a connection with
        several streams. Raise RequestError if the subscription
        can't run, LiveEnded if there is no room for it, and DatabaseUnavailable.
        """
        company_id = principal.company_id
        feed = self._enter(company_id)
        try:
            async with self._open_context(principal) as context:
                subscribed = await self._engine.subscribe(operation, variables, context)
                position = await self._begin(feed, subscribed, context, after)
            return self._open(feed, subscribed, variables, principal, position, credential, client or LiveClient())
        except BaseException:
            self._leave(company_id)
            raise

    @property
    def credentials(self) -> Credentials:
        """The credentials that are checked as long as something is open with them."""
        return self._credentials

    async def recheck(self) -> None:
        """Check the credentials of all streams, which also happens every two seconds."""
        await self._credentials.check()

    def restart(self) -> None:
        """End all streams because the process shuts down, and open no more."""
        self._is_restarting = True
        for stream in [*self._streams]:
            stream.end(LiveCode.SERVICE_RESTARTING, _RESTARTING)

    async def aclose(self) -> None:
        """End all streams, and stop reading."""
        self.restart()
        await self._credentials.aclose()
        for feed in [*self._feeds.values()]:
            await feed.aclose()

    def _enter(self, company_id: UUID) -> Feed:
        if self._is_restarting:
            raise LiveEnded(LiveCode.SERVICE_RESTARTING, _RESTARTING)
        self._room.enter(company_id)
        feed = self._feeds.get(company_id)
        if feed is None:
            # Before the head is read, so that no advance is missed.
            feed = self._feeds[company_id] = Feed(self._database, self._heads, self.backlog, company_id)
        return feed

    def _leave(self, company_id: UUID) -> None:
        if self._room.leave(company_id):
            self._feeds.pop(company_id).close()

    async def _begin(self, feed: Feed, subscribed: Subscribed, context: Context, after: str | None) -> int:
        """Return the position after which a stream begins; raise RequestError if it can't begin there."""
        head = await feed.head.read()
        feed.advance(head.position)
        position: int | None = subscribed.source.after
        try:
            if after is not None:
                problems = Problems()
                position = feed_cursors.decode(after, context.principal.company_id, ("after",), problems)
                problems.reject_if_any()
            if position is None:
                return head.position
            feed_cursors.check_kept(position, head, ("after",))
        except GraphQLError as error:
            raise RequestError([error], RequestErrorCode.VARIABLES) from error
        return position

    def _open(
        self,
        feed: Feed,
        subscribed: Subscribed,
        variables: Mapping[str, Any],
        principal: Principal,
        position: int,
        credential: Credential | None,
        client: LiveClient,
    ) -> LiveStream:
        if self._is_restarting:
            raise LiveEnded(LiveCode.SERVICE_RESTARTING, _RESTARTING)
        company_id, scopes = principal.company_id, principal.scopes
        key = key_of(subscribed.operation, variables, scopes)
        group = feed.groups.get(key)
        if group is None:
            self._room.take(company_id, key)
            respond = partial(self._respond, company_id, scopes, subscribed)
            most = max(1, min(self._limits.queued, _VALUES_TOGETHER // max(subscribed.checked.values, 1)))
            pace = self._paces.of(company_id, key, most)
            group = feed.open(key, subscribed.source.followed, respond, pace)
        on_close = partial(self._close, feed, company_id, key, group, credential)
        stream = LiveStream(
            company_id, position, group, self.backlog, client=client, most=self._limits.queued, on_close=on_close
        )
        group.enter(stream)
        self._room.begin(company_id, stream, key)
        self._streams.add(stream)
        if credential is not None:
            self._credentials.add(credential, stream)
        return stream

    def _close(
        self, feed: Feed, company_id: UUID, key: Key, group: Group, credential: Credential | None, stream: LiveStream
    ) -> None:
        self.ended[stream.code] += 1
        self._room.end(company_id, stream)
        self._streams.discard(stream)
        if credential is not None:
            self._credentials.remove(credential, stream)
        group.leave(stream)
        if not group.streams:
            del feed.groups[key]
            self._room.give_back(company_id, key)
        self._leave(company_id)

    async def _respond(
        self,
        company_id: UUID,
        scopes: frozenset[Scope],
        subscribed: Subscribed,
        events: Sequence[EventRow],
        by_plan: bool,  # noqa: FBT001 - passed on by `partial`
    ) -> list[Update]:
        """Execute a group's subscription for the first events: until the responses fill a page.

        Raise TimeoutError if it takes too long, ResponseTooLong, and DatabaseUnavailable.
        """
        working_for.set(company_id)
        principal = Principal(company_id, _NOBODY, scopes, None)
        async with (
            self._turns.turn(company_id),
            asyncio.timeout(self._limits.seconds),
            self._open_context(principal) as context,
        ):
            by_plan = by_plan and subscribed.checked.values <= _VALUES_BY_PLAN
            bodies = page_of(await self._engine.respond(subscribed, events, context, by_plan=by_plan), self._render)
        self.responses += len(bodies)
        return [
            Update(body, feed_cursors.encode(company_id, event.position), event.position)
            for event, body in zip(events, bodies, strict=False)
        ]
