"""Check an operation before it runs: scopes, malformed references, and the number of rows that a mutation writes."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_argument_values,
)
from graphql.execution import VariableValues

from app.domain.labels import INPUT
from app.domain.upserts import MOST_UPSERT_ROWS
from app.graphql.access import AccessRules
from app.graphql.graphql_core_seam import FragmentDetails, collect_fields
from app.graphql.planning.references import LISTS, malformed

_ROWS = "rows"


class Rules(AccessRules):
    """Checks the operations of one schema."""

    def malformed(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> GraphQLError | None:
        """Return an error if too many ids and representations are malformed for an error each."""
        return malformed(
            (name, cast("Sequence[object]", given[LISTS[name]]))
            for name, given in self.root_arguments(document, operation, variables)
            if name in LISTS
        )

    def rows(self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues) -> int:
        """Return the number of rows in all lists of a mutation."""
        inputs = (given.get(INPUT) for _, given in self.root_arguments(document, operation, variables))
        lists = (cast("dict[str, list[object]]", given).get(_ROWS, ()) for given in inputs if isinstance(given, dict))
        # A longer list is rejected by the mutation itself, with its number of rows.
        return sum(min(len(rows), MOST_UPSERT_ROWS) for rows in lists)

    def root_arguments(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the name and the arguments of each root field that has any."""
        schema = self._schema
        fragments = {
            node.name.value: FragmentDetails(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        root = cast("GraphQLObjectType", schema.get_root_type(operation.operation))
        try:
            collected = collect_fields(schema, fragments, variables, root, operation).grouped_field_set
        except GraphQLError:
            # @skip or @include of null, which execution reports.
            return
        for fields in collected.values():
            node = fields[0].node
            field = schema.get_field(root, node.name.value)
            if field is None or not node.arguments:
                continue
            try:
                given = get_argument_values(field, node, variables)
            except GraphQLError:
                # Execution reports it as an error of this field.
                continue
            yield node.name.value, given
