"""The log line of each operation, and its metrics."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Literal

import structlog

from app.domain.identity import Principal
from app.engine.execution import Execution, Operation
from app.settings import Settings
from app.web.log_lines import to_line
from app.web.log_writer import LogWriter
from app.web.metrics import Metrics

_log = structlog.get_logger()

_MAX_NAME = 100

Api = Literal["graphql", "rest"]


@dataclass(slots=True)
class OperationRecord:
    """Data about one operation for its log line. It must not contain variables or credentials."""

    request_id: str
    started: float = field(default_factory=perf_counter)
    principal: Principal | None = None
    operation: Operation | None = None
    statements: int = 0
    execution: Execution | None = None
    may_be_stored: bool = False
    """Whether a mutation has begun, so that something may be stored."""
    seconds: float = 0
    """Time until the response, or its first part, was ready; sending it to a slow client may take longer."""
    api: Api = "graphql"
    is_sent_in_parts: bool = False
    """Whether the response is read while it is sent, so that the client determines how long that takes."""

    def elapsed(self) -> float:
        """Return the seconds since it started."""
        return perf_counter() - self.started

    def begin_parts(self) -> None:
        """Note that the first part of the response is ready, and others will be read while it is sent."""
        self.seconds = self.elapsed()
        self.is_sent_in_parts = True

    def execution_shown(self) -> dict[str, object]:
        """Return how the operation was executed, for the response's `extensions`."""
        return {
            "planned": self.execution is Execution.PLANNED,
            "repeated": self.execution is Execution.REPEATED,
            "statements": self.statements,
        }


class OperationLog:
    """Writes one log line per operation, and counts operations if metrics are given.

    JSON lines bypass structlog's processors, which take longer than the rest of the HTTP layer for a small operation.
    Before `configure`, and in the format for people, lines go through structlog.
    """

    def __init__(self, metrics: Metrics | None = None) -> None:
        self._metrics = metrics
        self._is_silent = False
        self._writer: LogWriter | None = None

    def configure(self, settings: Settings, writer: LogWriter) -> None:
        """Use this writer from now on, with the format and level of the settings."""
        self._is_silent = logging.getLevelNamesMapping()[settings.log_level] > logging.INFO
        self._writer = writer if settings.log_format == "json" else None

    def write(self, record: OperationRecord, status: int, codes: tuple[str, ...]) -> None:
        """Log an operation with the status and error codes of its response. This never raises."""
        seconds = record.seconds or record.elapsed()
        kind = record.operation.type.value if record.operation else None
        try:
            if self._metrics is not None:
                self._metrics.count_operation(record.api, kind, record.execution, status, codes, seconds)
        except Exception as error:  # noqa: BLE001 - the response was sent, and its line must still be written
            _log.error("metrics_failed", request_id=record.request_id, exc_info=error)
        try:
            if not self._is_silent:
                self._write(fields_of(record, kind, status, codes, seconds))
        except Exception as error:  # noqa: BLE001 - the response was sent
            _log.error("operation_log_failed", request_id=record.request_id, exc_info=error)

    def _write(self, content: dict[str, object]) -> None:
        if self._writer is None:
            company = content["company"]
            _log.info("operation", **{**content, "company": company and str(company)})
        else:
            line = {"event": "operation", **content, "level": "info", "timestamp": datetime.now(UTC)}
            self._writer.put(to_line(line))


def fields_of(
    record: OperationRecord, kind: str | None, status: int, codes: tuple[str, ...], seconds: float
) -> dict[str, object]:
    """Return the fields of an operation's line."""
    operation, principal = record.operation, record.principal
    sending = {"sending_milliseconds": round((record.elapsed() - seconds) * 1000, 2)} if record.is_sent_in_parts else {}
    return {
        "name": operation.name[:_MAX_NAME] if operation and operation.name else None,
        "type": kind,
        "api": record.api,
        "company": principal.company_id if principal else None,
        "subject": principal.subject if principal else None,
        "milliseconds": round(seconds * 1000, 2),
        **sending,
        "statements": record.statements,
        "execution": record.execution,
        "status": status,
        "codes": codes,
        "request_id": record.request_id,
    }
