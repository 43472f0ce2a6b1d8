"""Full-text search and prefixes: conditions on what app/domain/texts.py makes of a query, and the database of what it stores."""

from sqlalchemy import ColumnElement, FromClause, Integer, Text, and_, func, literal_column, select

from app.db.columns import CODE_POINTS
from app.db.tables import customer_words
from app.domain.texts import MAX_FORM_CHARACTERS

MAX_WORDS = 10

# The last code point. A column holds at most MAX_FORM_CHARACTERS, so a prefix followed by as many of it sorts behind all
# that begins with the prefix, even if that goes on with U+10FFFF. One alone would leave that out.
_LAST_CHARACTER = literal_column("'\U0010ffff'", Text())


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
    last = func.repeat(_LAST_CHARACTER, literal_column(str(MAX_FORM_CHARACTERS), Integer()), type_=Text())
    return and_(column >= start, column <= start.concat(last))
