"""Full-text search and prefixes: conditions on what app/domain/texts.py makes of a query, and the database of what it stores."""

from sqlalchemy import ColumnElement, FromClause, Integer, Text, and_, literal_column, select

from app.db.columns import CODE_POINTS
from app.db.tables import customer_words

MAX_WORDS = 10

# Sorts behind every character, so a prefix is the range from itself to itself followed by this.
_LAST_CHARACTER = "\U0010ffff"


def has_word(customer: FromClause, word: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether a word in its comparison form begins a word of the customer."""
    entry = customer_words.alias()
    return (
        select(literal_column("1", Integer()))
        .where(
            entry.c.company_id == customer.c.company_id,
            entry.c.customer_id == customer.c.id,
            begins_with(entry.c.word, word),
        )
        .exists()
    )


def begins_with(column: ColumnElement[str], prefix: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether a column begins with a prefix, both in their comparison forms.

    It is a range, which an index may answer under row-level security where LIKE may not.
    """
    start = prefix.collate(CODE_POINTS)
    return and_(column >= start, column < start.concat(literal_column(f"'{_LAST_CHARACTER}'", Text())))
