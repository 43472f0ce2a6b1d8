"""Logs: how lines look, and the one line that every operation leaves; what it says is counted as well."""

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, BinaryIO

import orjson
import structlog
from structlog.typing import Processor

from app.domain.identity import Principal
from app.engine.execution import Execution, Operation
from app.settings import Settings
from app.web.metrics import count_operation

_log = structlog.get_logger()

_MAX_NAME = 100
_OFF = logging.CRITICAL + 1


def configure_logging(settings: Settings) -> None:
    """Write every line to standard error, the libraries' too, as the settings say."""
    # No renderer may show local variables: they hold credentials and customers' data.
    renderer: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if settings.log_format == "console"
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_as_json)]
    )
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[remove_meta, *renderer])
    )
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # The readiness check looks at the revision, which alembic would announce each time.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # The operation's own line says more than the server's access log.
    logging.getLogger("uvicorn.access").setLevel(_OFF)


def _as_json(line: object, default: Callable[[Any], Any]) -> str:
    return orjson.dumps(line, default).decode()


@dataclass(slots=True)
class OperationRecord:
    """What is known of one operation by the time it is answered. Variables and credentials have no place in it."""

    request_id: str
    started: float = field(default_factory=perf_counter)
    principal: Principal | None = None
    operation: Operation | None = None
    statements: int = 0
    execution: Execution | None = None

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

    def __init__(self, *, counts: bool = False) -> None:
        self._counts = counts
        self._is_silent = False
        self._lines: BinaryIO | None = None

    def configure(self, settings: Settings) -> None:
        """Write lines to standard error from now on, as the settings say."""
        self._is_silent = logging.getLevelNamesMapping()[settings.log_level] > logging.INFO
        self._lines = sys.stderr.buffer if settings.log_format == "json" else None

    def write(self, record: OperationRecord, status: int, codes: tuple[str, ...]) -> None:
        """Leave the line of an operation that was answered with this status and these error codes."""
        seconds = perf_counter() - record.started
        kind = record.operation.type.value if record.operation else None
        if self._counts:
            count_operation(kind, record.execution, status, seconds)
        if self._is_silent:
            return
        content = _content(record, kind, status, codes, seconds)
        if self._lines is None:
            company = content["company"]
            _log.info("operation", **{**content, "company": company and str(company)})
            return
        line = {"event": "operation", **content, "level": "info", "timestamp": datetime.now(UTC)}
        self._lines.write(orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))
        self._lines.flush()


def _content(
    record: OperationRecord, kind: str | None, status: int, codes: tuple[str, ...], seconds: float
) -> dict[str, object]:
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
