"""SQL that writes JSON as parts of one text, with as little work for PostgreSQL as possible.

`JSON_SCALAR` needs PostgreSQL 17 and is a fifth faster than `to_json`, which looks up its argument's type at each call.
"""

from collections.abc import Iterable
from typing import NamedTuple

Parts = list["str | Sql"]
"""A value's parts: literal JSON text, and SQL expressions between such texts."""


class Sql(NamedTuple):
    """An SQL expression."""

    text: str


def plain(column: str) -> Parts:
    """Text that needs no escaping and is always set: ids, numbers as strings, enumerations."""
    return ['"', Sql(column), '"']


def free(column: str) -> Parts:
    """Any text, always set."""
    return [Sql(f"JSON_SCALAR({column})")]


def free_or_null(column: str) -> Parts:
    """Any text, or null."""
    return [Sql(f"coalesce(JSON_SCALAR({column}), 'null'::json)")]


def plain_or_null(column: str) -> Parts:
    """Text that needs no escaping, or null."""
    return [Sql(f"coalesce('\"' || {column} || '\"', 'null')")]


def bare(column: str) -> Parts:
    """A number, a boolean or jsonb, always set."""
    return [Sql(f"{column}::text")]


def bare_or_null(column: str) -> Parts:
    """A number or a boolean, or null."""
    return [Sql(f"coalesce({column}::text, 'null')")]


def moment(column: str) -> Parts:
    """A moment in UTC, with six digits of a second."""
    return ['"', Sql(f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"), '"']


def nested(query: str) -> Parts:
    """An object, or null where there is no row."""
    return [Sql(f"coalesce(({query}), 'null')")]


def listed(query: str) -> Parts:
    """The elements that a query gives as `element` in its order."""
    joined = f"SELECT string_agg(element, ',') FROM ({query}) AS elements"  # noqa: S608 - no word of a caller's
    return ["[", Sql(f"({joined})"), "]"]


def concat(parts: Parts) -> str:
    """SQL of a text: neighboring literals become one, because each argument costs a little."""
    arguments: list[str] = []
    literal = ""
    for part in [*parts, Sql("")]:
        if isinstance(part, str):
            literal += part
            continue
        if literal:
            arguments.append("'" + literal.replace("'", "''") + "'")
            literal = ""
        if part.text:
            arguments.append(part.text)
    return f"concat({', '.join(arguments)})"


def object_of(**fields: Parts) -> Parts:
    """An object, from its keys and their values."""
    parts: Parts = []
    for key, value in fields.items():
        parts += ["," if parts else "{", f'"{key}":', *value]
    return [*parts, "}"]


class Column(NamedTuple):
    """One value of a statement, and the bytes that stand for null or for no row."""

    query: str
    missing: bytes


class Statement(NamedTuple):
    """A statement whose values are parts of an answer, between constant bytes that the server adds.

    PostgreSQL would copy a wide answer once more for each function around it.
    """

    sql: str
    constants: tuple[bytes, ...]
    missing: tuple[bytes, ...]

    def answer(self, row: Iterable[bytes | None]) -> bytes:
        """Return the whole answer."""
        parts = [self.constants[0]]
        for value, missing, constant in zip(row, self.missing, self.constants[1:], strict=True):
            parts += (missing if value is None else value, constant)
        return b"".join(parts)


def page_of(node: Parts, source: str) -> Column:
    """Return the column of a connection's nodes."""
    return Column(f"SELECT string_agg(element, ',') FROM (SELECT {concat(node)} AS element {source}) AS elements", b"")  # noqa: S608 - no word of a caller's


def one_of(node: Parts, source: str) -> Column:
    """Return the column of one object, or null."""
    return Column(f"SELECT {concat(node)} {source}", b"null")


def statement(*parts: str | Column) -> Statement:
    """Return the statement of an answer whose constant texts and columns alternate, beginning with a text."""
    columns = [part for part in parts if isinstance(part, Column)]
    return Statement(
        f"SELECT {', '.join(f'({column.query})' for column in columns)}",
        tuple(part.encode() for part in parts if isinstance(part, str)),
        tuple(column.missing for column in columns),
    )
