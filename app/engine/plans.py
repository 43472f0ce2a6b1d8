"""Plans: queries that run without graphql-core. They are made once per document and cached."""

from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, Protocol

import structlog
from graphql import DocumentNode, OperationDefinitionNode
from graphql.execution import VariableValues

from app.engine.operations import Operation, turn_for

_log = structlog.get_logger()


class Execution(StrEnum):
    """How an operation was executed."""

    PLANNED = "planned"
    """By the operation's plan."""
    FIELDS = "fields"
    """By graphql-core, field by field."""
    REPEATED = "repeated"
    """By graphql-core, after the plan had failed."""


class Plan(Protocol):
    """Runs one query without graphql-core."""

    async def answer(self, variables: VariableValues, context: Any, *, is_long: bool) -> bytes | None:
        """Return the JSON of the whole response; None if graphql-core has to run the operation to find its errors.

        `is_long`: the arguments have long lists, which are read in a thread.
        """
        ...


class Planner(Protocol):
    """Makes plans."""

    def plan(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> Plan | None:
        """Return the plan of a query for these variables' switches; None if the query falls back to graphql-core."""
        ...


class Attempt(NamedTuple):
    """The result of a plan."""

    body: bytes | None
    execution: Execution


class Plans:
    """The plans of one schema's operations, each cached as long as its document."""

    def __init__(self, planner: Planner, final: tuple[type[Exception], ...] = ()) -> None:
        self._planner = planner
        self._final = final

    async def attempt(
        self, operation: Operation, variables: VariableValues, context: object, *, is_long: bool = False
    ) -> Attempt:
        """Run the operation's plan, if it has one, and return the response if the plan succeeds.

        Raise failures of the `final` types: executing the operation would fail the same way, at a higher cost.
        """
        make, coerced = partial(self._make, operation, variables), variables.coerced
        if not operation.has_made(coerced):
            made = await turn_for(operation.bytes)((operation, operation.switched(coerced)), make)
            plan: Plan | None = operation.remember(coerced, lambda: made)
        else:
            plan = operation.remember(coerced, make)
        if plan is None:
            return Attempt(None, Execution.FIELDS)
        try:
            body = await plan.answer(variables, context, is_long=is_long)
        except self._final:
            raise
        except Exception as error:  # noqa: BLE001 - executing the operation reports the error
            # The message isn't logged: the driver's messages may quote values.
            _log.warning("plan_failed", error=type(error).__name__, state=getattr(error, "sqlstate", None))
            return Attempt(None, Execution.REPEATED)
        return Attempt(body, Execution.PLANNED if body is not None else Execution.FIELDS)

    def _make(self, operation: Operation, variables: VariableValues) -> Plan | None:
        if not all(isinstance(variables.coerced.get(name), bool) for name in operation.switches):
            # A null variable in @skip or @include, which graphql-core reports.
            return None
        return self._planner.plan(operation.syntax, operation.node, variables)
