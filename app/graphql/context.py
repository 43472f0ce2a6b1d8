"""The context of an operation, which its resolvers share: the principal, a snapshot of the database, and loaders."""

from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import Self

import strawberry

from app.db.database import Database
from app.db.pauses import Pace
from app.db.plans.statement import Statement
from app.db.read_session import ReadSession, SessionEnded
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import MOST_LISTED, Path, Problem, listed
from app.domain.identity import Principal
from app.graphql.loaders import Loaders
from app.services.recent_lists import RecentLists

MAX_REPRESENTATIONS = 10_000
"""Maximum number of representations of one `_entities`. Default of the setting MAX_REPRESENTATIONS."""

HEAVY_VALUES = 100_000
"""Number of requested values from which a query counts as heavy. Default of the setting."""


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

    _is_heavy = False
    """Whether the operation waits for its turn among heavy queries."""

    def __init__(
        self,
        database: Database,
        recent: RecentLists,
        principal: Principal,
        *,
        max_representations: int = MAX_REPRESENTATIONS,
        heavy_values: int = HEAVY_VALUES,
    ) -> None:
        self.principal = principal
        self.max_representations = max_representations
        self.recent = recent
        self._database = database
        self._heavy_values = heavy_values
        self._earlier_statements = 0
        self._has_ended = False
        self.problems, self.row_problems = ListedProblems(), ListedProblems(of_rows=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._has_ended = True
        loaders: Loaders | None = vars(self).get("loaders")
        if loaders is not None:
            loaders.forget()
        session = vars(self).get("session")
        if session is not None:
            # An operation that ends with an exception was stopped: its statements can be canceled.
            await session.end(abandon=kind is not None)

    @cached_property
    def session(self) -> ReadSession:
        """The read session. Its first statement fixes the snapshot. Raises SessionEnded after the operation's end."""
        if self._has_ended:
            raise SessionEnded
        return self._database.session(self.principal.company_id, is_heavy=self._is_heavy)

    @cached_property
    def loaders(self) -> Loaders:
        """The loaders of the session, at first without any cached rows."""
        return Loaders(self.session)

    @cached_property
    def pace(self) -> Pace:
        """Gives the event loop a turn between fields that take long to resolve."""
        return Pace()

    @cached_property
    def unit_of_work(self) -> UnitOfWork:
        """Runs the transactions of mutations."""
        return UnitOfWork(self._database, self.principal.company_id)

    def note_cost(self, values: int) -> None:
        """Note the number of values that a query requests, before it runs."""
        if values >= self._heavy_values:
            self._is_heavy = True

    async def begin_anew(self) -> None:
        """Discard what was read and give the connection back, so that later reads see the current state."""
        known = vars(self)
        loaders: Loaders | None = known.pop("loaders", None)
        if loaders is not None:
            loaders.forget()
        session: ReadSession | None = known.pop("session", None)
        if session is not None:
            self._earlier_statements += session.statements
            await session.end()

    async def answer(self, asked: Statement, parameters: list[object]) -> bytes | None:
        """Return the response that a plan's statement makes; None if graphql-core has to run the operation."""
        self._earlier_statements += 1
        company_id = self.principal.company_id
        row = await self._database.row(
            asked.sql, parameters, company_id, plan_for_values=asked.plan_for_values, is_heavy=self._is_heavy
        )
        return None if row is None else asked.answer(row)

    @property
    def json_scalar(self) -> bool:
        """Whether statements of plans may use JSON_SCALAR."""
        return self._database.plan_connections.json_scalar

    @property
    def statements(self) -> int:
        """Number of SQL statements run so far."""
        known, statements = vars(self), self._earlier_statements
        if "session" in known:
            statements += self.session.statements
        if "unit_of_work" in known:
            statements += self.unit_of_work.statements
        return statements


Info = strawberry.Info[Context, None]
