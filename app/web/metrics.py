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
from app.web.connections import REASONS, ConnectionUsage
from app.web.shared_metrics import SHARED_FOLDER, Processes

_log = structlog.get_logger()

SAMPLE_SECONDS = 5.0
"""How old what another process tells of its pools and caches may be."""

_MAX_CODES = 200
"""The codes that are told apart; there are fewer, and so a failure can't make the metrics grow without end."""
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

# `_created` samples would double the size of the answer, and nothing here uses them.
disable_created_metrics()


class PoolUsage(Protocol):
    """What a pool of connections tells."""

    @property
    def size(self) -> int:
        """The most connections that it holds."""
        ...

    @property
    def in_use(self) -> int:
        """Those that work for an operation."""
        ...

    @property
    def waiting(self) -> int:
        """The operations that wait for one."""
        ...


class CacheUsage(Protocol):
    """What a cache tells."""

    @property
    def entries(self) -> int:
        """What it holds now."""
        ...

    @property
    def hits(self) -> int:
        """How often it had what was asked for."""
        ...

    @property
    def misses(self) -> int:
        """How often it had not."""
        ...


class Sources(Protocol):
    """What is looked at when the metrics are asked for, because counting it would slow down what is counted."""

    def pools(self) -> Mapping[str, PoolUsage]:
        """The pools of connections, by name."""
        ...

    def caches(self) -> Mapping[str, CacheUsage]:
        """The caches, by name."""
        ...

    def dropped_log_lines(self) -> int:
        """Log lines that could not be written so far."""
        ...

    def connections(self) -> ConnectionUsage:
        """The connections of clients."""
        ...


class Metrics:
    """The numbers of one application, and /metrics, which shows them."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._is_shared = SHARED_FOLDER in os.environ
        self._registry = registry = CollectorRegistry()
        self._operations = Counter(
            "customer_gateway_operations",
            "GraphQL operations by type, by how they were executed, by HTTP status and by the first error code of the answer.",
            ("type", "execution", "status", "code"),
            registry=registry,
        )
        self._seconds = Histogram(
            "customer_gateway_operation_duration_seconds",
            "Time from a request's arrival to its answer, before it is sent.",
            ("type", "execution"),
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
        self._ended = Counter(
            "customer_gateway_connections_ended",
            "Connections that the service ended or refused, by the reason.",
            ("reason",),
            registry=registry,
        )
        for reason in REASONS:
            # An increase can only be seen from a number that was there before.
            self._ended.labels(reason)
        build = Gauge(
            "customer_gateway_build_info",
            "The version of the service and of Python; the value is 1.",
            ("version", "python"),
            registry=registry,
            multiprocess_mode="livemax",
        )
        build.labels(__version__, platform.python_version()).set(1)
        self._alike: dict[tuple[str, str, int, str], tuple[Counter, Histogram]] = {}
        self._codes = {"none"}
        self._sampled: dict[tuple[str, ...], int] = {}
        if not self._is_shared:
            ProcessCollector(registry=registry)
            GCCollector(registry=registry)

    def count_operation(
        self, kind: str | None, execution: str | None, status: int, codes: tuple[str, ...], seconds: float
    ) -> None:
        """Count one operation as it was answered."""
        key = (kind or "none", execution or "none", status, codes[0] if codes else "none")
        alike = self._alike.get(key)
        if alike is None:
            alike = self._find(*key)
        alike[0].inc()
        alike[1].observe(seconds)

    async def endpoint(self, _request: Request) -> Response:
        """Answer with all numbers."""
        return Response(self.text(), HTTPStatus.OK, media_type=CONTENT_TYPE_LATEST)

    def text(self) -> bytes:
        """Return all numbers as text, of all worker processes where they keep them together."""
        self.sample()
        registry = self._registry
        if self._is_shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
            registry.register(Processes(Path(os.environ[SHARED_FOLDER])))
        return generate_latest(registry)

    async def keep_sampling(self) -> None:
        """Where several processes keep their numbers together: look at this one's sources again and again."""
        while self._is_shared:
            try:
                self.sample()
            except Exception as error:  # noqa: BLE001 - the next sample may succeed
                _log.error("metrics_failed", exc_info=error)
            await asyncio.sleep(SAMPLE_SECONDS)

    def sample(self) -> None:
        """Look at the sources."""
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
        self._dropped.inc(self._since(("dropped",), self._sources.dropped_log_lines()))

    def _since(self, key: tuple[str, ...], total: int) -> int:
        """How much a total has grown since the last sample."""
        before = self._sampled.get(key, 0)
        self._sampled[key] = total
        return max(total - before, 0)

    def _find(self, kind: str, execution: str, status: int, code: str) -> tuple[Counter, Histogram]:
        if code not in self._codes and len(self._codes) >= _MAX_CODES:
            return self._operations.labels(kind, execution, status, "OTHER"), self._seconds.labels(kind, execution)
        self._codes.add(code)
        alike = self._operations.labels(kind, execution, status, code), self._seconds.labels(kind, execution)
        self._alike[kind, execution, status, code] = alike
        return alike


def _gauges(registry: CollectorRegistry, subject: str, label: str, helps: Mapping[str, str]) -> dict[str, Gauge]:
    return {
        name: Gauge(
            f"customer_gateway_{subject}_{name}", text, (label,), registry=registry, multiprocess_mode="livesum"
        )
        for name, text in helps.items()
    }
