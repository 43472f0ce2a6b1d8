"""Run operations as the service does, field by field and without HTTP."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from graphql import ExecutionResult, OperationType
from strawberry.execution.is_awaitable import optimized_is_awaitable

from app.db.database import Database
from app.domain.identity import Principal, Scope
from app.engine.document_limits import Limits
from app.engine.execution import Engine
from app.engine.request_errors import RequestError
from app.graphql.context import Context
from app.graphql.rules import Rules
from app.graphql.schema import executable, schema
from app.services.recent_lists import RecentLists
from app.services.webhook_rules import WebhookRules
from app.web.answers import to_json
from app.webhooks.documents import DocumentCheck

_MANY = 10**9
RULES = Rules(executable(schema))
ENGINE = Engine(
    executable(schema),
    Limits(*([_MANY] * 9), max_input_items=10_000),
    cache_size=100,
    executor_class=schema.execution_context_class,  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - Strawberry leaves it open
    is_awaitable=optimized_is_awaitable,
    guard=RULES,
)
DOCUMENTS = DocumentCheck(ENGINE, RULES)


@dataclass(slots=True)
class Caller:
    """A caller with a credential of one company."""

    database: Database
    company_id: UUID
    scopes: Iterable[Scope] = tuple(Scope)
    subject: str = "tester"
    expires_at: datetime | None = None
    recent: RecentLists = field(default_factory=lambda: RecentLists(seconds=5, size=0))
    max_representations: int = 10_000
    webhook_rules: WebhookRules = field(default_factory=lambda: WebhookRules(DOCUMENTS.check))
    statements: int = 0
    """Number of SQL statements of the last operation."""

    async def run(self, document: str, /, **variables: Any) -> ExecutionResult:
        """Validate and execute a document, or begin a subscription; fail the test if it is invalid."""
        operation = ENGINE.prepare(document).select(None)
        principal = Principal(self.company_id, self.subject, frozenset(self.scopes), self.expires_at)
        async with Context(
            self.database,
            self.recent,
            principal,
            max_representations=self.max_representations,
            webhook_rules=self.webhook_rules,
        ) as context:
            try:
                if operation.type is OperationType.SUBSCRIPTION:
                    await ENGINE.subscribe(operation, variables, context)
                    result = ExecutionResult(None, None)
                else:
                    result = (await ENGINE.run(operation, variables, context)).answer
            except RequestError as error:
                # Its variables don't fit.
                result = ExecutionResult(None, [*error.errors])
            self.statements = context.statements
        assert isinstance(result, ExecutionResult)
        return result

    async def data(self, document: str, /, **variables: Any) -> dict[str, Any]:
        """Return the data of an operation; fail the test if it has errors."""
        result = await self.run(document, **variables)
        assert result.errors is None, result.errors
        assert result.data is not None
        return result.data

    async def sent(self, document: str, /, **variables: Any) -> dict[str, Any]:
        """Return the data of an operation as it is sent: stored JSON is text until then."""
        return json.loads(to_json(await self.data(document, **variables)))

    async def rejection(self, document: str, /, **variables: Any) -> dict[str, Any]:
        """Return the extensions of an operation's only error, with its message and the path of the field."""
        result = await self.run(document, **variables)
        assert result.errors is not None
        assert len(result.errors) == 1
        error = result.errors[0]
        return {"message": error.message, "field": error.path, **(error.extensions or {})}
