"""The executor of mutations: it limits their time, shows planned payloads, and reports what a mutation wrote."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache, partial
from inspect import isawaitable
from types import MappingProxyType
from typing import Any, Protocol, cast

from graphql import GraphQLError, GraphQLObjectType, located_error
from graphql.execution import Executor
from graphql.pyutils import Path

from app.engine.executors import BoundedExecutor
from app.engine.graphql_core_seam import FieldDetailsList
from app.engine.mutation_deadline import MutationDeadline, OutOfTime
from app.engine.plans import Execution, PayloadPlan, ShownObjects, read_payload


class Payload(Protocol):
    """The value of a mutation's root field, if it knows what was written without reading it."""

    def written_at(self, path: Sequence[str | int], /) -> Mapping[str, object] | None:
        """Return the identity of the written object at a path below the payload, or None."""
        ...


class TimedExecutor(BoundedExecutor):
    """Runs a mutation whose fields fail when its time is over, instead of the operation: earlier fields are committed.

    A running root field is canceled. In a payload, fields fail one by one, so that the response has the others.
    """

    deadline: MutationDeadline
    """When the mutation's time is over."""
    payload_plans: Mapping[str, PayloadPlan] = MappingProxyType({})
    """The plans of payloads, by the response keys of root fields."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._payloads: dict[str | int, object] = {}
        self._executions: set[Execution] = set()
        self._shown: ShownObjects | None = None
        """The objects of the current payload. Root fields run one after the other."""

    @property
    def execution(self) -> Execution:
        """How the payloads were read."""
        if Execution.REPEATED in self._executions:
            return Execution.REPEATED
        return Execution.PLANNED if self._executions == {Execution.PLANNED} else Execution.FIELDS

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        """Execute a field, unless the time is over or a plan has read it."""
        if path.prev is None and self.deadline.is_over():
            field = self.schema.get_field(parent_type, field_details_list[0].node.name.value)
            if field is not None:
                self.handle_field_error(OutOfTime(has_begun=False), cast("Any", field).type, field_details_list, path)
                return None
        if self._shown is not None and path.prev is not None and self._shown.refers(below := path.as_list()[1:]):
            return self._shown.reference_at(below)
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def complete_value(
        self,
        return_type: Any,
        field_details_list: FieldDetailsList,
        info: Any,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete a value, and note payloads."""
        if path.prev is None:
            self._payloads[path.key] = result
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)  # pyright: ignore[reportUnknownMemberType] - the same

    def complete_object_value(
        self,
        return_type: Any,
        field_details_list: FieldDetailsList,
        info: Any,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete a payload after reading what it shows, and an object in it with what was read."""
        complete = partial(
            super().complete_object_value, return_type, field_details_list, info, path, result, position_context
        )
        if path.prev is None:
            self._shown = None
            plan = self.payload_plans.get(cast("str", path.key))
            return complete() if plan is None else self._planned(plan, result, complete)
        shown = None if self._shown is None else self._shown.object_at(path.as_list()[1:], result)
        return complete() if shown is None else shown

    async def _planned(self, plan: PayloadPlan, payload: object, complete: Callable[[], Any]) -> Any:
        try:
            reading = read_payload(plan, payload, self.variable_values, self.context_value)
            self._shown, execution = await self.with_abort_signal(reading)
        except OutOfTime:
            # Fields that would have to be read fail one by one.
            execution = Execution.FIELDS
        self._executions.add(execution)
        completed = complete()
        return await completed if isawaitable(completed) else completed

    async def with_abort_signal(self, awaitable: Awaitable[Any]) -> Any:
        """Await a resolver's result until the time is over."""
        return await self.deadline.wait_for(awaitable)

    def handle_field_error(
        self, raw_error: Exception, return_type: Any, field_details_list: FieldDetailsList, path: Path
    ) -> None:
        """Note the error of a field, below a payload with what was written."""
        if path.prev is not None and not isinstance(raw_error, GraphQLError):
            raw_error = self._after_write(raw_error, field_details_list, path.as_list())
        super().handle_field_error(raw_error, return_type, field_details_list, path)

    def _after_write(self, failure: Exception, fields: FieldDetailsList, path: list[str | int]) -> GraphQLError:
        """Return a failure below a payload as an error with the written object, which may be null in the response."""
        error = located_error(failure, [field.node for field in fields], path)
        written = getattr(self._payloads.get(path[0]), "written_at", None)
        found = None if written is None else cast("Callable[[list[str | int]], object]", written)(path[1:])
        if found is not None:
            error.extensions = {**(error.extensions or {}), "written": found}
        return error


@lru_cache
def with_deadline(executor_class: type[Executor[Any]]) -> type[TimedExecutor]:
    """Return an executor class for mutations, whose fields fail with OutOfTime after their `deadline`."""
    return cast("Callable[..., type[TimedExecutor]]", type)("Timed", (TimedExecutor, executor_class), {})
