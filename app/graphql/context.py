"""What every resolver of one operation shares: who asks, one moment of the database, its loaders."""

from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import Self

import strawberry

from app.db.database import Database
from app.db.pauses import Pace
from app.db.read_session import ReadSession, SessionEnded
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import MOST_LISTED, Path, Problem, listed
from app.domain.identity import Principal
from app.graphql.loaders import Loaders
from app.services.recent_lists import RecentLists

MAX_REPRESENTATIONS = 10_000
"""The most representations of one `_entities`, unless the service is set otherwise."""

HEAVY_VALUES = 100_000
"""From how many requested values on a query counts as heavy, unless the service is set otherwise."""


class ListedProblems:
    """The problems that the payloads of one operation list, or the rows of its lists: a bounded number together."""

    def __init__(self, *, of_rows: bool = False) -> None:
        self._left = MOST_LISTED
        self._of_rows = of_rows

    def of(self, problems: Sequence[Problem]) -> Sequence[Problem]:
        """Return those of one payload or row that are listed: always the first one, and how many there are."""
        most = max(1, self._left)
        self._left = max(0, self._left - len(problems))
        return listed(problems, most, self._path(problems[0])) if len(problems) > most else problems

    def _path(self, problem: Problem) -> Path:
        """Return the path of the whole input, or of the row: ("rows", 3)."""
        size = next((place for place, part in enumerate(problem.path, 1) if isinstance(part, int)), 0)
        return problem.path[:size] if self._of_rows else ()


class Context:
    """The context of one operation; it ends what it has begun to read when the operation ends."""

    _is_heavy = False
    """Whether it takes a turn among the heavy queries."""

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
            # An operation that ends with an exception was stopped, and nobody waits for what it still reads.
            await session.end(abandon=kind is not None)

    @cached_property
    def session(self) -> ReadSession:
        """A session that is yet to see its moment; SessionEnded where the operation has ended."""
        if self._has_ended:
            raise SessionEnded
        return self._database.session(self.principal.company_id, is_heavy=self._is_heavy)

    @cached_property
    def loaders(self) -> Loaders:
        """Loaders over the session, which know nothing yet."""
        return Loaders(self.session)

    @cached_property
    def pace(self) -> Pace:
        """Turns of the event loop between fields that take long to resolve; they are resolved together."""
        return Pace()

    @cached_property
    def unit_of_work(self) -> UnitOfWork:
        """The way to write."""
        return UnitOfWork(self._database, self.principal.company_id)

    def note_cost(self, values: int) -> None:
        """Take note of how many values a query asks for, before it runs."""
        if values >= self._heavy_values:
            self._is_heavy = True

    async def begin_anew(self) -> None:
        """Forget what was read, so that what follows sees what is stored now; hold no connection meanwhile."""
        known = vars(self)
        loaders: Loaders | None = known.pop("loaders", None)
        if loaders is not None:
            loaders.forget()
        session: ReadSession | None = known.pop("session", None)
        if session is not None:
            self._earlier_statements += session.statements
            await session.end()

    async def answer(self, sql: str, parameters: list[object], *, plan_for_values: bool) -> bytes | None:
        """Run a plan's statement."""
        self._earlier_statements += 1
        company_id = self.principal.company_id
        return await self._database.answer(
            sql, parameters, company_id, plan_for_values=plan_for_values, is_heavy=self._is_heavy
        )

    @property
    def statements(self) -> int:
        """SQL statements run so far."""
        known, statements = vars(self), self._earlier_statements
        if "session" in known:
            statements += self.session.statements
        if "unit_of_work" in known:
            statements += self.unit_of_work.statements
        return statements


Info = strawberry.Info[Context, None]
