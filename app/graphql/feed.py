"""Read the feed: what a follower asks for, and the events after a cursor."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

from graphql import GraphQLObjectType
from graphql.execution import VariableValues

from app.db import feed, graph
from app.db.declarations import Entity
from app.db.rows import EventRow
from app.domain.events import EventType
from app.domain.identity import Principal
from app.graphql import feed_cursors
from app.graphql.arguments import Problems, given, identifiers
from app.graphql.context import Context, Info
from app.graphql.graphql_core_seam import FragmentDetails, collect_fields
from app.graphql.permissions import forbidden
from app.graphql.planning.reading import check_list_size
from app.graphql.strawberry_seam import UnsetType, executable, fragments_of

ValueT = TypeVar("ValueT")

MOST_CUSTOMERS = 100
"""Maximum number of customers in the filter of a follower."""

_FEED_FIELDS = {"feedCursor", "changes"}
"""The root fields that read the feed."""
_ENTITIES: dict[str, Entity[Any]] = {
    "customer": graph.customer,
    "contact": graph.contact,
    "department": graph.department,
    "customer_group": graph.customer_group,
    "ledger_account": graph.ledger_account,
    "subscription": graph.subscription,
}
"""The entities that events are about, by the beginning of an event's type."""


def entity_of(kind: EventType) -> Entity[Any]:
    """Return the entity that events of a type are about."""
    return _ENTITIES[kind.partition(".")[0]]


class Followed(NamedTuple):
    """The events that a follower gets: those of some types, about some customers."""

    types: frozenset[EventType] | None
    """None for all types."""
    customer_ids: frozenset[UUID] | None
    """None for events of all customers, and those that are about no customer."""

    def includes(self, event: EventRow) -> bool:
        """Return whether a follower gets an event."""
        return (self.types is None or event.type in self.types) and (
            self.customer_ids is None or event.customer_id in self.customer_ids
        )


@dataclass(frozen=True, slots=True)
class RequestedChanges:
    """The arguments of `changes`."""

    after: int
    """The position after which events are read."""
    first: int
    followed: Followed


class ChangesRead(NamedTuple):
    """Events in the order of the feed, and where their reader stands."""

    events: Sequence[EventRow]
    position: int
    """The position up to which all events were read."""
    has_more: bool


def read_followed(
    types: Sequence[EventType] | UnsetType | None,
    customer_ids: Sequence[str] | UnsetType | None,
    principal: Principal,
    problems: Problems,
) -> Followed:
    """Return what the arguments of a follower mean for its credential, and note problems.

    Events that the credential may not read are left out. Raise GraphQLError if the arguments ask for them by type.
    """
    only, ids = given(types), given(customer_ids)
    scopes = principal.scopes
    for kind in only or ():
        entity = entity_of(kind)
        if entity.scope not in scopes:
            raise forbidden(entity.scope, subject=f"The event type {kind.name}")
    if only is None and any(entity_of(kind).scope not in scopes for kind in EventType):
        only = [kind for kind in EventType if entity_of(kind).scope in scopes]
    return Followed(
        None if only is None else frozenset(only),
        None if ids is None else frozenset(identifiers(ids, ("customerIds",), problems, most=MOST_CUSTOMERS)),
    )


def read_changes(
    principal: Principal,
    *,
    after: str,
    first: int,
    types: Sequence[EventType] | UnsetType | None,
    customer_ids: Sequence[str] | UnsetType | None,
) -> RequestedChanges:
    """Return the arguments of `changes`; raise one GraphQLError with all of their problems."""
    problems = Problems()
    followed = read_followed(types, customer_ids, principal, problems)
    position = feed_cursors.decode(after, principal.company_id, ("after",), problems)
    check_list_size(problems, first)
    problems.reject_if_any()
    return RequestedChanges(position or 0, first, followed)


async def changes_after(context: Context, asked: RequestedChanges) -> ChangesRead:
    """Return the next events that the operation's snapshot has; raise GraphQLError if some are no longer kept."""
    only = asked.followed
    found = await feed.read_events(
        context.session,
        asked.after,
        until=None,
        types=only.types,
        customer_ids=only.customer_ids,
        limit=asked.first,
    )
    feed_cursors.check_kept(asked.after, found.head, ("after",))
    return ChangesRead(found.rows, found.position, has_more=found.position < found.head.position)


async def head_of(context: Context) -> feed.Head:
    """Return where the feed stands in the operation's snapshot."""
    return await context.loaders.feed_head().load(context.principal.company_id)


async def recently(info: Info, key: Hashable, read: Callable[[], Awaitable[ValueT]]) -> ValueT:
    """Return the result of `read`, which may be some seconds old unless the operation also reads the feed.

    A list from before the operation would be older than the operation's cursor, and who follows from the cursor would
    never get the changes in between. With a snapshot for several operations, lists are those of the snapshot.
    """
    context = info.context
    if context.reads_current_lists is None:
        context.reads_current_lists = not _FEED_FIELDS.isdisjoint(_root_fields(info))
    if context.reads_current_lists:
        return await read()
    return await context.recent.get(context.principal.company_id, key, read)


def _root_fields(info: Info) -> set[str]:
    """Return the names of the root fields that the operation selects."""
    schema = executable(info.schema)
    fragments = {name: FragmentDetails(fragment) for name, fragment in fragments_of(info).items()}
    variables = VariableValues({}, info.variable_values)
    query = cast("GraphQLObjectType", schema.query_type)
    collected = collect_fields(schema, fragments, variables, query, info.operation)
    return {fields[0].node.name.value for fields in collected.grouped_field_set.values()}
