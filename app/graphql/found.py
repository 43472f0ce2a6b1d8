"""From ids and references that are asked for to rows, in the order asked for."""

from asyncio import gather
from typing import Any, TypeAlias
from uuid import UUID

from graphql import GraphQLError

from app.graphql.context import Context
from app.graphql.permissions import forbidden
from app.graphql.planning.references import Reference, RequestedEntities, RequestedNodes

_BATCH = 500
"""How many references are looked up at a time."""
AnyRow: TypeAlias = tuple[Any, ...]
"""A row of whatever entity; its class tells which."""


async def node(context: Context, wanted: UUID) -> AnyRow | None:
    """Return the object with this id; None if the company has none."""
    entity = await context.loaders.entity().load(wanted)
    if entity is None:
        return None
    if entity.scope not in context.principal.scopes:
        raise forbidden(entity.scope)
    return await context.loaders.one(entity).load(wanted)


async def nodes(context: Context, asked: RequestedNodes) -> list[AnyRow | GraphQLError | None]:
    """Return a row, None or an error for each item."""
    loaders, ids = context.loaders, asked.ids
    entities = dict(zip(ids, await gather(*(loaders.entity().load(each) for each in ids)), strict=True))
    scopes = context.principal.scopes
    found: dict[UUID, Any] = {
        each: forbidden(entity.scope) for each, entity in entities.items() if entity and entity.scope not in scopes
    }
    known = [(each, entity) for each, entity in entities.items() if entity is not None and each not in found]
    rows: list[Any] = await gather(*(loaders.one(entity).load(each) for each, entity in known))
    found.update(zip((each for each, _ in known), rows, strict=True))
    return [found.get(place) if isinstance(place, UUID) else place for place in asked.places]


async def entities(context: Context, asked: RequestedEntities) -> list[AnyRow | GraphQLError | None]:
    """Return a row, None or an error for each item."""
    loaders, scopes = context.loaders, context.principal.scopes
    # Rejected whether the row exists or not: what is referred to says its type.
    found: dict[Reference, Any] = {
        reference: forbidden(reference.entity.scope)
        for reference in asked.references
        if reference.entity.scope not in scopes
    }
    references = [reference for reference in asked.references if reference not in found]
    # In batches, so that others come in between: 10,000 at once would hold the loop for half a second.
    for start in range(0, len(references), _BATCH):
        batch = references[start : start + _BATCH]
        rows: list[Any] = await gather(*(loaders.by_key(each.entity, each.key).load(each.value) for each in batch))
        found.update(zip(batch, rows, strict=True))
    return [found[place] if isinstance(place, Reference) else place for place in asked.places]
