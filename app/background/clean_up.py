"""The clean-up: deletes events, and deliveries to webhook endpoints, after their retention."""

import random
from datetime import UTC, datetime, timedelta

from app.background.job import Job
from app.db.feed_work import MOST_EXPIRED, FeedWork
from app.db.webhook_work import expire_deliveries

_REST_SECONDS = 600.0
_BATCH_SECONDS = 0.5
"""Time between two batches, so that a large number of old events doesn't delay new ones."""


class CleanUp(Job):
    """Deletes old events and deliveries."""

    name = "clean-up"

    def __init__(self, feed: FeedWork, retention_days: int) -> None:
        super().__init__()
        self._feed = feed
        self._retention = timedelta(days=retention_days)

    async def run_once(self) -> float:
        """Delete a batch of each."""
        before = datetime.now(UTC) - self._retention
        deleted = max(await self._feed.expire(before), await expire_deliveries(self._feed, before, MOST_EXPIRED))
        # At random, so that processes that started together don't look at the same time.
        return _BATCH_SECONDS if deleted >= MOST_EXPIRED else _REST_SECONDS * random.uniform(0.5, 1)  # noqa: S311 - not a secret
