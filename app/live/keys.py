"""Which subscriptions are equal, so that their events are executed once."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import FieldNode, Node, VariableNode, Visitor, visit

from app.domain.identity import Scope
from app.engine.execution import Operation

_AFTER = "after"


class Key(NamedTuple):
    """What equal subscriptions of one company have in common."""

    document: str
    operation: str | None
    variables: bytes
    scopes: frozenset[Scope]

    @property
    def size(self) -> int:
        """Number of bytes of the document and the variables."""
        return len(self.document) + len(self.variables)


def key_of(operation: Operation, variables: Mapping[str, Any], scopes: frozenset[Scope]) -> Key:
    """Return the key of a subscription, without the variable that says where it begins."""
    cursor = _cursor_variable(operation)
    names = [definition.variable.name.value for definition in operation.node.variable_definitions or ()]
    given = {name: variables[name] for name in names if name in variables and name != cursor}
    written = json.dumps(given, default=str, sort_keys=True).encode()
    source = operation.syntax.loc.source.body if operation.syntax.loc else ""
    return Key(source, operation.name, written, scopes)


def _cursor_variable(operation: Operation) -> str | None:
    """Return the variable that is only the root field's `after`; None if there is none, or if it is used elsewhere."""
    names = [
        argument.value.name.value
        for field in operation.node.selection_set.selections
        if isinstance(field, FieldNode)
        for argument in field.arguments or ()
        if argument.name.value == _AFTER and isinstance(argument.value, VariableNode)
    ]
    if not names:
        return None
    uses = _Uses(names[0])
    visit(operation.syntax, uses)
    # Its definition is the other one.
    return names[0] if uses.count == 2 else None  # noqa: PLR2004


class _Uses(Visitor):
    """Counts the occurrences of a variable."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.count = 0

    def enter_variable(self, node: VariableNode, *_arguments: Node) -> None:
        """Count one."""
        self.count += node.name.value == self._name
