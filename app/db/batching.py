"""Queries from many keys to a mapping, in one statement each. Loaders are built on them; they work without GraphQL."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CompoundSelect,
    Integer,
    Select,
    TableValuedAlias,
    Text,
    Uuid,
    any_,
    bindparam,
    func,
    lateral,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.db import paging
from app.db.conditions import Condition
from app.db.declarations import Entity, RowT, SortKey, ToMany, narrowed
from app.db.paging import Page, PageRequest
from app.db.read_session import ReadSession

_KEYS = bindparam("keys", type_=ARRAY(Uuid()))


async def by_id(session: ReadSession, entity: Entity[RowT], ids: Iterable[UUID]) -> dict[UUID, RowT]:
    """Return the rows with these ids, by id. Unknown ids, and those of other companies, are left out."""
    rows = await session.rows(_by_id(entity), {"keys": list(ids)})
    return {row[0]: entity.row._make(row) for row in rows}


@lru_cache(maxsize=64)
def _by_id(entity: Entity[Any]) -> Select[Any]:
    return entity.select().where(entity.table.c.id == any_(_KEYS))


async def by_key(session: ReadSession, entity: Entity[RowT], key: str, values: Iterable[str]) -> dict[str, RowT]:
    """Return the rows whose key has these values, by value. Values without a row are left out."""
    rows = await session.rows(_by_key(entity, key), {"keys": list(values)})
    place = entity.row._fields.index(key)
    return {row[place]: entity.row._make(row) for row in rows}


@lru_cache(maxsize=8)
def _by_key(entity: Entity[Any], key: str) -> Select[Any]:
    return entity.select().where(entity.table.c[key] == any_(bindparam("keys", type_=ARRAY(Text()))))


async def entities(
    session: ReadSession, among: tuple[Entity[Any], ...], ids: Iterable[UUID]
) -> dict[UUID, Entity[Any]]:
    """Return the entity of each id. Unknown ids, and those of other companies, are left out."""
    rows = await session.rows(_entities(among), {"keys": list(ids)})
    # If entities share an id, the first entity wins, because it is assigned last.
    return {row[1]: among[row[0]] for row in sorted(rows, key=lambda row: row[0], reverse=True)}


@lru_cache(maxsize=8)
def _entities(among: tuple[Entity[Any], ...]) -> CompoundSelect[int, UUID]:
    tables = [entity.table for entity in among]
    return union_all(
        *(
            select(literal_column(str(place), Integer()).label("place"), table.c.id).where(
                narrowed(table), table.c.id == any_(_KEYS)
            )
            for place, table in enumerate(tables)
        )
    )


async def many(
    session: ReadSession,
    edge: ToMany[RowT],
    sources: Iterable[UUID],
    *,
    limit: int,
    only: Condition | None = None,
) -> dict[UUID, list[RowT]]:
    """Return the first `limit` rows of an edge for each source, in the edge's order.

    Sources without rows are left out.
    """
    statement = _listing(edge) if only is None else _per_source(edge, edge.order, _limited(edge, only))
    found = _by_source(await session.rows(statement, {"keys": list(sources), "limit": limit}))
    make = edge.target.row._make
    return {source: [make(row) for row in rows] for source, rows in found.items()}


@lru_cache(maxsize=64)
def _listing(edge: ToMany[Any]) -> Select[Any]:
    return _per_source(edge, edge.order, _limited(edge))


def _limited(edge: ToMany[Any], only: Condition | None = None) -> Select[Any]:
    query = edge.target.select().limit(bindparam("limit", type_=Integer()))
    return query if only is None else query.where(only.sql(edge.target.table))


async def pages(
    session: ReadSession,
    edge: ToMany[RowT],
    sources: Iterable[UUID],
    request: PageRequest,
    only: Condition | None,
) -> dict[UUID, Page[RowT]]:
    """Return the same page of an edge for each source. Sources without rows are left out."""
    query = paging.page_statement(edge.target, request, only)
    statement = _per_source(edge, paging.reading_order(request), query)
    rows = await session.rows(statement, {"keys": list(sources)}, plan_for_values=only is not None)
    return {source: paging.page_of_rows(edge.target, request, found) for source, found in _by_source(rows).items()}


async def counts(
    session: ReadSession, edge: ToMany[Any], sources: Iterable[UUID], only: Condition | None, at_most: int
) -> dict[UUID, int]:
    """Return the number of rows of an edge for each source, or `at_most` if there are more."""
    source = _sources()
    counted = select(edge.key).where(narrowed(edge.target.table), edge.key == source.c.id).limit(at_most)
    if only is not None:
        counted = counted.where(only.sql(edge.target.table))
    order = paging.counting_order(edge.order, edge.target.table, only)
    rows = counted.order_by(*order).correlate(source).subquery()
    query = select(source.c.id, select(func.count()).select_from(rows).scalar_subquery())
    found = await session.rows(query, {"keys": list(sources)}, plan_for_values=only is not None)
    return {row[0]: row[1] for row in found}


def _sources() -> TableValuedAlias:
    """Return the keys as a table, each with its place."""
    return func.unnest(_KEYS).table_valued("id", with_ordinality="place", name="source").render_derived()


def _per_source(edge: ToMany[Any], order: Sequence[SortKey], query: Select[Any]) -> Select[Any]:
    """Return a statement for the query's first rows per source, read through the edge's index in the given order."""
    by = paging.clause(order, edge.target.table)
    source = _sources()
    # The index already gives this order. SQL guarantees it only with an explicit ORDER BY.
    row = lateral(
        query.add_columns(func.row_number().over(order_by=by).label("place"))
        .where(edge.key == source.c.id)
        .order_by(*by),
        name="row",
    )
    columns = [column for column in row.c if column.name != "place"]
    return select(source.c.id, *columns).select_from(source.join(row, true())).order_by(source.c.place, row.c.place)


def _by_source(rows: Iterable[Sequence[Any]]) -> dict[UUID, list[Sequence[Any]]]:
    found: dict[UUID, list[Sequence[Any]]] = {}
    for key, *values in rows:
        found.setdefault(key, []).append(values)
    return found
