"""Full-text search: how a query is parted into words, and the condition that a customer has one."""

from sqlalchemy import ColumnElement, FromClause, Integer, Text, and_, func, literal_column, select

from app.db.columns import ALPHABET, CODE_POINTS
from app.db.tables import customer_words

MAX_WORDS = 10
MAX_WORD_CHARACTERS = 64

# What parts words: the same ASCII punctuation and white space as the database's search_words.
_SEPARATORS = str.maketrans(dict.fromkeys(" \t\n\r\f\v!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " "))
# Sorts behind every character, so a prefix is the range from itself to itself followed by this.
_LAST_CHARACTER = "\U0010ffff"


def words_of(query: str) -> tuple[str, ...]:
    """The words of a query, in the order given; none for a query of punctuation alone."""
    return tuple(dict.fromkeys(word[:MAX_WORD_CHARACTERS] for word in query.translate(_SEPARATORS).split(" ") if word))


def has_word(customer: FromClause, word: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a word begins a word of the customer."""
    entry = customer_words.alias()
    return (
        select(literal_column("1", Integer()))
        .where(
            entry.c.company_id == customer.c.company_id,
            entry.c.customer_id == customer.c.id,
            _in_range(entry.c.word, func.left(_folded(word), literal_column(str(MAX_WORD_CHARACTERS), Integer()))),
        )
        .exists()
    )


def begins_with(column: ColumnElement[str], prefix: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a folded column begins with a prefix, ignoring case."""
    return _in_range(column, _folded(prefix))


def _folded(value: ColumnElement[str]) -> ColumnElement[str]:
    return func.lower(value.collate(ALPHABET))


def _in_range(column: ColumnElement[str], prefix: ColumnElement[str]) -> ColumnElement[bool]:
    """A prefix as a range, which an index may answer under row-level security where LIKE may not."""
    start = prefix.collate(CODE_POINTS)
    return and_(column >= start, column < start.concat(literal_column(f"'{_LAST_CHARACTER}'", Text())))
