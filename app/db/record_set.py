"""Many rows as one statement's parameters: one array per column, so that no statement grows with its rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, Uuid, bindparam, column, func, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TableValuedAlias

from app.db.read_session import COMPANY
from app.db.unit_of_work import WriteSession

_COMPANY = bindparam(COMPANY, type_=Uuid())


def record_set(table: Table, rows: Sequence[Mapping[str, Any]]) -> TableValuedAlias:
    """Rows, at least one, that all have the same columns, as something to join or to insert from; typed as the table's."""
    types = {name: table.c[name].type for name in rows[0]}
    arrays = [literal([row[name] for row in rows], ARRAY(kind)) for name, kind in types.items()]
    columns = [column(name, kind) for name, kind in types.items()]
    return func.unnest(*arrays).table_valued(*columns, name="given").render_derived()


async def insert_all(
    session: WriteSession,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    **computed: Callable[[TableValuedAlias], ColumnElement[Any]],
) -> None:
    """Insert rows of the session's company in one statement, or do nothing for none.

    `computed` columns come from the rows, also from what a row says in a column of the same name.
    """
    if not rows:
        return
    given = record_set(table, rows)
    plain = {name: given.c[name] for name in rows[0] if name not in computed}
    values = plain | {name: compute(given) for name, compute in computed.items()}
    await session.rows(insert(table).from_select(["company_id", *values], select(_COMPANY, *values.values())))


def at_this_moment(_given: TableValuedAlias) -> ColumnElement[Any]:
    """The moment of the statement: a transaction that waited for another's lock began before what it comes after."""
    return func.clock_timestamp()
