"""Operations of valid documents, with everything that is prepared once per operation."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self, TypeVar

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, OperationType

from app.domain.spelling import Spelling
from app.engine.input_lists import InputLists
from app.engine.rows import RequestedRows
from app.engine.variables import OperationVariables
from app.scheduling.pauses import run_in_short_turn, run_in_turn

_LONG_BYTES = 1_000
"""Length in bytes from which documents take the turns of long computations: 1,000 bytes take 10 ms."""
_LARGE_BYTES = 4_000
"""Length in bytes from which documents wait with the large computations of their company."""

_COMBINATIONS_PER_OPERATION = 4
"""Maximum number of combinations of switches for which an operation caches a plan or another result."""

MadeT = TypeVar("MadeT")


def turn_for(size: int) -> Callable[..., Awaitable[Any]]:
    """Return the function that computes something from a document of this length, in bytes, in its turn."""
    return run_in_short_turn if size < _LONG_BYTES else partial(run_in_turn, is_small=size < _LARGE_BYTES)


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a valid document, ready to run."""

    name: str | None
    type: OperationType
    syntax: DocumentNode
    node: OperationDefinitionNode
    switches: tuple[str, ...]
    """The variables that the document uses in @skip and @include."""
    variables: OperationVariables
    lists: InputLists
    bytes: int
    """The length of the document's text."""
    rows: RequestedRows
    values: RequestedRows
    """The values of the rows, which count the leaves of each row as well."""
    introspected: int
    """Number of values that it returns of the schema."""
    made: dict[tuple[object, ...], Any] = field(default_factory=dict[tuple[object, ...], Any])
    """A query's plans or a mutation's scopes, by the values of the switches. Freed with the document."""
    payloads: dict[tuple[object, ...], Any] = field(default_factory=dict[tuple[object, ...], Any])
    """The plans of a mutation's payloads, likewise."""
    event_plans: dict[tuple[object, ...], Any] = field(default_factory=dict[tuple[object, ...], Any])
    """The plans of a subscription's events, likewise."""
    shapes: dict[GraphQLSchema, Any] = field(default_factory=dict[GraphQLSchema, Any])
    """What the spelling changes in responses that no plan has written (app/engine/spelling.py)."""
    spelling: Spelling | None = None
    """The spelling of responses, if it isn't GraphQL's."""

    def spelled(self, spelling: Spelling) -> Self:
        """Return the operation with responses in another spelling. It shares no plan with this one."""
        return replace(self, made={}, payloads={}, event_plans={}, shapes={}, spelling=spelling)

    def switched(self, variables: Mapping[str, object]) -> tuple[object, ...]:
        """Return the values of the switches under these variables."""
        return tuple([variables.get(name) for name in self.switches])

    def remember(self, variables: Mapping[str, object], make: Callable[[], Any]) -> Any:
        """Return the cached result for these variables' switches, or call `make` and cache its result."""
        switches = self.switched(variables)
        if switches in self.made:
            return self.made[switches]
        return remember(self.made, switches, make())


def remember(made: dict[tuple[object, ...], Any], switches: tuple[object, ...], value: MadeT) -> MadeT:
    """Add a value to those that an operation caches by the values of its switches, and return it."""
    if switches not in made and len(made) >= _COMBINATIONS_PER_OPERATION:
        made.pop(next(iter(made)))
    made[switches] = value
    return value
