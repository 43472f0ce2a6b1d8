"""Report literals that don't fit their types like values of variables: with a code, a path and a message for people.

With them come the problems that the mutation would have found in the other fields of the same argument.
"""

from typing import Any

from graphql import (
    ArgumentNode,
    GraphQLError,
    Node,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableDefinitionNode,
    VisitorAction,
    specified_rules,
)
from graphql.language import SKIP

from app.domain.errors import Path
from app.engine.literal_values import LiteralReader, fits
from app.engine.value_problems import ValueProblem, shown_problem


class LiteralsRule(ValuesOfCorrectTypeRule):
    """Accept the literals that graphql-core accepts. Report each problem as an error with its location."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._path: Path = ()

    def enter_argument(self, node: ArgumentNode, *_arguments: Any) -> None:
        """Note where the path of the argument's value begins."""
        self._path = (node.name.value,)

    def enter_variable_definition(self, node: VariableDefinitionNode, *_arguments: Any) -> None:
        """Note where the path of the variable's default begins."""
        self._path = (node.variable.name.value,)

    def is_valid_value_node(self, node: ValueNode, input_type: Any) -> VisitorAction:
        """Check a whole literal."""
        if input_type is not None and not fits(input_type, node):
            LiteralReader(self._report).read(input_type, node, self._path)
        return SKIP

    def _report(self, problem: ValueProblem, place: Node) -> None:
        # Stops the validation after the most errors that it may report.
        self.report_error(GraphQLError(problem.message, place, extensions={"problems": [shown_problem(problem)]}))


VALIDATION_RULES = tuple(LiteralsRule if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules)
"""The rules of graphql-core, with its messages about literals replaced."""
