"""The context of an operation, which its resolvers share: the principal, a snapshot of the database, and loaders."""

from asyncio import Lock
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TypeVar

import strawberry

from app.db.database import Database
from app.db.plans.statement import Statement
from app.db.read_session import ReadSession, SessionEnded
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import MOST_LISTED, Path, Problem, listed
from app.domain.identity import Principal
from app.graphql.loaders import Loaders
from app.scheduling.pauses import MANY_ITEMS, Pace, run_in_turn
from app.services.recent_lists import RecentLists
from app.services.webhook_rules import WebhookRules

ResultT = TypeVar("ResultT")

MAX_REPRESENTATIONS = 10_000
"""Maximum number of representations of one `_entities`. Default of the setting MAX_REPRESENTATIONS."""

HEAVY_VALUES = 100_000
"""Number of requested values from which a query counts as heavy. Default of the setting."""
_VALUES_PER_ITEM = 20
"""Number of values that take as long as an item of a list in the arguments: `nodes` looks for an id in nine tables."""
_SMALL_SHARE = 50
"""Operations with less than this fraction of the cost of a heavy query are small."""


class ListedProblems:
    """Limits the number of problems that the payloads of one operation, or their rows, list together."""

    def __init__(self, *, of_rows: bool = False) -> None:
        self._left = MOST_LISTED
        self._of_rows = of_rows

    def of(self, problems: Sequence[Problem]) -> Sequence[Problem]:
        """Return the listed problems of one payload or row: at least the first, and the number of those left out."""
        most = max(1, self._left)
        self._left = max(0, self._left - len(problems))
        return listed(problems, most, self._path(problems[0])) if len(problems) > most else problems

    def _path(self, problem: Problem) -> Path:
        """Return the path of the whole input, or of the row: ("rows", 3)."""
        size = next((place for place, part in enumerate(problem.path, 1) if isinstance(part, int)), 0)
        return problem.path[:size] if self._of_rows else ()


class Context:
    """The context of one operation; it closes the session when the operation ends."""

    _is_small = True
    """Whether the operation doesn't wait for all larger ones of its company."""
    _has_heavy_turn = False
    _has_heavy_payload = False

    def __init__(
        self,
        database: Database,
        recent: RecentLists,
        principal: Principal,
        *,
        max_representations: int = MAX_REPRESENTATIONS,
        heavy_values: int = HEAVY_VALUES,
        webhook_rules: WebhookRules | None = None,
        snapshot: ReadSession | None = None,
        accepted_versions: tuple[int, ...] = (),
    ) -> None:
        """With a snapshot, the operation reads nothing else, and leaves it open for others."""
        self.principal = principal
        self.accepted_versions = accepted_versions
        """Versions of which the object that is updated must have one, the latest first; empty for any. An `If-Match`
        has several; the input of a mutation expects one."""
        self.max_representations = max_representations
        self.reads_current_lists: bool | None = None if snapshot is None else True
        """Whether lists must not be older than what else is read, such as the feed; None until a list asks."""
        self.recent = recent
        self._database = database
        self._heavy_values = heavy_values
        self._webhook_rules = webhook_rules
        self._snapshot = snapshot
        self._earlier_statements = 0 if snapshot is None else -snapshot.statements
        self._has_ended = False
        self._ending: AsyncExitStack | None = None
        """Gives back the turn of a heavy query."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._has_ended = True
        loaders: Loaders | None = vars(self).get("loaders")
        if loaders is not None:
            loaders.forget()
        session = vars(self).get("session") if self._snapshot is None else None
        # An operation that ends with an exception was stopped: its statements can be canceled.
        if self._ending is not None:
            async with self._ending:
                if session is not None:
                    await session.end(abandon=kind is not None)
        elif session is not None:
            await session.end(abandon=kind is not None)

    @cached_property
    def problems(self) -> ListedProblems:
        """Limits the problems of payloads."""
        return ListedProblems()

    @cached_property
    def row_problems(self) -> ListedProblems:
        """Limits the problems of rows."""
        return ListedProblems(of_rows=True)

    @cached_property
    def session(self) -> ReadSession:
        """The read session. Its first statement fixes the snapshot. Raises SessionEnded after the operation's end."""
        if self._has_ended:
            raise SessionEnded
        if self._snapshot is not None:
            return self._snapshot
        session = self._database.session(
            self.principal.company_id, is_small=self._is_small, has_heavy_turn=self._has_heavy_turn
        )
        if self._has_heavy_payload:
            session.become_heavy()
        return session

    @cached_property
    def loaders(self) -> Loaders:
        """The loaders of the session, at first without any cached rows."""
        return Loaders(self.session)

    @cached_property
    def pace(self) -> Pace:
        """Gives the event loop a turn between fields that take long to resolve."""
        return Pace()

    async def compute(self, work: Callable[[], ResultT], items: int) -> ResultT:
        """Return the result of a function that reads a list with this number of items, a long list in a thread.

        One list at a time, so that an operation with many of them takes one place in the queue.
        """
        if items < MANY_ITEMS:
            return work()
        async with self._computing:
            return await run_in_turn(object(), work)

    @cached_property
    def _computing(self) -> Lock:
        return Lock()

    @cached_property
    def unit_of_work(self) -> UnitOfWork:
        """Runs the transactions of mutations."""
        return UnitOfWork(self._database, self.principal.company_id, is_small=self._is_small)

    @property
    def webhook_rules(self) -> WebhookRules:
        """The rules for webhook endpoints."""
        assert self._webhook_rules is not None  # noqa: S101 - the application passes them
        return self._webhook_rules

    def begin(self, values: int, items: int, *, is_query: bool) -> Awaitable[None] | None:
        """Return what waits for the operation's turn if it is a heavy query, otherwise None.

        Awaiting it may raise TooManyHeavy.

        A heavy payload of a mutation waits before it is read, so after the commit: the
        error of a rejected one is that of its fields.
        `values` is the number of values that the operation requests, `items` the number of items in its lists.
        """
        if self._snapshot is not None:
            # Snapshots have turns of their own.
            return None
        cost = values + items * _VALUES_PER_ITEM
        self._is_small = cost * _SMALL_SHARE < self._heavy_values
        if cost < self._heavy_values:
            return None
        self._has_heavy_payload = not is_query
        return self._take_heavy_turn() if is_query else None

    async def _take_heavy_turn(self) -> None:
        self._ending = AsyncExitStack()
        await self._ending.enter_async_context(self._database.heavy_turn(self.principal.company_id))
        self._has_heavy_turn = True

    async def begin_anew(self) -> None:
        """Discard what was read and give the connection back, so that later reads see the current state."""
        known = vars(self)
        session: ReadSession | None = known.get("session")
        if session is not None:
            # If this is canceled, the context ends the session.
            await session.end()
            del known["session"]
            self._earlier_statements += session.statements
        loaders: Loaders | None = known.pop("loaders", None)
        if loaders is not None:
            loaders.forget()

    async def row(self, asked: Statement, parameters: list[object]) -> Sequence[Any] | None:
        """Return the row of a plan's statement, or None if it has none."""
        if self._snapshot is not None:
            return await self._snapshot.row(asked.sql, parameters, plan_for_values=asked.plan_for_values)
        self._earlier_statements += 1
        company_id = self.principal.company_id
        return await self._database.row(
            asked.sql,
            parameters,
            company_id,
            plan_for_values=asked.plan_for_values,
            is_heavy=self._has_heavy_payload,
            is_small=self._is_small,
            has_heavy_turn=self._has_heavy_turn,
        )

    @property
    def json_scalar(self) -> bool:
        """Whether statements of plans may use JSON_SCALAR."""
        return self._database.plan_connections.json_scalar

    @property
    def statements(self) -> int:
        """Number of SQL statements run so far."""
        known, statements = vars(self), self._earlier_statements
        session: ReadSession | None = self._snapshot or known.get("session")
        if session is not None:
            statements += session.statements
        if "unit_of_work" in known:
            statements += self.unit_of_work.statements
        return statements


Info = strawberry.Info[Context, None]
