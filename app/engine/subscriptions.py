"""Subscriptions: what an operation follows. Whoever calls the engine reads the events, and asks for each response."""

from dataclasses import dataclass
from typing import Any, cast

from graphql import GraphQLError, get_argument_values, located_error
from graphql.execution import Executor
from graphql.pyutils import Path

from app.engine.checks import Checked
from app.engine.graphql_core_seam import collect_fields
from app.engine.operations import Operation

NEEDS_STREAM = (
    "Subscriptions need a stream: send them with the header `Accept: text/event-stream` (GraphQL over SSE), or over a"
    " WebSocket with the protocol `graphql-transport-ws`."
)


@dataclass(frozen=True, slots=True, eq=False)
class Subscribed:
    """A subscription that may run."""

    operation: Operation
    checked: Checked
    source: Any
    """What its root field returned: the events that it follows."""


def source_of(executor: Executor[Any]) -> Any:
    """Return what a subscription's root field follows; raise GraphQLError if its arguments are invalid.

    graphql-core requires an asynchronous iterator here, which would read the events for each subscription separately.
    """
    schema, operation = executor.schema, executor.operation
    root = schema.subscription_type
    assert root is not None  # noqa: S101 - the document is valid
    collected = collect_fields(schema, executor.fragments, executor.variable_values, root, operation)
    # Validation guarantees one field, without @skip and @include.
    ((key, fields),) = collected.grouped_field_set.items()
    nodes = [details.node for details in fields]
    field = cast("Any", schema.get_field(root, nodes[0].name.value))
    path = Path(None, key, root.name)
    info = cast("Any", executor).build_resolve_info(field, nodes, root, path)
    try:
        arguments = get_argument_values(field, nodes[0], executor.variable_values, fields[0].fragment_variable_values)
        return field.subscribe(None, info, **arguments)
    except GraphQLError as error:
        raise located_error(error, nodes, path.as_list()) from error
