"""Metrics of the feed."""

from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from app.db.feed_work import Unstamped


class FeedSource(Protocol):
    """Figures about the feed."""

    def unstamped(self) -> Unstamped:
        """Return how many committed events have no position yet."""
        ...

    def followed_companies(self) -> int:
        """Return the number of companies whose feeds are followed."""
        ...


class FeedGauges:
    """The gauges of the feed."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._followed = Gauge(
            "customer_gateway_feed_followed_companies",
            "Companies whose feeds are followed by clients of this process.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        # Every process counts the events of the whole database.
        self._events, self._seconds = (
            Gauge(f"customer_gateway_feed_{name}", text, registry=registry, multiprocess_mode="livemax")
            for name, text in (
                ("unstamped_events", "Committed events that have no position yet."),
                ("unstamped_seconds", "Age of the oldest committed event that has no position yet."),
            )
        )

    def sample(self, source: FeedSource) -> None:
        """Read the source."""
        events, seconds = source.unstamped()
        self._events.set(events)
        self._seconds.set(seconds)
        self._followed.set(source.followed_companies())
