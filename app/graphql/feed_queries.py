"""The root fields that read the feed."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from app.graphql import feed_cursors
from app.graphql.context import Info
from app.graphql.feed import ChangesRead, changes_after, head_of, read_changes
from app.graphql.permissions import READS
from app.graphql.planning.reading import DEFAULT_LIST
from app.graphql.types.change_event import ChangeEvents
from app.graphql.types.enums import ChangeEventType

AfterEvent = Annotated[
    str,
    strawberry.argument(
        description="Only events after this cursor, which `feedCursor`, `endCursor` or an event showed. Others are"
        " rejected with INVALID_CURSOR. FEED_CURSOR_EXPIRED: events after it are no longer kept; read the data again,"
        " together with a new `feedCursor`."
    ),
]
FirstEvents = Annotated[int, strawberry.argument(description="Maximum number of events, 0 to 500.")]
OfTypes = Annotated[
    list[ChangeEventType] | None,
    strawberry.argument(
        description="Only events of these types, at most 50; an empty list matches nothing. Types of ledger accounts need"
        " accounts-read; without it and without `types`, they are left out."
    ),
]
OfCustomers = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(
        description="Only events of these customers and of what belongs to them: their ids, UUIDs, at most 100; an empty"
        " list matches nothing."
    ),
]


async def _feed_cursor(info: Info) -> str:
    """Return the cursor of the feed's head."""
    head = await head_of(info.context)
    return feed_cursors.encode(info.context.principal.company_id, head.position)


async def _changes(
    info: Info,
    after: AfterEvent,
    first: FirstEvents = DEFAULT_LIST,
    types: OfTypes = UNSET,
    customer_ids: OfCustomers = UNSET,
) -> ChangesRead:
    """Return the next events."""
    requested = read_changes(info.context.principal, after=after, first=first, types=types, customer_ids=customer_ids)
    return await changes_after(info.context, requested)


feed_cursor = strawberry.field(
    resolver=_feed_cursor,
    description="Where the feed stands in what this operation reads: `changes` after it shows every later change, and"
    " perhaps some that the operation has read. All lists beside it are fresh. Needs customers-read.",
    graphql_type=str | None,
    extensions=READS,
)
changes = strawberry.field(
    resolver=_changes,
    description="The next events of the feed after a cursor, the oldest first. Events of one object are in the order of"
    " its versions. They are kept for FEED_RETENTION_DAYS (30) days. Needs customers-read.",
    graphql_type=ChangeEvents | None,
    extensions=READS,
)
