"""However many documents and filters come, what is remembered of them stays within its bounds."""

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any, Self
from uuid import UUID

import pytest
from strawberry.execution.is_awaitable import optimized_is_awaitable

from app.db.plans.statement import Statement
from app.domain.identity import Principal, Scope
from app.engine.documents import BYTES_PER_REMEMBERED_DOCUMENT, Document
from app.engine.execution import Engine, Execution
from app.engine.operations import Operation
from app.engine.plans import Plans
from app.graphql.planning.planner import Planner
from app.graphql.planning.query_plan import QueryPlan
from app.graphql.planning.statements import BYTES_PER_REMEMBERED_STATEMENT
from app.graphql.schema import executable, schema
from tests.support.thorough import examples
from tests.support.toy import LIMITS

DOCUMENTS, STATEMENTS = 20, 10
MANY = examples(200)
"""More than are remembered, however few that is."""


class Asked:
    """The context of an operation that only wants to know what the database would be asked."""

    def __init__(self) -> None:
        company_id = UUID("0198c2f0-0000-7000-8000-000000000001")
        self.principal = Principal(company_id, "tester", frozenset(Scope), None)
        self.statements: set[str] = set()

    json_scalar = False

    async def row(self, asked: Statement, _parameters: list[object]) -> Sequence[bytes]:
        """Remember the statement's length in its place: nothing else may be held here."""
        self.statements.add(f"{len(asked.sql)} {hash((asked.sql, asked.parts))}")
        return [b"{}"] * len(asked.parts)


@pytest.fixture
def engine() -> Engine:
    """An engine that remembers little."""
    planner = Planner(schema, statements=STATEMENTS)
    return Engine(
        executable(schema),
        LIMITS,
        cache_size=DOCUMENTS,
        executor_class=schema.execution_context_class,  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - Strawberry leaves it open
        is_awaitable=optimized_is_awaitable,
        plans=Plans(planner),
    )


@dataclass(frozen=True, slots=True)
class Remembered:
    """Numbers of what all engines of this process remember."""

    counts: dict[type[object], int]
    sql: int
    """Length of all SQL."""
    text: int
    """Length of the documents whose operations are there."""

    @classmethod
    def now(cls) -> Self:
        """Count in one walk over all objects of the process, which may be a million; keep no reference to any."""
        found: dict[type[object], list[Any]] = {Document: [], Operation: [], QueryPlan: [], Statement: []}
        for thing in gc.get_objects():
            if type(thing) in found:
                found[type(thing)].append(thing)
        texts = {id(operation.syntax): operation.syntax.loc for operation in found[Operation]}
        return cls(
            {kind: len(things) for kind, things in found.items()},
            sum(len(statement.sql) for statement in found[Statement]),
            sum(len(location.source.body) for location in texts.values() if location),
        )

    def since(self, before: Self) -> Self:
        """Return what has been added since an earlier count."""
        counts = {kind: count - before.counts[kind] for kind, count in self.counts.items()}
        return replace(self, counts=counts, sql=self.sql - before.sql, text=self.text - before.text)


class Growth:
    """Measures what comes to be remembered; the engines of other tests remember something too."""

    def __init__(self) -> None:
        gc.collect()
        self._before = Remembered.now()

    def measure(self) -> Remembered:
        """Return what has been added and can't be collected."""
        gc.collect()
        return Remembered.now().since(self._before)


async def run(engine: Engine, text: str, variables: dict[str, Any], asked: Asked) -> None:
    """Run the only operation of a document by its plan."""
    outcome = await engine.run(engine.prepare(text).select(None), variables, asked)
    assert outcome.execution is Execution.PLANNED


async def test_of_many_documents_the_last_ones_and_their_plans_are_left(engine: Engine) -> None:
    growth, asked = Growth(), Asked()

    for place in range(MANY):
        await run(engine, f"{{a{place}: customers {{totalCount}}}}", {}, asked)

    grown = growth.measure()
    assert len(asked.statements) == MANY
    assert grown.counts[Document] == DOCUMENTS
    # A statement's plan is remembered with it, which its document may have forgotten.
    assert grown.counts[Operation] == DOCUMENTS
    assert grown.counts[QueryPlan] <= DOCUMENTS + STATEMENTS
    assert 0 < grown.sql <= (DOCUMENTS + STATEMENTS) * BYTES_PER_REMEMBERED_STATEMENT


async def test_of_many_long_documents_fewer_are_left(engine: Engine) -> None:
    growth, asked = Growth(), Asked()
    ids = ", ".join(f'"{UUID(int=place)}"' for place in range(200))

    for place in range(examples(50)):
        await run(engine, f"{{a{place}: customers(where: {{ids: [{ids}]}}) {{totalCount}}}}", {}, asked)

    grown = growth.measure()
    assert grown.counts[Document] <= 1
    # A document takes more than a hundred times its text: as much of it may be left as if all were of average length.
    assert grown.text <= DOCUMENTS * BYTES_PER_REMEMBERED_DOCUMENT


def shapes() -> Iterator[dict[str, Any]]:
    """Filters of which no two have the same SQL."""
    flags = ({"isActive": True}, {"hasParent": True}, {"hasParent": False})
    single = ({"customerNumber": "x"}, {"countryCode": "DK"}, {"externalSystemId": None}, {"search": "x"}, *flags)
    for count in range(2, 5):
        yield from ({"not": {"and": conditions}} for conditions in product(single, repeat=count))


async def test_of_many_filters_the_statements_used_last_are_left(engine: Engine) -> None:
    growth, asked = Growth(), Asked()
    document = "query($where: CustomerFilter) {customers(where: $where) {nodes {name}}}"

    for where in islice(shapes(), MANY):
        await run(engine, document, {"where": where}, asked)

    grown = growth.measure()
    assert len(asked.statements) == MANY
    assert (grown.counts[Document], grown.counts[Operation], grown.counts[QueryPlan]) == (1, 1, 1)
    assert 0 < grown.sql <= (STATEMENTS + 1) * BYTES_PER_REMEMBERED_STATEMENT
