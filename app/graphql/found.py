"""From ids and references that are asked for to rows, in the order asked for."""

from asyncio import gather
from typing import Any, TypeAlias
from uuid import UUID

from graphql import GraphQLError

from app.graphql.context import Context
from app.graphql.references import AskedEntities, AskedNodes, Reference

AnyRow: TypeAlias = tuple[Any, ...]
"""A row of whatever entity; its class tells which."""


async def node(context: Context, wanted: UUID) -> AnyRow | None:
    """What has this id; None where nothing of the company does."""
    entity = await context.loaders.entity().load(wanted)
    return None if entity is None else await context.loaders.one(entity).load(wanted)


async def nodes(context: Context, asked: AskedNodes) -> list[AnyRow | GraphQLError | None]:
    """A row, None or a fault for each place."""
    loaders, ids = context.loaders, asked.ids
    entities = dict(zip(ids, await gather(*(loaders.entity().load(each) for each in ids)), strict=True))
    known = [(each, entity) for each, entity in entities.items() if entity is not None]
    rows: list[Any] = await gather(*(loaders.one(entity).load(each) for each, entity in known))
    found = dict(zip((each for each, _ in known), rows, strict=True))
    return [found.get(each) if isinstance(each, UUID) else each for each in asked.places]


async def entities(context: Context, asked: AskedEntities) -> list[AnyRow | GraphQLError | None]:
    """A row, None or a fault for each place."""
    loaders, references = context.loaders, asked.references
    rows: list[Any] = await gather(*(loaders.by_key(each.entity, each.key).load(each.value) for each in references))
    found = dict(zip(references, rows, strict=True))
    return [found[each] if isinstance(each, Reference) else each for each in asked.places]
