"""Columns and constraints that recur in many tables."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    Numeric,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.texts import MAX_FORM_CHARACTERS

# Collation of keys that lists sort and filter by. Under row-level security only plain comparisons of text can use an
# index, and only with the collation "C" a range finds all texts with a prefix.
CODE_POINTS = "C"
# Collation that the first migration creates. It sorts the results of the function alphabet_key
# (docs/adr/0007-the-alphabet.md).
ALPHABET = "alphabet"


def natural_key_sql(column: str) -> str:
    """Return SQL for the natural order of numbers: all-digit numbers first, by value, then others by code point."""
    digits = f"ltrim({column}, '0')"
    return (
        f"CASE WHEN {column} ~ '^[0-9]+$'"
        f" THEN ('0' || lpad((length({digits}))::text, 2, '0')) || {digits}"
        f" ELSE '1' || {column} END"
    )


def uuid(name: str, *, nullable: bool = False) -> Column[Any]:
    """Return a UUID column."""
    return Column(name, Uuid, nullable=nullable)


def string(name: str, *, nullable: bool = True) -> Column[str]:
    """Return a text column. Named checks of the table limit its length."""
    return Column(name, Text, nullable=nullable)


def flag(name: str, *, default: bool) -> Column[bool]:
    """Return a boolean column."""
    return Column(name, Boolean, nullable=False, server_default=text(str(default).lower()))


def moment(name: str, *, nullable: bool = False, now: bool = True) -> Column[Any]:
    """Return a timestamptz column; unless it is nullable, its default is now()."""
    return Column(
        name, DateTime(timezone=True), nullable=nullable, server_default=func.now() if now and not nullable else None
    )


def money(name: str, *, nullable: bool = False) -> Column[Any]:
    """Return a column of exact amounts in major units; it keeps the decimals as written."""
    return Column(name, Numeric, nullable=nullable)


def jsonb(name: str, *, default: bool = False) -> Column[Any]:
    """Return a jsonb column; its default is an empty object if `default`."""
    return Column(name, JSONB, nullable=False, server_default=text("'{}'::jsonb") if default else None)


def version() -> Column[int]:
    """Return the column that counts the writes of a row."""
    return Column("version", Integer, nullable=False, server_default=text("1"))


def number_key(column: str) -> Column[Any]:
    """Return the column that holds the natural order of a number as one indexable text."""
    return Column(
        "number_key",
        Text(collation=CODE_POINTS),
        Computed(natural_key_sql(column), persisted=True),
        nullable=False,
    )


def name_key() -> Column[Any]:
    """Return the column by which lists sort names: in the database's alphabet, ignoring case."""
    return Column(
        "name_key",
        Text(collation=ALPHABET),
        Computed("alphabet_key(name)", persisted=True),
        nullable=False,
    )


def name_prefix() -> Column[Any]:
    """Return the column for prefix searches: the name's comparison form, shortened to the size of an index entry."""
    return _form("name_prefix", "name", nullable=False)


def after_default(default: str) -> Column[Any]:
    """Return the first column of a list that begins with the default row.

    The whole order ascends with it, so that a cursor is one comparison of rows, which is a range of an index.
    """
    return Column("is_not_default", Boolean, Computed(f"NOT {default}", persisted=True), nullable=False)


def compared(column: str) -> Column[Any]:
    """Return the column by which an optional text is found ignoring case: its comparison form, shortened likewise."""
    return _form(f"{column}_form", column, nullable=True)


def _form(name: str, column: str, *, nullable: bool) -> Column[Any]:
    form = Computed(f'"left"(comparison_form({column}), {MAX_FORM_CHARACTERS})', persisted=True)
    return Column(name, Text(collation=CODE_POINTS), form, nullable=nullable)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Return a check for an enumeration. Under row-level security text can use an index, an enum type can't."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def at_most(characters: int, *columns: str) -> tuple[CheckConstraint, ...]:
    """Return checks that limit the length of optional strings; a string that is set is never empty."""
    return tuple(
        CheckConstraint(f"char_length({column}) BETWEEN 1 AND {characters}", name=f"{column}_length")
        for column in columns
    )


def finite(*columns: str) -> CheckConstraint:
    """Return a check that no date is infinite: nothing can be computed with it, and JSON has none."""
    return CheckConstraint(" AND ".join(f"isfinite({column})" for column in columns), name="dates")


def belongs_to(table: str, column: str, *, deletes: bool = False) -> ForeignKeyConstraint:
    """Return a composite foreign key, which can't refer to rows of another company."""
    return ForeignKeyConstraint(
        ["company_id", column], [f"{table}.company_id", f"{table}.id"], ondelete="CASCADE" if deletes else None
    )


def of_company() -> ForeignKeyConstraint:
    """Return the foreign key to the company."""
    return ForeignKeyConstraint(["company_id"], ["companies.id"])
