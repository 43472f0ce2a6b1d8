"""Read the rows of requested ids and references, in the requested order."""

from asyncio import gather
from typing import Any, TypeAlias
from uuid import UUID

from graphql import GraphQLError

from app.graphql.context import Context
from app.graphql.permissions import forbidden
from app.graphql.planning.references import Reference, RequestedEntities, RequestedNodes

_BATCH = 500
"""Number of references that are looked up at a time."""
AnyRow: TypeAlias = tuple[Any, ...]
"""A row of any entity, which its class tells."""


async def node(context: Context, wanted: UUID) -> AnyRow | None:
    """Return the object with this id; None if the company has none."""
    entity = await context.loaders.entity().load(wanted)
    if entity is None:
        return None
    if entity.scope not in context.principal.scopes:
        raise forbidden(entity.scope)
    return await context.loaders.one(entity).load(wanted)


async def nodes(context: Context, requested: RequestedNodes) -> list[AnyRow | GraphQLError | None]:
    """Return a row, None or an error for each item."""
    loaders, ids = context.loaders, requested.ids
    entities = dict(zip(ids, await gather(*(loaders.entity().load(id_) for id_ in ids)), strict=True))
    scopes = context.principal.scopes
    found: dict[UUID, Any] = {
        id_: forbidden(entity.scope) for id_, entity in entities.items() if entity and entity.scope not in scopes
    }
    known = [(id_, entity) for id_, entity in entities.items() if entity is not None and id_ not in found]
    rows: list[Any] = await gather(*(loaders.one(entity).load(id_) for id_, entity in known))
    found.update(zip((id_ for id_, _ in known), rows, strict=True))
    return [found.get(item) if isinstance(item, UUID) else item for item in requested.items]


async def entities(context: Context, requested: RequestedEntities) -> list[AnyRow | GraphQLError | None]:
    """Return a row, None or an error for each item."""
    loaders, scopes = context.loaders, context.principal.scopes
    # A representation names its type, so a missing scope is an error whether the row exists or not.
    found: dict[Reference, Any] = {
        reference: forbidden(reference.entity.scope)
        for reference in requested.references
        if reference.entity.scope not in scopes
    }
    references = [reference for reference in requested.references if reference not in found]
    # In batches, to let the event loop serve other requests: 10,000 at once would block it for half a second.
    for start in range(0, len(references), _BATCH):
        batch = references[start : start + _BATCH]
        loads = (loaders.by_key(reference.entity, reference.key).load(reference.value) for reference in batch)
        rows: list[Any] = await gather(*loads)
        found.update(zip(batch, rows, strict=True))
    return [found[item] if isinstance(item, Reference) else item for item in requested.items]
