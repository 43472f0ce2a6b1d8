"""The feed of a company: its events in the order of their positions, for followers.

The sequencer gives events positions after their commits, so a position that is visible has all lower ones before it
(docs/adr/0030-the-feed.md).
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Select, Subquery, bindparam, cast, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import JSONB

from app.db.declarations import narrowed
from app.db.graph import field_change
from app.db.record_set import among
from app.db.rows import EventRow
from app.db.tables import feed_heads, history, outbox_events
from app.db.unit_of_work import Session
from app.domain.events import EventType

WINDOW = 5_000
"""Maximum number of positions that one call looks at."""
_TYPES, _CUSTOMERS = "types", "customer_ids"
_NO_CHANGES = cast(literal_column("'[]'"), JSONB)


class Head(NamedTuple):
    """Where a feed stands."""

    position: int
    """The highest position; 0 if there never was an event."""
    expired_position: int
    """The highest position that was deleted; 0 if none was."""


class EventsRead(NamedTuple):
    """Events that were read."""

    rows: Sequence[EventRow]
    position: int
    """How far was read: a follower goes on after it, even if no event was found."""
    head: Head
    """Where the feed stood. Events are missing if `expired_position` is beyond the position that was read after."""


async def read_head(session: Session) -> Head:
    """Return where the company's feed stands."""
    rows = await session.rows(_head(), {})
    return Head(*rows[0]) if rows else Head(0, 0)


@cache
def _head() -> Select[int, int]:
    return select(feed_heads.c.position, feed_heads.c.expired_position).where(narrowed(feed_heads))


async def read_events(
    session: Session,
    after: int,
    *,
    until: int | None,
    types: Collection[EventType] | None,
    customer_ids: Collection[UUID] | None,
    limit: int,
) -> EventsRead:
    """Return the events after a position, until another one or the head, at most `limit`, in one statement.

    Empty collections match nothing; None matches everything. At most `WINDOW` positions are looked at, so that a filter
    that matches few events costs no more.
    """
    last = after + WINDOW if until is None else min(until, after + WINDOW)
    parameters: dict[str, object] = {"after": after, "last": last, "limit": limit}
    if types is not None:
        parameters[_TYPES] = [str(type_) for type_ in types]
    if customer_ids is not None:
        parameters[_CUSTOMERS] = [*customer_ids]
    found = await session.rows(_events(of_types=types is not None, of_customers=customer_ids is not None), parameters)
    if not found:
        return EventsRead((), after, Head(0, 0))
    head = Head(*found[0][:2])
    # A feed without events to read is one row of its head.
    rows = [EventRow._make(row[2:]) for row in found if row[2] is not None]
    is_full = len(rows) >= limit
    position = (rows[-1].position if rows else after) if is_full else max(after, min(last, head.position))
    return EventsRead(rows, position, head)


@cache
def _events(*, of_types: bool, of_customers: bool) -> Select[*tuple[object, ...]]:
    head, page, change = _head().subquery("head"), _page(of_types=of_types, of_customers=of_customers), history.alias()
    # Only the event that made a version shows its changes; others may name the same version.
    of_event = (
        narrowed(change)
        & (change.c.subject_id == page.c.subject_id)
        & (change.c.version == page.c.version)
        & page.c.has_changes
    )
    columns = [page.c[name] for name in EventRow._fields if name != "changes"]
    return (
        select(head.c.position, head.c.expired_position, *columns, field_change.texts(change).label("changes"))
        .select_from(head.outerjoin(page, true()).outerjoin(change, of_event))
        .order_by(page.c.position)
    )


def _page(*, of_types: bool, of_customers: bool) -> Subquery:
    """Return the query of a page of events.

    The version is computed here because, under row-level security, the index of the history can only be used for a
    comparison with a plain column.
    """
    event = outbox_events.c
    query = (
        select(
            *(event[name] for name in EventRow._fields if name in event),
            cast(event.data["version"].astext, Integer).label("version"),
            func.coalesce(event.data["changedFields"] != _NO_CHANGES, true()).label("has_changes"),
        )
        .where(
            narrowed(outbox_events),
            event.position > bindparam("after", type_=BigInteger()),
            event.position <= bindparam("last", type_=BigInteger()),
        )
        .order_by(event.position)
        .limit(bindparam("limit", type_=Integer()))
    )
    if of_types:
        query = query.where(among(event.type, _TYPES))
    if of_customers:
        query = query.where(among(event.customer_id, _CUSTOMERS))
    return query.subquery("page")
