"""Operations in a spelling, beside the same ones without: the bytes of a plan are those that are written again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.db.database import Database
from app.domain.identity import Principal, Scope
from app.domain.spelling import Spelling
from app.engine.document_limits import Limits
from app.engine.execution import Engine, Execution, Operation
from app.engine.plans import Plans
from app.engine.request_errors import RequestError
from app.engine.spelling import respelled
from app.graphql.context import Context
from app.graphql.planning.planner import Planner
from app.graphql.rules import Rules
from app.graphql.schema import executable, schema
from app.graphql.strawberry_seam import executor_class, optimized_is_awaitable
from app.services.recent_lists import RecentLists
from app.web.failures import document_answer
from app.web.running import result_json
from tests.differential.applications import Answer, Request
from tests.differential.contract import contract

SCHEMA = executable(schema)
EVERYTHING = Spelling(
    {name: {value: f"{name}.{value.lower()}" for value in values} for name, values in contract().enums.items()},
    decimals_as_numbers=True,
)
"""A spelling that changes every enumeration, and tells which one it has changed."""


def engine(plans: Plans | None) -> Engine:
    """An engine beyond all limits."""
    return Engine(
        SCHEMA,
        Limits(*([10**9] * 9), max_input_items=10_000),
        cache_size=100,
        executor_class=executor_class(schema),
        is_awaitable=optimized_is_awaitable,
        plans=plans,
        guard=Rules(SCHEMA),
    )


@dataclass(slots=True)
class Spelled:
    """Runs each operation in a spelling and without, by its plan and field by field."""

    database: Database
    spelling: Spelling
    planning: Engine = field(default_factory=lambda: engine(Plans(Planner(schema, statements=100))))
    reference: Engine = field(default_factory=lambda: engine(None))
    _principals: dict[str, Principal] = field(default_factory=dict[str, Principal])

    def token(self, company_id: UUID, *scopes: Scope) -> str:
        """The name of a credential."""
        name = f"{company_id} {scopes}"
        self._principals[name] = Principal(company_id, "tester", frozenset(scopes), None)
        return name

    async def same(self, token: str, request: Request) -> Answer:
        """The answer without a spelling, after all ways to spell it have given the same bytes."""
        try:
            plain = self.planning.prepare(request.query).select(request.operation_name)
            body, execution = await self.body(self.planning, plain, token, request)
        except RequestError as error:
            return Answer(400, {}, document_answer(error, request.accept).body, planned=False)
        spelled = plain.spelled(self.spelling)
        expected = respelled(spelled, SCHEMA, body)
        spelled_body, spelled_execution = await self.body(self.planning, spelled, token, request)
        by_fields, _ = await self.body(self.reference, spelled, token, request)
        assert spelled_body == expected, request
        assert by_fields == expected, request
        # Who is asking is in GraphQL's spelling, so showing the scopes in another one isn't planned.
        assert spelled_execution is execution or b'"Scope.' in spelled_body, request
        return Answer(200, {}, body, planned=execution is Execution.PLANNED)

    async def body(self, engine: Engine, operation: Operation, token: str, request: Request) -> tuple[bytes, Execution]:
        """The body of a response in the operation's spelling, and how the operation was executed."""
        variables: Mapping[str, Any] = request.variables or {}
        recent = RecentLists(seconds=0, size=0)
        async with Context(self.database, recent, self._principals[token]) as context:
            outcome = await engine.run(operation, variables, context)
        if isinstance(outcome.answer, bytes):
            return outcome.answer, outcome.execution
        return respelled(operation, SCHEMA, result_json(outcome.answer, "differential")), outcome.execution
