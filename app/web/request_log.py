"""Logs: how lines look, and the one line that every operation leaves; what it says is counted as well."""

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

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


class _BoundLogger:
    """The logger of operations, made anew only when logging is configured anew."""

    def __init__(self) -> None:
        self._logger: Any = None
        self._made_for: tuple[object, object] | None = None

    def info(self, event: str, **content: object) -> None:
        configured = structlog.get_config()
        processors, wrapper = configured["processors"], configured["wrapper_class"]
        if self._made_for is None or self._made_for[0] is not processors or self._made_for[1] is not wrapper:
            self._logger, self._made_for = _log.bind(), (processors, wrapper)
        self._logger.info(event, **content)


_operations = _BoundLogger()


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

    def write(self, status: int, codes: tuple[str, ...]) -> None:
        """Leave the line, and count."""
        operation, principal = self.operation, self.principal
        seconds = perf_counter() - self.started
        count_operation(operation.type.value if operation else None, self.execution, status, seconds)
        _operations.info(
            "operation",
            name=operation.name[:_MAX_NAME] if operation and operation.name else None,
            type=operation.type.value if operation else None,
            company=str(principal.company_id) if principal else None,
            subject=principal.subject if principal else None,
            milliseconds=round(seconds * 1000, 2),
            statements=self.statements,
            execution=self.execution,
            status=status,
            codes=codes,
            request_id=self.request_id,
        )
