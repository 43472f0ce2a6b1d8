"""What an operation needs of its caller, checked before a mutation runs, so that nothing is written by one that is then refused."""

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
