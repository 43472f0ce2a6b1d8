"""The root field of subscriptions."""

from dataclasses import dataclass
from typing import Annotated

import strawberry
from strawberry import UNSET

from app.graphql import feed_cursors
from app.graphql.arguments import Problems, given
from app.graphql.context import Info
from app.graphql.feed import Followed, read_followed
from app.graphql.feed_queries import OfCustomers, OfTypes
from app.graphql.permissions import READS
from app.graphql.types.change_event import ChangeEvent

FollowedAfter = Annotated[
    str | None,
    strawberry.argument(
        description="Begin with the first event after this cursor, which `feedCursor`, `endCursor` or an event showed;"
        " the header `Last-Event-ID` takes precedence. Default: only events from now on. Other cursors are rejected"
        " with INVALID_CURSOR. FEED_CURSOR_EXPIRED: events after it are no longer kept; read the data again, together"
        " with a new `feedCursor`."
    ),
]


@dataclass(frozen=True, slots=True)
class Following:
    """What a subscription follows."""

    followed: Followed
    after: int | None
    """The position after which it begins; None for the head of the feed."""


def _changes(
    info: Info, after: FollowedAfter = UNSET, types: OfTypes = UNSET, customer_ids: OfCustomers = UNSET
) -> Following:
    """Return which events are followed. `app.live` reads them, once for all subscriptions."""
    problems, principal, begins = Problems(), info.context.principal, given(after)
    followed = read_followed(types, customer_ids, principal, problems)
    position = None
    if begins is not None:
        position = feed_cursors.decode(begins, principal.company_id, ("after",), problems)
    problems.reject_if_any()
    return Following(followed, position)


@strawberry.type(description="All subscriptions. docs/live.md says how to open, resume and end them.")
class Subscription:
    """The root fields of subscriptions. Each follows only events of the credential's company."""

    changes = strawberry.subscription(
        resolver=_changes,
        description="The events of the feed as they happen, in its order, each at least once. Needs customers-read.",
        graphql_type=ChangeEvent,
        extensions=READS,
    )
