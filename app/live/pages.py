"""Pages: responses to events that are executed together, as many as a client may be given at once."""

from collections.abc import Callable, Iterable, Sequence

from graphql import ExecutionResult

from app.db.plans.held import PAGE_BYTES
from app.live.updates import Update

LONGEST = 10_000_000
"""Maximum size of the response to one event, in bytes."""


class ResponseTooLong(Exception):
    """The response to a single event is longer than it may be."""


def page_of(results: Iterable[ExecutionResult], render: Callable[[ExecutionResult], bytes]) -> list[bytes]:
    """Return the first results as JSON, until they fill a page. Raise ResponseTooLong if the first one is."""
    bodies, size = list[bytes](), 0
    for result in results:
        body = render(result)
        if len(body) > LONGEST:
            if not bodies:
                raise ResponseTooLong
            break
        bodies.append(body)
        size += len(body)
        if size >= PAGE_BYTES:
            break
    return bodies


def fitting(updates: Sequence[Update], most: int) -> int:
    """Return how many updates of the size of these fit into a page."""
    return max(1, min(most, PAGE_BYTES * len(updates) // sum(len(update.body) for update in updates)))
