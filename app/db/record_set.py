"""Many rows as parameters of one statement: one array per column, so that the SQL doesn't depend on their number."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, Uuid, bindparam, column, func, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TableValuedAlias

from app.db.read_session import COMPANY
from app.db.unit_of_work import WriteSession

_COMPANY = bindparam(COMPANY, type_=Uuid())


def record_set(table: Table, rows: Sequence[Mapping[str, Any]]) -> TableValuedAlias:
    """Return rows with the same columns, at least one row, as a typed table to join or to insert from."""
    types = {name: table.c[name].type for name in rows[0]}
    arrays = [literal([row[name] for row in rows], ARRAY(kind)) for name, kind in types.items()]
    columns = [column(name, kind) for name, kind in types.items()]
    return func.unnest(*arrays).table_valued(*columns, name="given").render_derived()


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
    rows: Sequence[Mapping[str, Any]],
    **computed: Callable[[TableValuedAlias], ColumnElement[Any]],
) -> None:
    """Insert rows of the session's company in one statement; no rows are no statement.

    `computed` columns are expressions over the rows, which may use a given column of the same name.
    """
    if not rows:
        return
    given = record_set(table, rows)
    plain = {name: given.c[name] for name in rows[0] if name not in computed}
    values = plain | {name: compute(given) for name, compute in computed.items()}
    await session.rows(insert(table).from_select(["company_id", *values], select(_COMPANY, *values.values())))


def at_this_moment(_given: TableValuedAlias) -> ColumnElement[Any]:
    """Return the current time.

    Not now(), because a transaction that waited for a lock began before the one it waited for.
    """
    return func.clock_timestamp()
