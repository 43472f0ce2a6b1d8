"""Read the rows of requested ids and references, in the requested order."""

from asyncio import gather
from collections.abc import Iterable
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from aiodataloader import DataLoader
from graphql import GraphQLError

from app.graphql.context import Context
from app.graphql.permissions import forbidden
from app.graphql.planning.references import Reference, RequestedEntities, RequestedNodes

_BATCH = 500
"""Number of references that are looked up at a time."""
WantedT = TypeVar("WantedT")
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
    entities = dict(zip(ids, await loaders.entity().load_many(ids), strict=True))
    scopes = context.principal.scopes
    found: dict[UUID, Any] = {
        id_: forbidden(entity.scope) for id_, entity in entities.items() if entity and entity.scope not in scopes
    }
    known = [(id_, entity) for id_, entity in entities.items() if entity is not None and id_ not in found]
    found.update(await _rows_of((id_, loaders.one(entity), id_) for id_, entity in known))
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
        found.update(
            await _rows_of(
                (reference, loaders.by_key(reference.entity, reference.key), reference.value) for reference in batch
            )
        )
    return [found[item] if isinstance(item, Reference) else item for item in requested.items]


async def _rows_of(wanted: Iterable[tuple[WantedT, DataLoader[Any, Any], UUID | str]]) -> dict[WantedT, Any]:
    """Return the row of each wanted object, or None. Each comes with its loader, and its key there."""
    by_loader: dict[DataLoader[Any, Any], list[tuple[WantedT, UUID | str]]] = {}
    for item, loader, key in wanted:
        by_loader.setdefault(loader, []).append((item, key))
    # One caller per loader: a future for each of 10,000 objects takes 0.1 s.
    loads = (loader.load_many(key for _, key in items) for loader, items in by_loader.items())
    found: list[list[Any]] = await gather(*loads)
    return {
        item: row
        for items, rows in zip(by_loader.values(), found, strict=True)
        for (item, _), row in zip(items, rows, strict=True)
    }
