"""Clocks that stand still until a test moves them."""

from datetime import UTC, datetime

from app.db.unit_of_work import Session


class Clock:
    """A clock in seconds, such as `time.monotonic` and `time.time`."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time, in seconds."""
        return self.now


class DatabaseClock:
    """The database's clock with a company's time zone: 19 June 2026 at noon in Copenhagen, unless the test changes
    it."""

    def __init__(self) -> None:
        self.time_zone = "Europe/Copenhagen"
        self.now = datetime(2026, 6, 19, 10, tzinfo=UTC)

    async def __call__(self, _session: Session) -> tuple[str, datetime]:
        """Return the name of the time zone and the time."""
        return self.time_zone, self.now
