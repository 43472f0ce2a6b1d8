"""Metrics for Prometheus: how many operations there were, how they were executed and how long they took."""

import os
from functools import cache
from http import HTTPStatus

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that names the folder where several processes keep their numbers together."""

_REGISTRY = CollectorRegistry()
_OPERATIONS = Counter(
    "customer_gateway_operations_total",
    "GraphQL operations, by how they were executed (planned, fields, repeated, or none where nothing ran) and answered.",
    ("type", "execution", "status"),
    registry=_REGISTRY,
)
_SECONDS = Histogram(
    "customer_gateway_operation_seconds",
    "How long GraphQL operations took, by how they were executed.",
    ("execution",),
    registry=_REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def count_operation(kind: str | None, execution: str | None, status: int, seconds: float) -> None:
    """Count one answered operation."""
    count, time = _of(kind or "none", execution or "none", status)
    count.inc()
    time.observe(seconds)


@cache
def _of(kind: str, execution: str, status: int) -> tuple[Counter, Histogram]:
    """The numbers of operations that are alike; there are few kinds of them."""
    return _OPERATIONS.labels(kind, execution, status), _SECONDS.labels(execution)


async def metrics(_request: Request) -> Response:
    """All numbers as text; of all worker processes where they keep them together."""
    registry = _REGISTRY
    if SHARED_FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return Response(generate_latest(registry), HTTPStatus.OK, media_type=CONTENT_TYPE_LATEST)
