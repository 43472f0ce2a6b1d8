"""Cursors of the feed: a follower's position in the events of its company, opaque and bound to the company."""

from uuid import UUID

from app.db.declarations import SortKey
from app.db.feed import Head
from app.db.tables import outbox_events
from app.domain.errors import Path
from app.graphql.arguments import Problems
from app.graphql.codes import FieldCode
from app.graphql.cursors import Cursors

FEED_ORDER = (SortKey(outbox_events.c.position),)
"""The order of the feed, whose positions its cursors hold."""


def feed_cursors(company_id: UUID) -> Cursors:
    """Return the cursors of a company's feed."""
    return Cursors(FEED_ORDER, "feed", company_id)


def encode(company_id: UUID, position: int) -> str:
    """Return the cursor after the event at a position; position 0 is before the first event."""
    return feed_cursors(company_id).encode((position,))


def decode(cursor: str, company_id: UUID, path: Path, problems: Problems) -> int | None:
    """Return the position of a cursor, or note a problem if it isn't a cursor of this company's feed."""
    found = feed_cursors(company_id).read(cursor)
    # Forged: the digest isn't a secret.
    if found is None or found[0] < 0:
        problems.add(
            path,
            "is not a cursor of this company's feed, or was altered. Take one from `feedCursor` or from an event.",
            FieldCode.INVALID_CURSOR,
        )
        return None
    return found[0]


def check_kept(position: int, head: Head, path: Path) -> None:
    """Raise GraphQLError if the feed doesn't hold all events after a position."""
    if head.expired_position <= position <= head.position:
        return
    problems = Problems()
    problems.add(
        path,
        "is older than the events that are kept, so changes would be missing. Read the data again together with a new"
        " `feedCursor`, and follow from there."
        if position < head.expired_position
        else "is ahead of the feed, as after restoring a backup. Read the data again together with a new `feedCursor`,"
        " and follow from there.",
        FieldCode.FEED_CURSOR_EXPIRED,
    )
    raise problems.error()
