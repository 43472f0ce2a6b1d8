"""The recurring columns and constraints that tables are made of."""

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

# Keys that lists sort and filter by compare code points: of text operators under row-level security only plain
# comparisons may use an index, and of the collations only "C" answers a prefix by a range.
CODE_POINTS = "C"
# The alphabet: a collation that the first migration makes from what the server offers. It sorts what the function
# alphabet_key makes of a name (docs/adr/0007-the-alphabet.md).
ALPHABET = "alphabet"


def natural_key_sql(column: str) -> str:
    """SQL of the natural order of a number: all-digit ones first, by value, then the others by code point."""
    digits = f"ltrim({column}, '0')"
    return (
        f"CASE WHEN {column} ~ '^[0-9]+$'"
        f" THEN ('0' || lpad((length({digits}))::text, 2, '0')) || {digits}"
        f" ELSE '1' || {column} END"
    )


def identifier(name: str, *, nullable: bool = False) -> Column[Any]:
    """A UUID column."""
    return Column(name, Uuid, nullable=nullable)


def string(name: str, *, nullable: bool = True) -> Column[str]:
    """A text column; its length is a named check of the table."""
    return Column(name, Text, nullable=nullable)


def flag(name: str, *, default: bool) -> Column[bool]:
    """A boolean column."""
    return Column(name, Boolean, nullable=False, server_default=text(str(default).lower()))


def moment(name: str, *, nullable: bool = False, now: bool = True) -> Column[Any]:
    """A time-stamp with time zone: nullable, or now unless given."""
    return Column(
        name, DateTime(timezone=True), nullable=nullable, server_default=func.now() if now and not nullable else None
    )


def money(name: str, *, nullable: bool = False) -> Column[Any]:
    """An exact amount in major units; it keeps the decimals that were written."""
    return Column(name, Numeric, nullable=nullable)


def document(name: str, *, default: bool = False) -> Column[Any]:
    """A jsonb column."""
    return Column(name, JSONB, nullable=False, server_default=text("'{}'::jsonb") if default else None)


def version() -> Column[int]:
    """Counts the writes of a row."""
    return Column("version", Integer, nullable=False, server_default=text("1"))


def number_key(column: str) -> Column[Any]:
    """The natural order of a number, as one indexable text."""
    return Column(
        "number_key",
        Text(collation=CODE_POINTS),
        Computed(natural_key_sql(column), persisted=True),
        nullable=False,
    )


def name_key() -> Column[Any]:
    """The name as lists sort by it: in the company's alphabet, ignoring case."""
    return Column(
        "name_key",
        Text(collation=ALPHABET),
        Computed("alphabet_key(name)", persisted=True),
        nullable=False,
    )


def name_prefix() -> Column[Any]:
    """The name as a prefix of it is looked up: in the form that texts are compared by, as much as an index entry holds."""
    return Column(
        "name_prefix",
        Text(collation=CODE_POINTS),
        Computed(f'"left"(comparison_form(name), {MAX_FORM_CHARACTERS})', persisted=True),
        nullable=False,
    )


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """A check that holds an enumeration: text with a check may use an index under row-level security, an enum type may not."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def at_most(characters: int, *columns: str) -> tuple[CheckConstraint, ...]:
    """Checks of the length of optional strings: a set one is never empty."""
    return tuple(
        CheckConstraint(f"char_length({column}) BETWEEN 1 AND {characters}", name=f"{column}_length")
        for column in columns
    )


def belongs_to(table: str, column: str, *, deletes: bool = False) -> ForeignKeyConstraint:
    """A foreign key within the company: being composite, it can't refer into another company."""
    return ForeignKeyConstraint(
        ["company_id", column], [f"{table}.company_id", f"{table}.id"], ondelete="CASCADE" if deletes else None
    )


def of_company() -> ForeignKeyConstraint:
    """The foreign key to the company itself."""
    return ForeignKeyConstraint(["company_id"], ["companies.id"])
