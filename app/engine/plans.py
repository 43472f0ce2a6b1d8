"""Plans: queries, subscriptions, and what payloads show, without graphql-core. Made once per document and cached."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

import structlog
from graphql import DocumentNode, ExecutionResult, OperationDefinitionNode
from graphql.execution import VariableValues

from app.domain.spelling import Spelling
from app.engine.operations import Operation, remember, turn_for

_log = structlog.get_logger()

MadeT = TypeVar("MadeT")


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


class ShownObjects(Protocol):
    """The objects that a payload shows, as they are in the response."""

    def object_at(self, path: Sequence[str | int], source: object, /) -> Mapping[str, object] | None:
        """Return the object at a path below the payload; None if graphql-core has to complete it from its source."""
        ...

    def refers(self, path: Sequence[str | int], /) -> bool:
        """Return whether `reference_at` returns the object at a path, without the source that graphql-core resolves."""
        ...

    def reference_at(self, path: Sequence[str | int], /) -> object:
        """Return the object at a path, or None."""
        ...


class PayloadPlan(Protocol):
    """Reads what a mutation's payload shows."""

    async def read(self, payload: Any, variables: VariableValues, context: Any, /) -> ShownObjects | None:
        """Return the objects that a payload shows; None if graphql-core has to read them to find the errors."""
        ...


class EventPlan(Protocol):
    """Responds to the events of a subscription."""

    async def responses(
        self, events: Sequence[Any], variables: VariableValues, context: Any, /
    ) -> Sequence[dict[str, Any]] | None:
        """Return the data of the responses to the first events; None if graphql-core has to find the errors."""
        ...


class Planner(Protocol):
    """Makes plans."""

    def plan(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        *,
        spelling: Spelling | None,
    ) -> Plan | None:
        """Return the plan of a query for these variables' switches; None if the query falls back to graphql-core.

        Its responses are in the spelling, if there is one.
        """
        ...

    def payloads(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> Mapping[str, PayloadPlan]:
        """Return the plans of a mutation's payloads, by the response keys of its root fields."""
        ...

    def events(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> EventPlan | None:
        """Return the plan of a subscription for these variables' switches; None if it falls back to graphql-core."""
        ...


class Attempt(NamedTuple):
    """The result of a plan."""

    body: bytes | None
    execution: Execution


class Shown(NamedTuple):
    """What was read of a payload."""

    objects: ShownObjects | None
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
        plan = await _made(operation, operation.made, variables, partial(self._make, operation, variables))
        if plan is None:
            return Attempt(None, Execution.FIELDS)
        try:
            body = await plan.answer(variables, context, is_long=is_long)
        except self._final:
            raise
        except Exception as error:  # noqa: BLE001 - executing the operation reports the error
            _log_failure(error)
            return Attempt(None, Execution.REPEATED)
        return Attempt(body, Execution.PLANNED if body is not None else Execution.FIELDS)

    async def responses(
        self, operation: Operation, variables: VariableValues, events: Sequence[object], context: object
    ) -> list[ExecutionResult] | None:
        """Return the responses to the first events; None if graphql-core has to execute them.

        Raise failures of the `final` types.
        """
        if not _has_switches(operation, variables):
            return None
        make = partial(self._planner.events, operation.syntax, operation.node, variables)
        plan = await _made(operation, operation.event_plans, variables, make)
        try:
            found = None if plan is None else await plan.responses(events, variables, context)
        except self._final:
            raise
        except Exception as error:  # noqa: BLE001 - graphql-core executes the events, and reports the error
            _log_failure(error)
            return None
        return None if found is None else [ExecutionResult(data, None) for data in found]

    def _make(self, operation: Operation, variables: VariableValues) -> Plan | None:
        if not _has_switches(operation, variables):
            return None
        return self._planner.plan(operation.syntax, operation.node, variables, spelling=operation.spelling)

    async def payloads(self, operation: Operation, variables: VariableValues) -> Mapping[str, PayloadPlan]:
        """Return the plans of a mutation's payloads, by the response keys of its root fields."""
        make = partial(self._planner.payloads, operation.syntax, operation.node, variables)
        return await _made(operation, operation.payloads, variables, make)


async def read_payload(plan: PayloadPlan, payload: object, variables: VariableValues, context: object) -> Shown:
    """Return what a payload's plan reads."""
    try:
        shown = await plan.read(payload, variables, context)
    except Exception as error:  # noqa: BLE001 - graphql-core reads the payload again, and reports the error
        _log_failure(error)
        return Shown(None, Execution.REPEATED)
    return Shown(shown, Execution.FIELDS if shown is None else Execution.PLANNED)


def _has_switches(operation: Operation, variables: VariableValues) -> bool:
    """Return whether no variable in @skip or @include is null, which graphql-core reports."""
    return all(isinstance(variables.coerced.get(name), bool) for name in operation.switches)


async def _made(
    operation: Operation, cache: dict[tuple[object, ...], Any], variables: VariableValues, make: Callable[[], MadeT]
) -> MadeT:
    """Return what is cached for an operation and its variables' switches, or make it in its turn and cache it."""
    switches = operation.switched(variables.coerced)
    if switches in cache:
        return cache[switches]
    made = await turn_for(operation.bytes)((operation, switches), make)
    return remember(cache, switches, made)


def _log_failure(error: Exception) -> None:
    # The message isn't logged: the driver's messages may quote values.
    _log.warning("plan_failed", error=type(error).__name__, state=getattr(error, "sqlstate", None))
