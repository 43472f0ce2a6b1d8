"""However many documents and filters come, what is remembered of them stays within its bounds."""

import gc
from collections.abc import Iterator
from itertools import islice, product
from typing import Any, TypeVar
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
from app.graphql.planning.query_plan import BYTES_PER_REMEMBERED_STATEMENT, QueryPlan
from app.graphql.schema import executable, schema
from tests.support.toy import LIMITS

KindT = TypeVar("KindT")

DOCUMENTS, STATEMENTS = 20, 10
MANY = 200


class Asked:
    """The context of an operation that only wants to know what the database would be asked."""

    def __init__(self) -> None:
        company_id = UUID("0198c2f0-0000-7000-8000-000000000001")
        self.principal = Principal(company_id, "tester", frozenset(Scope), None)
        self.statements: set[str] = set()

    async def answer(self, sql: str, _parameters: list[object], *, plan_for_values: bool) -> bytes:  # noqa: ARG002 - as it is asked
        """Remember the statement's length in its place: nothing else may be held here."""
        self.statements.add(f"{len(sql)} {hash(sql)}")
        return b"{}"


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


def remembered(kind: type[KindT]) -> list[KindT]:
    """What there is of a kind."""
    return [each for each in gc.get_objects() if type(each) is kind]


class Growth:
    """What came to be remembered since this was made; other tests' engines remember some too."""

    def __init__(self) -> None:
        gc.collect()
        kinds: tuple[type[object], ...] = (Document, Operation, QueryPlan, Statement)
        self._before: dict[type[object], int] = {kind: len(remembered(kind)) for kind in kinds}
        self._sql, self._text = self._lengths()

    def of(self, kind: type[object]) -> int:
        """How many more there are."""
        return len(remembered(kind)) - self._before[kind]

    def sql(self) -> int:
        """How much SQL there is more."""
        return self._lengths()[0] - self._sql

    def text(self) -> int:
        """How much there is more of documents whose operations are there."""
        return self._lengths()[1] - self._text

    def _lengths(self) -> tuple[int, int]:
        operations = remembered(Operation)
        texts = {id(each.syntax): len(each.syntax.loc.source.body) for each in operations if each.syntax.loc}
        return sum(len(each.sql) for each in remembered(Statement)), sum(texts.values())


async def run(engine: Engine, text: str, variables: dict[str, Any], asked: Asked) -> None:
    """Run the only operation of a document by its plan."""
    outcome = await engine.run(engine.prepare(text).select(None), variables, asked)
    assert outcome.execution is Execution.PLANNED


async def test_of_many_documents_the_last_ones_and_their_plans_are_left(engine: Engine) -> None:
    growth, asked = Growth(), Asked()

    for place in range(MANY):
        await run(engine, f"{{a{place}: customers {{totalCount}}}}", {}, asked)

    gc.collect()
    assert len(asked.statements) == MANY
    assert growth.of(Document) == DOCUMENTS
    # A statement's plan is remembered with it, which its document may have forgotten.
    assert growth.of(Operation) == DOCUMENTS
    assert growth.of(QueryPlan) <= DOCUMENTS + STATEMENTS
    assert 0 < growth.sql() <= (DOCUMENTS + STATEMENTS) * BYTES_PER_REMEMBERED_STATEMENT


async def test_of_many_long_documents_fewer_are_left(engine: Engine) -> None:
    growth, asked = Growth(), Asked()
    ids = ", ".join(f'"{UUID(int=place)}"' for place in range(200))

    for place in range(50):
        await run(engine, f"{{a{place}: customers(where: {{ids: [{ids}]}}) {{totalCount}}}}", {}, asked)

    gc.collect()
    assert growth.of(Document) <= 1
    # A document takes more than a hundred times its text: as much of it may be left as if all were of average length.
    assert growth.text() <= DOCUMENTS * BYTES_PER_REMEMBERED_DOCUMENT


def shapes() -> Iterator[dict[str, Any]]:
    """Filters of which no two have the same SQL."""
    flags = ({"isActive": True}, {"hasParent": True}, {"hasParent": False})
    single = ({"customerNumber": "x"}, {"countryCode": "DK"}, {"externalSystemId": None}, {"search": "x"}, *flags)
    for count in range(2, 5):
        yield from ({"not": {"and": each}} for each in product(single, repeat=count))


async def test_of_many_filters_the_statements_used_last_are_left(engine: Engine) -> None:
    growth, asked = Growth(), Asked()
    document = "query($where: CustomerFilter) {customers(where: $where) {nodes {name}}}"

    for where in islice(shapes(), MANY):
        await run(engine, document, {"where": where}, asked)

    gc.collect()
    assert len(asked.statements) == MANY
    assert (growth.of(Document), growth.of(Operation), growth.of(QueryPlan)) == (1, 1, 1)
    assert 0 < growth.sql() <= (STATEMENTS + 1) * BYTES_PER_REMEMBERED_STATEMENT
