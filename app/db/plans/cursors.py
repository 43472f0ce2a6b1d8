"""Cursors that the database makes in a plan's statement; app/graphql/cursors.py encodes the same."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, FromClause, LargeBinary, Text, cast, func

from app.db.arguments import FeedArguments
from app.db.declarations import SortKey, render_of
from app.db.plans.rendering import Piece, constant, joined, number, text_of
from app.db.plans.slots import Slots
from app.db.plans.tree import FeedCursor
from app.db.tables import feed_heads

CURSOR_DIGEST_BYTES = 9
"""Number of bytes of the digest in a cursor."""
CURSOR_VERSION = 2
"""Version of a cursor's content. Raise it when the content changes (tests/contract/test_stored_encodings.py)."""


def cursor_of(identity: ColumnElement[bytes], position: ColumnElement[str]) -> ColumnElement[str]:
    """Return the cursor of a position, in quotes, or null."""
    content = func.convert_to(position, constant("UTF8"), type_=LargeBinary())
    digest = func.substr(
        func.sha256(identity.concat(content)), number(1), number(CURSOR_DIGEST_BYTES), type_=LargeBinary()
    )
    encoded = func.encode(digest.concat(content), constant("base64"))
    # URL-safe base64 without line breaks and padding.
    text = func.rtrim(func.translate(encoded, constant("+/\n"), constant("-_")), constant("="), type_=Text())
    return constant('"').concat(text).concat(constant('"'))


def position_of(order: Sequence[SortKey], row: FromClause) -> ColumnElement[str]:
    """Return JSON of a row's position, as cursors hold it: a version, and texts by column name."""
    pieces: list[Piece] = [f'{{"v":{CURSOR_VERSION}']
    for key in order:
        pieces += [f',"{key.column.name}":', *text_of(row.c[key.column.name], render_of(key.column))]
    return joined([*pieces, "}"])


def feed_cursor(node: FeedCursor, slots: Slots) -> ColumnElement[str]:
    """Return the cursor of the feed's head, in quotes; of position 0 if the company has no events yet."""
    row = slots.row(feed_heads)
    head = row.select(row.table.c.position).correlate_except(row.table).scalar_subquery()
    position = cast(func.coalesce(head, number(0)), Text)
    identity = slots.arguments(node.slot, FeedArguments).identity
    bound = slots.bind(node.slot)(identity, LargeBinary())
    return cursor_of(bound, joined([f'{{"v":{CURSOR_VERSION},"position":"', position, '"}']))
