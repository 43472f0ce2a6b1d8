"""JSON written by PostgreSQL: values and objects as pieces of text that one `concat` joins.

The result is byte for byte that of graphql-core and loaders. A value that would be rendered differently fails the
statement, and the operation falls back to graphql-core.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Date, DateTime, Dialect, Integer, Text, case, cast, func, literal_column, not_
from sqlalchemy.dialects.postgresql import JSON, asyncpg
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.db.declarations import Render
from app.db.plans.row import Row
from app.db.plans.tree import Given, Plain

Piece = str | ColumnElement[Any]
"""Constant JSON text, or an expression whose text is JSON."""
PieceT = TypeVar("PieceT", bound=Piece | Given)


class TextAsJson(FunctionElement[Any]):
    """The JSON of a text or a number, by the function that the statement's dialect names: see `json_dialect`."""

    inherit_cache = True
    type = JSON()


@compiles(TextAsJson)
def _text_as_json(element: TextAsJson, compiler: SQLCompiler, **options: Any) -> str:
    return f"{getattr(compiler.dialect, _JSON_FUNCTION)}({compiler.process(element.clauses, **options)})"


def json_dialect(*, json_scalar: bool) -> Dialect:
    """Return the dialect of statements that write JSON. JSON_SCALAR exists since PostgreSQL 17.

    `to_json` looks up the type of its argument at each call: a page of 50 customers takes a quarter longer.
    """
    dialect = asyncpg.dialect()
    setattr(dialect, _JSON_FUNCTION, "JSON_SCALAR" if json_scalar else "to_json")
    return dialect


_JSON_FUNCTION = "json_function"
NULL = "null"
# Maximum number of arguments of a function in PostgreSQL.
_MOST_ARGUMENTS = 100
_MOMENT = """YYYY-MM-DD"T"HH24:MI:SS.US"Z\""""


def constant(text: str) -> ColumnElement[str]:
    """Return text as an SQL literal. Only for names of the schema and the document, never for values of callers."""
    quoted = text.replace("'", "''")
    return literal_column(f"'{quoted}'", Text())


def number(value: int) -> ColumnElement[int]:
    """Return a number as an SQL literal."""
    return literal_column(str(value), Integer())


def merged(pieces: Iterable[PieceT | str]) -> list[PieceT | str]:
    """Return the pieces with adjacent constants joined."""
    parts: list[PieceT | str] = []
    for piece in pieces:
        last = parts[-1] if parts else None
        if isinstance(piece, str) and isinstance(last, str):
            parts[-1] = last + piece
        else:
            parts.append(piece)
    return parts


def joined(pieces: Iterable[Piece]) -> ColumnElement[str]:
    """Return the pieces as one text. Pieces that are null are skipped."""
    arguments = [constant(piece) if isinstance(piece, str) else piece for piece in merged(pieces)]
    while len(arguments) > _MOST_ARGUMENTS:
        starts = range(0, len(arguments), _MOST_ARGUMENTS)
        arguments = [func.concat(*arguments[start : start + _MOST_ARGUMENTS], type_=Text()) for start in starts]
    return func.concat(*arguments, type_=Text())


def json_object(members: Iterable[tuple[str, Sequence[PieceT | str]]]) -> list[PieceT | str]:
    """Return a JSON object of keys, which need no escaping, and values."""
    pieces: list[PieceT | str] = []
    for place, (key, value) in enumerate(members):
        pieces += [f'{"," if place else "{"}"{key}":', *value]
    return [*pieces, "}"] if pieces else ["{}"]


def value_of(plain: Plain, row: Row) -> list[Piece]:
    """Return JSON of a row's plain field."""
    field = plain.field
    if field.reference is None:
        value = row.table.c[field.column.name]
    else:
        other = row.joined(field.reference, field.column.table)
        value = other.column(other.row.table.c[field.column.name])
    if plain.names is not None:
        pieces = ['"', _named(value, plain.names, plain.texts), '"']
    elif plain.is_number:
        # Not the value itself: NaN and the infinities have no number in JSON, and stay strings.
        pieces: list[Piece] = [TextAsJson(value)]
    else:
        pieces = _RENDERED[field.render](value)
    if field.column.nullable:
        only = pieces[0] if len(pieces) == 1 else None
        if isinstance(only, TextAsJson):
            # Without a detour through text.
            return [func.coalesce(only, cast(constant(NULL), JSON), type_=JSON())]
        return [func.coalesce(_unless_null(pieces), constant(NULL))]
    if field.reference is not None:
        # A foreign key guarantees the row. Without it, a piece would be missing and the JSON malformed.
        return [func.coalesce(_unless_null(pieces), failure())]
    return pieces


def text_of(value: ColumnElement[Any], render: Render) -> list[Piece]:
    """Return a JSON string with the text of a value that is never null."""
    pieces = _RENDERED[render](value)
    return ['"', *pieces, '"'] if render in {Render.INTEGER, Render.BOOLEAN} else pieces


def failure() -> ColumnElement[str]:
    """Return an expression that fails the statement when evaluated. now() keeps PostgreSQL from evaluating it early."""
    nothing = func.left(func.concat(func.now()), number(0))
    return cast(cast(nothing, Integer), Text)


def timestamp(value: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a timestamp in UTC with microseconds, written as in Python; fails outside the years 1000 to 9999."""
    first, last = (
        literal_column(f"TIMESTAMPTZ '{text}+00'", DateTime(timezone=True))
        for text in ("1000-01-01 00:00:00", "9999-12-31 23:59:59.999999")
    )
    written = func.to_char(func.timezone(constant("UTC"), value), constant(_MOMENT), type_=Text())
    return case((not_(value.between(first, last)), failure()), else_=written)


def _unless_null(pieces: Sequence[Piece]) -> ColumnElement[str]:
    """Return the pieces as one text, which is null if a piece is null."""
    texts = [constant(piece) if isinstance(piece, str) else cast(piece, Text) for piece in pieces]
    return reduce(lambda text, more: text.concat(more), texts)


def _checked(value: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[str]:
    """Return the text of a value, which fails unless the condition holds."""
    return case((not_(condition), failure()), else_=cast(value, Text))


def _named(value: ColumnElement[Any], names: Sequence[str], texts: Sequence[str] | None) -> ColumnElement[str]:
    """Return the name of an enumeration's value, or its text; fails for a value that isn't named."""
    if texts is None:
        return _checked(value, value.in_([constant(name) for name in names]))
    known = [(value == constant(name), constant(text)) for name, text in zip(names, texts, strict=True)]
    return case(*known, (value.is_not(None), failure()))


def _date(value: ColumnElement[Any]) -> list[Piece]:
    first, last = (literal_column(f"DATE '{text}'", Date()) for text in ("0001-01-01", "9999-12-31"))
    return ['"', _checked(value, value.between(first, last)), '"']


def _quoted(value: ColumnElement[Any]) -> list[Piece]:
    return ['"', value, '"']


_RENDERED: dict[Render, Callable[[ColumnElement[Any]], list[Piece]]] = {
    Render.TEXT: lambda value: [TextAsJson(value)],
    Render.IDENTIFIER: _quoted,
    # Integers of the schema have 32 bits.
    Render.INTEGER: lambda value: [cast(value, Integer)],
    # `concat` would write "t" and "f".
    Render.BOOLEAN: lambda value: [case((value, constant("true")), (not_(value), constant("false")))],
    Render.DECIMAL: _quoted,
    Render.DATE: _date,
    Render.TIMESTAMP: lambda value: ['"', timestamp(value), '"'],
    Render.JSON: lambda value: [value],
}
