"""How far the sequencer is behind, for metrics."""

from app.background.job import Job
from app.db.feed_work import FeedWork, Unstamped

_SECONDS = 5.0


class FeedLag(Job):
    """Counts the committed events that have no position yet."""

    name = "lag"

    def __init__(self, feed: FeedWork) -> None:
        super().__init__()
        self._feed = feed
        self.unstamped = Unstamped(0, 0.0)
        """What the last count found."""

    async def run_once(self) -> float:
        """Count them."""
        self.unstamped = await self._feed.unstamped()
        return _SECONDS
