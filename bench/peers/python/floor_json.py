"""SQL that writes JSON as parts of one text, with as little work for PostgreSQL as possible."""

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
    return [Sql(f"to_json({column})")]


def free_or_null(column: str) -> Parts:
    """Any text, or null."""
    return [Sql(f"coalesce(to_json({column})::text, 'null')")]


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


def answer(parts: Parts) -> str:
    """The statement whose only value is a whole answer, as bytes: nothing has to decode and encode it again."""
    return f"SELECT convert_to({concat(object_of(data=parts))}, 'UTF8')"
