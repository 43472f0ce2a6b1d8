"""Ranges of values, one input for each kind of value, in all filters."""

from datetime import datetime

import strawberry


@strawberry.input(
    description="A half-open range of times: a range that begins where another one ends shares no time with it. A bound"
    " that is left out is no condition."
)
class DateTimeRange:
    """A range of times."""

    gte: strawberry.Maybe[datetime | None] = strawberry.field(description="At this time or later.")
    lt: strawberry.Maybe[datetime | None] = strawberry.field(description="Before this time.")
