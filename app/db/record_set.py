"""Many rows or keys as parameters of one statement: one array per column, so that the SQL is the same for any number.

Statements are kept, because SQLAlchemy takes longer to build one and to find its SQL than to run it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    Table,
    Update,
    Uuid,
    any_,
    bindparam,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TableValuedAlias

from app.db.declarations import Entity, RowT, narrowed
from app.db.read_session import COMPANY, DatabaseRow
from app.db.unit_of_work import WriteSession

_COMPANY = bindparam(COMPANY, type_=Uuid())
_MOST_STATEMENTS = 100
"""Maximum number of statements that are kept."""
KEYS = "keys"
"""The parameter of `among`, unless a statement has several."""

Rows = Sequence[Mapping[str, Any]]
"""Values of rows by column, all rows with the same columns."""
Compute = Callable[[TableValuedAlias], ColumnElement[Any]]
"""Returns an expression over rows."""


def record_set_of(table: Table, names: Sequence[str]) -> TableValuedAlias:
    """Return the typed table of rows that are given by `arrays_of` when its statement runs."""
    arrays = [bindparam(_parameter(name), type_=ARRAY(table.c[name].type)) for name in names]
    columns = [column(name, table.c[name].type) for name in names]
    return func.unnest(*arrays).table_valued(*columns, name="given").render_derived()


def arrays_of(rows: Rows) -> dict[str, object]:
    """Return the parameters of a statement over `record_set_of`: those of rows with the same columns."""
    return {_parameter(name): [row[name] for row in rows] for name in rows[0]}


def of_the_same_columns(changes: Iterable[tuple[Any, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return a row per stored row with its `id` and its new values in every column that changes in any of them."""
    listed = list(changes)
    names = sorted({name for _, values in listed for name in values})
    return [
        {"id": before.id} | {name: values.get(name, getattr(before, name)) for name in names}
        for before, values in listed
    ]


async def insert_all(
    session: WriteSession,
    table: Table,
    rows: Rows,
    *,
    returning: Entity[RowT] | None = None,
    **computed: Compute,
) -> dict[UUID, RowT]:
    """Insert rows of the session's company in one statement; no rows are no statement.

    `computed` columns are expressions over the rows, which may use a given column of the same name. Pass functions of
    a module, because statements are kept by them. With an entity of the table, return the stored rows by id.
    """
    if not rows:
        return {}
    statement = _insertion(table, tuple(rows[0]), tuple(computed.items()), returning)
    return _by_id(returning, await session.rows(statement, arrays_of(rows)))


@lru_cache(maxsize=_MOST_STATEMENTS)
def _insertion(
    table: Table, names: tuple[str, ...], computed: tuple[tuple[str, Compute], ...], returning: Entity[Any] | None
) -> Insert:
    given = record_set_of(table, names)
    values: dict[str, ColumnElement[Any]] = {name: given.c[name] for name in names if name not in dict(computed)}
    values |= {name: compute(given) for name, compute in computed}
    statement = insert(table).from_select(["company_id", *values], select(_COMPANY, *values.values()))
    return statement if returning is None else statement.returning(*returning.columns)


async def update_all(
    session: WriteSession, table: Table, rows: Rows, *, returning: Entity[RowT] | None = None
) -> dict[UUID, RowT]:
    """Update the same columns of locked rows in one statement; no rows are no statement.

    Each row is given with its `id`. Versions are incremented if the table has them. With an entity of the table, return
    the stored rows by id.
    """
    if not rows:
        return {}
    return _by_id(returning, await session.rows(_updating(table, tuple(rows[0]), returning), arrays_of(rows)))


@lru_cache(maxsize=_MOST_STATEMENTS)
def _updating(table: Table, names: tuple[str, ...], returning: Entity[Any] | None) -> Update:
    given = record_set_of(table, names)
    values = {name: given.c[name] for name in names if name != "id"}
    statement = update(table).where(narrowed(table), table.c.id == given.c.id)
    statement = statement.values(counted(table, values) if "version" in table.c else values)
    return statement if returning is None else statement.returning(*returning.columns)


def counted(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of an update, with the next version and the time."""
    return {**values, "version": table.c.version + 1, "updated_at": func.clock_timestamp()}


def ids_of(*lists: Rows) -> list[UUID]:
    """Return the ids of rows."""
    return [row["id"] for rows in lists for row in rows]


async def rows_by_id(session: WriteSession, entity: Entity[RowT], ids: Collection[UUID]) -> dict[UUID, RowT]:
    """Return rows by id, which is the first attribute of every row; no ids are no statement."""
    if not ids:
        return {}
    return _by_id(entity, await session.rows(_reading(entity), {KEYS: [*ids]}))


@lru_cache(maxsize=_MOST_STATEMENTS)
def _reading(entity: Entity[Any]) -> Select[Any]:
    return entity.select().where(among(entity.table.c.id))


def _by_id(entity: Entity[RowT] | None, rows: Sequence[DatabaseRow]) -> dict[UUID, RowT]:
    return {} if entity is None else {row[0]: entity.row._make(row) for row in rows}


async def store_rows(session: WriteSession, created: Rows, changed: Rows, *, entity: Entity[RowT]) -> dict[UUID, RowT]:
    """Update locked rows, then insert new ones; return them as they are now, by id.

    For entities without unique keys, which concurrent inserts could take, and without columns of other tables.
    """
    stored = await update_all(session, entity.table, changed, returning=entity)
    return stored | await insert_all(
        session, entity.table, created, returning=entity, created_at=at_this_moment, updated_at=at_this_moment
    )


def among(column: ColumnElement[Any], parameter: str = KEYS) -> ColumnElement[bool]:
    """Return the condition that a column has one of the values in a parameter of the statement, which is a list."""
    return column == any_(bindparam(parameter, type_=ARRAY(column.type)))


def at_this_moment(_given: TableValuedAlias) -> ColumnElement[Any]:
    """Return the current time.

    Not now(), because a transaction that waited for a lock began before the one it waited for.
    """
    return func.clock_timestamp()


def _parameter(name: str) -> str:
    return f"given_{name}"
