"""Check the variables and the size of an operation before it runs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import GraphQLSchema
from graphql.execution import VariableValues

from app.engine.document_limits import Limits
from app.engine.limits import SATURATED, shown_count
from app.engine.operations import Operation
from app.engine.request_errors import RequestError, RequestErrorCode, request_error
from app.engine.value_problems import ValueProblems
from app.engine.variable_problems import literals_of, uses_of
from app.scheduling.pauses import MANY_ITEMS, run_in_turn

_VALUES_PER_INTROSPECTED = 4
"""Number of values that take as long as one of introspection, which is answered field by field."""


class Checked(NamedTuple):
    """The variables of an operation within its limits, and what it asks for."""

    variables: VariableValues
    values: int
    """Number of values that the operation requests."""
    items: int
    """Number of items in its lists."""

    @property
    def is_long(self) -> bool:
        """Whether its lists are so long that they are read in a thread."""
        return self.items >= MANY_ITEMS


class Checks:
    """Checks the operations of one schema."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits

    async def check(self, operation: Operation, variables: Mapping[str, Any], *, is_large: bool = False) -> Checked:
        """Return the coerced variables. Raise RequestError if they are invalid, or if the operation asks for too much.

        `is_large`: the variables are so large that they are checked in a thread.
        """
        if is_large:
            items, coerced = await run_in_turn(object(), self._coerced, operation, variables)
        else:
            items, coerced = self._coerced(operation, variables)
        if coerced is None:
            # Finding the errors of a large value takes up to a second.
            raise await run_in_turn(object(), self._invalid_variables, operation, variables)
        if items >= MANY_ITEMS:
            values = await run_in_turn(object(), self._check_size, operation, coerced.coerced)
        else:
            values = self._check_size(operation, coerced.coerced)
        return Checked(coerced, values + operation.introspected * _VALUES_PER_INTROSPECTED, items)

    async def problems(self, operation: Operation, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return all problems with the variables and of inputs in them; raise RequestError for too many items."""
        operation.lists.check(variables, self._limits.max_input_items)
        found = await run_in_turn(object(), self._problems, operation, variables)
        return found.listed()

    def check_without_variables(self, operation: Operation) -> None:
        """Raise RequestError if an operation without variables asks for too much."""
        operation.lists.check({}, self._limits.max_input_items)
        self._check_size(operation, {})

    def _coerced(self, operation: Operation, variables: Mapping[str, Any]) -> tuple[int, VariableValues | None]:
        """Return the number of items in the operation's lists, and its coerced variables; None if coercion fails."""
        items = operation.lists.check(variables, self._limits.max_input_items) if operation.lists.has_any else 0
        return items, operation.variables.coerce(variables)

    def _invalid_variables(self, operation: Operation, variables: Mapping[str, Any]) -> RequestError:
        """Return the error with all problems of variables that can't be coerced, and of the inputs that they are in."""
        problems = self._problems(operation, variables)
        wrong = {name for _, name in problems.found}
        definitions = operation.node.variable_definitions or ()
        nodes = [definition for definition in definitions if definition.variable.name.value in wrong]
        return RequestError([problems.error(nodes)], RequestErrorCode.VARIABLES)

    def _problems(self, operation: Operation, variables: Mapping[str, Any]) -> ValueProblems:
        document, node = operation.syntax, operation.node
        literals = literals_of(self._schema, document, node)
        return operation.variables.problems(variables, uses_of(document, node), literals)

    def _check_size(self, operation: Operation, variables: Mapping[str, Any]) -> int:
        """Return the number of values that the operation requests; raise RequestError for too many values or rows."""
        count = 0
        different: dict[str, int] = {}
        sizes = (
            (operation.rows, self._limits.max_requested_rows, "rows"),
            (operation.values, self._limits.max_requested_values, "values"),
        )
        for requested, limit, what in sizes:
            count = requested.count(variables, different)
            if count > limit:
                number = shown_count(count) if count >= SATURATED else f"up to {count:,}"
                raise request_error(
                    RequestErrorCode.TOO_COMPLEX,
                    f"The operation asks for {number} {what}; the limit is {limit:,}. Ask for fewer with `first`.",
                )
        return count
