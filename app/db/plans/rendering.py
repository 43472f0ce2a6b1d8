"""JSON as the database writes it: values and objects as pieces of text that one `concat` puts together.

What a piece shows is byte for byte what the loaders' rows show. A value that can't be shown so is a failure: it fails the
statement, and the operation is answered from rows.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Date, DateTime, Integer, Text, case, cast, func, literal_column, not_

from app.db.declarations import Field, Render
from app.db.plans.row import Row

Piece = str | ColumnElement[Any]
"""JSON text that is known, or an expression whose text is JSON."""

NULL = "null"
# PostgreSQL's functions take at most 100 arguments.
_MOST_ARGUMENTS = 100
_MOMENT = """YYYY-MM-DD"T"HH24:MI:SS.US"Z\""""


def constant(text: str) -> ColumnElement[str]:
    """Text as a literal of SQL. It is made of names of the schema and the document; no value of a caller's is."""
    quoted = text.replace("'", "''")
    return literal_column(f"'{quoted}'", Text())


def number(value: int) -> ColumnElement[int]:
    """A number as a literal of SQL."""
    return literal_column(str(value), Integer())


def joined(pieces: Iterable[Piece]) -> ColumnElement[str]:
    """The pieces as one text; a piece that is null leaves nothing."""
    parts: list[Piece] = []
    for piece in pieces:
        last = parts[-1] if parts else None
        if isinstance(piece, str) and isinstance(last, str):
            parts[-1] = last + piece
        else:
            parts.append(piece)
    arguments = [constant(part) if isinstance(part, str) else part for part in parts]
    while len(arguments) > _MOST_ARGUMENTS:
        starts = range(0, len(arguments), _MOST_ARGUMENTS)
        arguments = [func.concat(*arguments[start : start + _MOST_ARGUMENTS]) for start in starts]
    return func.concat(*arguments, type_=Text())


def object_of(members: Iterable[tuple[str, Sequence[Piece]]]) -> list[Piece]:
    """A JSON object of keys, which need no escaping, and what they hold."""
    pieces: list[Piece] = []
    for place, (key, value) in enumerate(members):
        pieces += [f'{"," if place else "{"}"{key}":', *value]
    return [*pieces, "}"] if pieces else ["{}"]


def value_of(field: Field, row: Row, names: Sequence[str] | None) -> list[Piece]:
    """A plain field of a row; `names` are all that an enumeration's field may hold."""
    if field.reference is None:
        value = row.table.c[field.column.name]
    else:
        other = row.joined(field.reference, field.column.table)
        value = other.column(other.row.table.c[field.column.name])
    if names is None:
        pieces = _RENDERED[field.render](value)
    else:
        pieces = ['"', _checked(value, value.in_([constant(name) for name in names])), '"']
    if field.column.nullable:
        return [func.coalesce(_unless_null(pieces), constant(NULL))]
    if field.reference is not None:
        # A foreign key holds that it is there; were it missing, there would be a gap.
        return [func.coalesce(_unless_null(pieces), failure())]
    return pieces


def failure() -> ColumnElement[str]:
    """Text that fails the statement where it is asked for; not computed beforehand, as it depends on the moment."""
    nothing = func.left(func.concat(func.now()), number(0))
    return cast(cast(nothing, Integer), Text)


def moment(value: ColumnElement[Any]) -> ColumnElement[str]:
    """A time in UTC with microseconds; Python writes the years of four digits in the same way."""
    first, last = (
        literal_column(f"TIMESTAMPTZ '{text}+00'", DateTime(timezone=True))
        for text in ("1000-01-01 00:00:00", "9999-12-31 23:59:59.999999")
    )
    written = func.to_char(func.timezone(constant("UTC"), value), constant(_MOMENT), type_=Text())
    return case((not_(value.between(first, last)), failure()), else_=written)


def _unless_null(pieces: Sequence[Piece]) -> ColumnElement[str]:
    """The pieces as one text that is null where one of them is."""
    texts = [constant(piece) if isinstance(piece, str) else cast(piece, Text) for piece in pieces]
    return reduce(lambda text, more: text.concat(more), texts)


def _checked(value: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[str]:
    """The text of a value that fulfills a condition, or a failure."""
    return case((not_(condition), failure()), else_=cast(value, Text))


def _date(value: ColumnElement[Any]) -> list[Piece]:
    first, last = (literal_column(f"DATE '{text}'", Date()) for text in ("0001-01-01", "9999-12-31"))
    return ['"', _checked(value, value.between(first, last)), '"']


def _quoted(value: ColumnElement[Any]) -> list[Piece]:
    return ['"', value, '"']


_RENDERED: dict[Render, Callable[[ColumnElement[Any]], list[Piece]]] = {
    Render.TEXT: lambda value: [func.to_json(value)],
    Render.IDENTIFIER: _quoted,
    # The schema's integers have 32 bits, whatever the column has.
    Render.INTEGER: lambda value: [cast(value, Integer)],
    # `concat` would write t and f.
    Render.BOOLEAN: lambda value: [case((value, constant("true")), (not_(value), constant("false")))],
    Render.DECIMAL: _quoted,
    Render.DATE: _date,
    Render.TIMESTAMP: lambda value: ['"', moment(value), '"'],
    Render.JSON: lambda value: [value],
}
