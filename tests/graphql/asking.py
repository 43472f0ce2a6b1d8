"""Running operations as the service does, without HTTP around them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from inspect import isawaitable
from typing import Any
from uuid import UUID

from graphql import (
    ExecutionResult,
    execute,  # pyright: ignore[reportUnknownVariableType] - the library leaves it partly open
    parse,
    validate,
)

from app.db.database import Database
from app.domain.identity import Principal, Scope
from app.graphql.context import Context
from app.graphql.schema import executable, schema
from app.services.recent_lists import RecentLists


@dataclass(slots=True)
class Caller:
    """Someone with a credential of one company."""

    database: Database
    company_id: UUID
    scopes: Iterable[Scope] = tuple(Scope)
    subject: str = "tester"
    expires_at: datetime | None = None
    recent: RecentLists = field(default_factory=lambda: RecentLists(seconds=5, size=0))
    max_representations: int = 10_000
    statements: int = 0
    """SQL statements of the last operation."""

    async def run(self, document: str, **variables: Any) -> ExecutionResult:
        """Validate and execute a document; a document that is not valid fails the test."""
        parsed = parse(document)
        faults = validate(executable(schema), parsed)
        assert faults == [], faults
        principal = Principal(self.company_id, self.subject, frozenset(self.scopes), self.expires_at)
        async with Context(
            self.database, self.recent, principal, max_representations=self.max_representations
        ) as context:
            result = execute(executable(schema), parsed, context_value=context, variable_values=variables)
            if isawaitable(result):
                result = await result
            self.statements = context.statements
        assert isinstance(result, ExecutionResult)
        return result

    async def data(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation that has no errors."""
        result = await self.run(document, **variables)
        assert result.errors is None, result.errors
        assert result.data is not None
        return result.data

    async def refusal(self, document: str, **variables: Any) -> dict[str, Any]:
        """The extensions of the one error of an operation, with its message and the path of the field."""
        result = await self.run(document, **variables)
        assert result.errors is not None
        assert len(result.errors) == 1
        error = result.errors[0]
        return {"message": error.message, "field": error.path, **(error.extensions or {})}
