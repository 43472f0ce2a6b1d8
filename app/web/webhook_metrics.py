"""Metrics of webhooks."""

from collections.abc import Callable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

from app.domain.deliveries import DeliveryError, DeliveryOutcome


class WebhookUsage(Protocol):
    """Figures about the deliveries of a process to webhook endpoints."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of deliveries, by result: DELIVERED, or an error."""
        ...

    @property
    def sending(self) -> int:
        """Number of endpoints that are being sent to."""
        ...


class WebhookSource(Protocol):
    """Where the figures come from."""

    def webhooks(self) -> WebhookUsage:
        """Return the figures."""
        ...


class WebhookMetrics:
    """The metrics of webhooks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._deliveries = Counter(
            "customer_gateway_webhook_deliveries",
            "Deliveries to webhook endpoints by result: DELIVERED, or the error.",
            ("result",),
            registry=registry,
        )
        self._sending = Gauge(
            "customer_gateway_webhooks_sending",
            "Webhook endpoints that are being sent to.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        for result in (DeliveryOutcome.DELIVERED, *DeliveryError):
            # Prometheus detects an increase only from a sample that existed before.
            self._deliveries.labels(result)

    def sample(self, source: WebhookSource, since: Callable[[tuple[str, ...], int], int]) -> None:
        """Read the source. `since` returns the growth of a total since the last sample."""
        usage = source.webhooks()
        for result, total in usage.counts.items():
            self._deliveries.labels(result).inc(since(("webhook_deliveries", result), total))
        self._sending.set(usage.sending)
