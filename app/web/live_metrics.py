"""Metrics of live subscriptions."""

from collections.abc import Callable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

from app.live.ended import LiveCode


class LiveUsage(Protocol):
    """Figures about the live subscriptions of a process."""

    @property
    def streams(self) -> int:
        """Number of open streams."""
        ...

    @property
    def groups(self) -> int:
        """Number of different subscriptions."""
        ...

    @property
    def responses(self) -> int:
        """Number of responses to events, each for all equal subscriptions."""
        ...

    @property
    def ended(self) -> Mapping[str, int]:
        """Number of streams that ended, by code."""
        ...


class LiveSource(Protocol):
    """Where the figures come from."""

    def live(self) -> LiveUsage:
        """Return the figures."""
        ...


class LiveMetrics:
    """The metrics of live subscriptions."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._streams, self._groups = (
            Gauge(f"customer_gateway_live_{name}", text, registry=registry, multiprocess_mode="livesum")
            for name, text in (
                ("streams", "Open subscriptions."),
                ("groups", "Different subscriptions: equal ones are executed together."),
            )
        )
        self._responses = Counter(
            "customer_gateway_live_responses",
            "Responses to events, each executed once for all equal subscriptions.",
            registry=registry,
        )
        self._ended = Counter(
            "customer_gateway_live_streams_ended",
            "Subscriptions that ended, by code.",
            ("code",),
            registry=registry,
        )
        for code in LiveCode:
            # Prometheus detects an increase only from a sample that existed before.
            self._ended.labels(code)

    def sample(self, source: LiveSource, since: Callable[[tuple[str, ...], int], int]) -> None:
        """Read the source. `since` returns the growth of a total since the last sample."""
        usage = source.live()
        self._streams.set(usage.streams)
        self._groups.set(usage.groups)
        self._responses.inc(since(("live_responses",), usage.responses))
        for code, total in usage.ended.items():
            self._ended.labels(code).inc(since(("live_ended", code), total))
