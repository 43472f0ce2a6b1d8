"""Metrics for Prometheus: docs/metrics.md lists them."""

import asyncio
import os
import platform
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector  # pyright: ignore[reportUnknownVariableType] - it is open
from starlette.requests import Request
from starlette.responses import Response

from app import __version__
from app.scheduling.turns import PoolUsage
from app.web.connections import REASONS, ConnectionUsage
from app.web.feed_metrics import FeedGauges, FeedSource
from app.web.live_metrics import LiveMetrics, LiveSource
from app.web.shared_metrics import SHARED_FOLDER, Processes
from app.web.webhook_metrics import WebhookMetrics, WebhookSource

_log = structlog.get_logger()

SAMPLE_SECONDS = 5.0
"""Interval at which processes share the figures of their pools and caches, in seconds."""

_MAX_CODES = 200
"""Maximum number of distinct codes, so that a failure can't create metrics without limit. Fewer codes exist."""
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

# `_created` samples would double the size of the response, and are not used.
disable_created_metrics()


class CacheUsage(Protocol):
    """Figures about a cache."""

    @property
    def entries(self) -> int:
        """Number of entries."""
        ...

    @property
    def hits(self) -> int:
        """Number of look-ups that found an entry."""
        ...

    @property
    def misses(self) -> int:
        """Number of look-ups that found none."""
        ...


class Sources(FeedSource, LiveSource, WebhookSource, Protocol):
    """Figures that are read when metrics are requested, because updating metrics all the time would be slower."""

    def pools(self) -> Mapping[str, PoolUsage]:
        """Return the connection pools by name."""
        ...

    def caches(self) -> Mapping[str, CacheUsage]:
        """Return the caches by name."""
        ...

    def dropped_log_lines(self) -> int:
        """Return the number of log lines that could not be written so far."""
        ...

    def connections(self) -> ConnectionUsage:
        """Return the figures about clients' connections."""
        ...


class Metrics:
    """The metrics of one application, and the endpoint /metrics."""

    def __init__(self, sources: Sources) -> None:  # Over 40 lines because it declares all metrics.
        self._sources = sources
        self._is_shared = SHARED_FOLDER in os.environ
        self._registry = registry = CollectorRegistry()
        self._operations = Counter(
            "customer_gateway_operations",
            "Operations by API, by type, by how they were executed, by HTTP status and by the first error code of the"
            " answer.",
            ("api", "type", "execution", "status", "code"),
            registry=registry,
        )
        self._seconds = Histogram(
            "customer_gateway_operation_duration_seconds",
            "Time from a request's arrival until its answer, or the first part of a list over REST, is ready to be"
            " sent.",
            ("api", "type", "execution"),
            registry=registry,
            buckets=_BUCKETS,
        )
        self._pools = _gauges(
            registry,
            "database_pool",
            "pool",
            {
                "size": "Maximum number of database connections of the pool.",
                "in_use": "Database connections in use.",
                "waiting": "Operations that wait for a database connection.",
            },
        )
        self._entries = _gauges(registry, "cache", "cache", {"entries": "Entries that the cache holds."})["entries"]
        self._cache_requests = Counter(
            "customer_gateway_cache_requests",
            "Look-ups in the cache by result: hit or miss.",
            ("cache", "result"),
            registry=registry,
        )
        self._dropped = Counter(
            "customer_gateway_log_lines_dropped",
            "Log lines that were dropped because they could not be written.",
            registry=registry,
        )
        self._open, self._unsent = (
            Gauge(f"customer_gateway_{name}", text, registry=registry, multiprocess_mode="livesum")
            for name, text in (
                ("connections", "Open connections of clients."),
                (
                    "unsent_bytes",
                    "Bytes kept for clients: unread answers, requests that wait for them, incomplete requests.",
                ),
            )
        )
        self._feed = FeedGauges(registry)
        self._live = LiveMetrics(registry)
        self._webhooks = WebhookMetrics(registry)
        self._ended = Counter(
            "customer_gateway_connections_ended",
            "Connections that the service closed or refused, by reason.",
            ("reason",),
            registry=registry,
        )
        for reason in REASONS:
            # Prometheus detects an increase only from a sample that existed before.
            self._ended.labels(reason)
        build = Gauge(
            "customer_gateway_build_info",
            "The version of the service and of Python; the value is 1.",
            ("version", "python"),
            registry=registry,
            multiprocess_mode="livemax",
        )
        build.labels(__version__, platform.python_version()).set(1)
        self._alike: dict[tuple[str, str, str, int, str], tuple[Counter, Histogram]] = {}
        self._codes = {"none"}
        self._sampled: dict[tuple[str, ...], int] = {}
        if not self._is_shared:
            ProcessCollector(registry=registry)
            GCCollector(registry=registry)

    def count_operation(
        self, api: str, kind: str | None, execution: str | None, status: int, codes: tuple[str, ...], seconds: float
    ) -> None:
        """Count one answered operation."""
        key = (api, kind or "none", execution or "none", status, codes[0] if codes else "none")
        alike = self._alike.get(key)
        if alike is None:
            alike = self._find(*key)
        alike[0].inc()
        alike[1].observe(seconds)

    async def endpoint(self, _request: Request) -> Response:
        """Answer with all metrics."""
        return Response(self.text(), HTTPStatus.OK, media_type=CONTENT_TYPE_LATEST)

    def text(self) -> bytes:
        """Return all metrics as text, of all worker processes if they share a folder."""
        self.sample()
        registry = self._registry
        if self._is_shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
            registry.register(Processes(Path(os.environ[SHARED_FOLDER])))
        return generate_latest(registry)

    async def keep_sampling(self) -> None:
        """Share the figures of this process's sources at intervals, if several processes share a folder."""
        while self._is_shared:
            try:
                self.sample()
            except Exception as error:  # noqa: BLE001 - the next sample may succeed
                _log.error("metrics_failed", exc_info=error)
            await asyncio.sleep(SAMPLE_SECONDS)

    def sample(self) -> None:
        """Read the sources."""
        for name, pool in self._sources.pools().items():
            self._pools["size"].labels(name).set(pool.size)
            self._pools["in_use"].labels(name).set(pool.in_use)
            self._pools["waiting"].labels(name).set(pool.waiting)
        for name, cache in self._sources.caches().items():
            self._entries.labels(name).set(cache.entries)
            for result, total in (("hit", cache.hits), ("miss", cache.misses)):
                self._cache_requests.labels(name, result).inc(self._since((name, result), total))
        connections = self._sources.connections()
        self._open.set(connections.open)
        self._unsent.set(connections.buffered_bytes)
        for reason, total in connections.ended.items():
            self._ended.labels(reason).inc(self._since(("ended", reason), total))
        self._feed.sample(self._sources)
        self._live.sample(self._sources, self._since)
        self._webhooks.sample(self._sources, self._since)
        self._dropped.inc(self._since(("dropped",), self._sources.dropped_log_lines()))

    def _since(self, key: tuple[str, ...], total: int) -> int:
        """Return the growth of a total since the last sample."""
        before = self._sampled.get(key, 0)
        self._sampled[key] = total
        return max(total - before, 0)

    def _find(self, api: str, kind: str, execution: str, status: int, code: str) -> tuple[Counter, Histogram]:
        if code not in self._codes and len(self._codes) >= _MAX_CODES:
            return self._labeled(api, kind, execution, status, "OTHER")
        self._codes.add(code)
        alike = self._alike[api, kind, execution, status, code] = self._labeled(api, kind, execution, status, code)
        return alike

    def _labeled(self, api: str, kind: str, execution: str, status: int, code: str) -> tuple[Counter, Histogram]:
        return self._operations.labels(api, kind, execution, status, code), self._seconds.labels(api, kind, execution)


def _gauges(registry: CollectorRegistry, subject: str, label: str, helps: Mapping[str, str]) -> dict[str, Gauge]:
    return {
        name: Gauge(
            f"customer_gateway_{subject}_{name}", text, (label,), registry=registry, multiprocess_mode="livesum"
        )
        for name, text in helps.items()
    }
