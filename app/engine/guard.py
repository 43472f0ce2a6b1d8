"""Checks before an operation runs: the scopes of a mutation, and the lists in its arguments."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode
from graphql.execution import VariableValues


class Access(Protocol):
    """The scopes that an operation's fields require."""

    @property
    def scopes(self) -> AbstractSet[str]:
        """The scopes that the operation needs."""
        ...

    def scope_errors(self, context: Any) -> Sequence[GraphQLError]:
        """Return an error with its path for each selected field whose scope the credential lacks."""
        ...


class Guard(Protocol):
    """Check the operations of a schema."""

    def access(self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues) -> Access:
        """Return the scopes of the parts that @skip and @include leave; raise GraphQLError if one of them is null."""
        ...

    def malformed(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> GraphQLError | None:
        """Return an error if there are too many malformed items to report each of them."""
        ...

    def rows(self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues) -> int:
        """Return the number of rows in all lists of a mutation."""
        ...
