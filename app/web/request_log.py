"""The one line that each operation leaves in the log; what it says is counted as well."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

import structlog

from app.domain.identity import Principal
from app.engine.execution import Execution, Operation
from app.settings import Settings
from app.web.log_lines import to_line
from app.web.log_writer import LogWriter
from app.web.metrics import Metrics

_log = structlog.get_logger()

_MAX_NAME = 100


@dataclass(slots=True)
class OperationRecord:
    """What is known of one operation by the time it is answered. Variables and credentials have no place in it."""

    request_id: str
    started: float = field(default_factory=perf_counter)
    principal: Principal | None = None
    operation: Operation | None = None
    statements: int = 0
    execution: Execution | None = None
    seconds: float = 0
    """How long it took until there was an answer; sending it may take a slow client longer."""

    def elapsed(self) -> float:
        """Return the seconds since it started."""
        return perf_counter() - self.started

    def execution_shown(self) -> dict[str, object]:
        """How the operation was executed, as an answer may tell."""
        return {
            "planned": self.execution is Execution.PLANNED,
            "repeated": self.execution is Execution.REPEATED,
            "statements": self.statements,
        }


class OperationLog:
    """Writes the one line that each operation leaves, and counts operations where that is asked for.

    Until it is told how lines look, and for people, a line goes the way of all others. As JSON it is written without
    structlog's processors: they take longer than all the rest that surrounds a small operation.
    """

    def __init__(self, metrics: Metrics | None = None) -> None:
        self._metrics = metrics
        self._is_silent = False
        self._writer: LogWriter | None = None

    def configure(self, settings: Settings, writer: LogWriter) -> None:
        """Write lines with this writer from now on, as the settings say."""
        self._is_silent = logging.getLevelNamesMapping()[settings.log_level] > logging.INFO
        self._writer = writer if settings.log_format == "json" else None

    def write(self, record: OperationRecord, status: int, codes: tuple[str, ...]) -> None:
        """Leave the line of an operation that was answered with this status and these error codes; it never raises."""
        seconds = record.seconds or record.elapsed()
        kind = record.operation.type.value if record.operation else None
        try:
            if self._metrics is not None:
                self._metrics.count_operation(kind, record.execution, status, codes, seconds)
        except Exception as error:  # noqa: BLE001 - the answer was given, and its line is still to be written
            _log.error("metrics_failed", request_id=record.request_id, exc_info=error)
        try:
            if not self._is_silent:
                self._write(fields_of(record, kind, status, codes, seconds))
        except Exception as error:  # noqa: BLE001 - the answer was given
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
    """Return what the line of an operation says."""
    operation, principal = record.operation, record.principal
    return {
        "name": operation.name[:_MAX_NAME] if operation and operation.name else None,
        "type": kind,
        "company": principal.company_id if principal else None,
        "subject": principal.subject if principal else None,
        "milliseconds": round(seconds * 1000, 2),
        "statements": record.statements,
        "execution": record.execution,
        "status": status,
        "codes": codes,
        "request_id": record.request_id,
    }
