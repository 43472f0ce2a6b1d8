"""A follower that asks for the next events by GraphQL."""

from typing import Any

from tests.support.asking import Caller

FOLLOW = """
query($after: String!, $first: Int! = 500, $types: [ChangeEventType!], $customerIds: [ID!]) {
  changes(after: $after, first: $first, types: $types, customerIds: $customerIds) {
    events {
      id cursor type subjectId customerId version actor occurredAt data
      changedFields { field before after }
      subject { __typename id }
    }
    endCursor hasNextPage
  }
}
"""


async def feed_cursor(caller: Caller) -> str:
    """Where the feed of the caller's company stands."""
    return (await caller.data("{ feedCursor }"))["feedCursor"]


async def changes(caller: Caller, after: str, **arguments: Any) -> dict[str, Any]:
    """The next events, as they are sent."""
    return (await caller.sent(FOLLOW, after=after, **arguments))["changes"]


async def followed(caller: Caller, after: str, **arguments: Any) -> list[dict[str, Any]]:
    """All events after a cursor, page by page."""
    events: list[dict[str, Any]] = []
    while True:
        page = await changes(caller, after, **arguments)
        events += page["events"]
        after = page["endCursor"]
        if not page["hasNextPage"]:
            return events
