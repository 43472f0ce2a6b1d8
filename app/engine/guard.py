"""What is checked before an operation runs: what a mutation needs of its caller, and the lists among its arguments."""

from collections.abc import Sequence
from typing import Any, Protocol

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode
from graphql.execution import VariableValues


class Access(Protocol):
    """What everything that an operation selects needs of its caller."""

    def refusals(self, context: Any) -> Sequence[GraphQLError]:
        """Return an error with its path for each selected field that this caller may not see."""
        ...


class Guard(Protocol):
    """Tells what operations need."""

    def access(self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues) -> Access:
        """Return what is needed by the parts that @skip and @include leave; GraphQLError if that can't be told."""
        ...

    def malformed(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> GraphQLError | None:
        """Return an error if more items are malformed than are answered one by one."""
        ...

    def rows(self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues) -> int:
        """Return how many rows a mutation is given to write, in all of its lists."""
        ...
