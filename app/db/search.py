"""SQL conditions for word and prefix searches, on texts in their comparison form."""

from sqlalchemy import ColumnElement, FromClause, Integer, Text, and_, func, literal_column, select

from app.db.columns import CODE_POINTS
from app.db.tables import customer_words
from app.domain.texts import MAX_FORM_CHARACTERS

MAX_WORDS = 10

# The last code point. A column holds at most MAX_FORM_CHARACTERS, so a prefix followed by as many of it sorts after
# every text with the prefix. A single one would sort before a text that continues with several U+10FFFF.
_LAST_CHARACTER = literal_column("'\U0010ffff'", Text())


def has_word(customer: FromClause, word: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that one of the customer's words begins with a word in its comparison form."""
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
    """Return the condition that a column begins with a prefix, both in their comparison form.

    It is a range, because under row-level security LIKE can't use an index.
    """
    start = prefix.collate(CODE_POINTS)
    last = func.repeat(_LAST_CHARACTER, literal_column(str(MAX_FORM_CHARACTERS), Integer()), type_=Text())
    return and_(column >= start, column <= start.concat(last))
