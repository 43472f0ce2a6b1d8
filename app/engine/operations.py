"""Operations of valid documents, with what is prepared once for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode, OperationType

from app.engine.input_lists import InputLists
from app.engine.rows import RequestedRows
from app.engine.variables import OperationVariables

LONG_BYTES = 1_000
"""Documents of at least so many bytes are processed outside the event loop: 1,000 bytes take 10 ms."""

_COMBINATIONS_PER_OPERATION = 4
"""Number of combinations of what @skip and @include decide for which an operation remembers what was made of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a valid document, ready to run."""

    name: str | None
    type: OperationType
    syntax: DocumentNode
    node: OperationDefinitionNode
    switches: tuple[str, ...]
    """The variables that @skip and @include of the document look at."""
    variables: OperationVariables
    lists: InputLists
    bytes: int
    """The length of the document's text."""
    rows: RequestedRows
    values: RequestedRows
    """The rows, and the leaves of each."""
    made: dict[tuple[object, ...], Any] = field(default_factory=dict[tuple[object, ...], Any])
    """A query's plans, or what a mutation needs, by the values of the switches; forgotten with the document."""

    def has_made(self, variables: Mapping[str, object]) -> bool:
        """Return whether `remember` would find what was made before."""
        return self.switched(variables) in self.made

    def switched(self, variables: Mapping[str, object]) -> tuple[object, ...]:
        """Return the values of the switches under these variables."""
        return tuple([variables.get(name) for name in self.switches])

    def remember(self, variables: Mapping[str, object], make: Callable[[], Any]) -> Any:
        """Return what `make` makes of the parts that @skip and @include leave under these variables, made once."""
        switches = self.switched(variables)
        if switches in self.made:
            return self.made[switches]
        made = make()
        if len(self.made) >= _COMBINATIONS_PER_OPERATION:
            self.made.pop(next(iter(self.made)))
        self.made[switches] = made
        return made
