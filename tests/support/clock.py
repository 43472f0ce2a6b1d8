"""Clocks that a test sets."""

from datetime import UTC, datetime

from app.db.unit_of_work import Session


class Clock:
    """What the database's clock is taken to say."""

    def __init__(self) -> None:
        self.time_zone = "Europe/Copenhagen"
        self.now = datetime(2026, 6, 19, 10, tzinfo=UTC)

    async def __call__(self, _session: Session) -> tuple[str, datetime]:
        return self.time_zone, self.now
