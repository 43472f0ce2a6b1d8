"""Ranges of values, one input for each kind of value, in all filters."""

from datetime import datetime

import strawberry


@strawberry.input(
    description="A range of times that includes `gte` and excludes `lt`, so that consecutive ranges don't overlap. A"
    " bound that is left out is ignored."
)
class DateTimeRange:
    """A range of times."""

    gte: strawberry.Maybe[datetime | None] = strawberry.field(description="At this time or later.")
    lt: strawberry.Maybe[datetime | None] = strawberry.field(description="Before this time.")
