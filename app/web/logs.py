"""Logging: every line, the libraries' too, in the format that the settings say and through one writer."""

import atexit
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from app.settings import Settings
from app.web.log_lines import failure_line, to_line
from app.web.log_writer import LogWriter

_OFF = logging.CRITICAL + 1
FLUSH_SECONDS = 2.0
"""How long the end of the process waits for a log that nobody reads."""


class _Writers:
    """The writer of this process: one, as long as standard error stays the same."""

    def __init__(self) -> None:
        self._stream: object = None
        self._writer: LogWriter | None = None
        self._dropped_before = 0

    @property
    def dropped(self) -> int:
        """Lines that were dropped so far, by former writers too."""
        return self._dropped_before + (self._writer.dropped if self._writer else 0)

    def current(self) -> LogWriter:
        """Return the writer to standard error."""
        if self._writer is None or self._stream is not sys.stderr:
            self.close()
            self._stream, self._writer = sys.stderr, LogWriter(_descriptor(), dropped_notice)
        return self._writer

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close(FLUSH_SECONDS)
            self._dropped_before += self._writer.dropped
            self._writer = None


_writers = _Writers()
atexit.register(_writers.close)


def configure_logging(settings: Settings) -> LogWriter:
    """Send every line to standard error from now on, the libraries' too, as the settings say; return what writes them."""
    writer = _writers.current()
    is_json = settings.log_format == "json"
    # No renderer may show local variables: they hold credentials and customers' data.
    renderer: list[Processor] = (
        [structlog.processors.format_exc_info, _render_json]
        if is_json
        else [structlog.dev.ConsoleRenderer(colors=_is_terminal(), exception_formatter=structlog.dev.plain_traceback)]
    )
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=_never_failing(structlog.make_filtering_bound_logger(settings.log_level)),
        logger_factory=lambda *_: _Lines(writer),
    )
    handler = _Handler(writer)
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
    # SQLAlchemy logs for a pool under the module of its class, and would tell of each connection.
    logging.getLogger("app.db.pools").setLevel(logging.WARNING)
    # The operation's own line says more than the server's access log.
    logging.getLogger("uvicorn.access").setLevel(_OFF)
    return writer


def dropped_log_lines() -> int:
    """Return how many lines of this process could not be written."""
    return _writers.dropped


class _Lines:
    """What structlog hands rendered lines to."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    def msg(self, line: str) -> None:
        self._writer.put(_line(line))

    debug = info = warning = error = critical = exception = msg


class _Handler(logging.Handler):
    """What the standard library's logging hands its records to."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = _line(self.format(record))
        except Exception as error:  # noqa: BLE001 - logging must not fail the operation
            line = failure_line(record.msg, record.levelname.lower(), error)
        self._writer.put(line)


def _never_failing(wrapper: type[Any]) -> type[Any]:
    """Return the class of bound loggers whose failures are logged and never reach the caller."""

    class NeverFailing(wrapper):
        def _proxy_to_logger(self, method_name: str, event: str | None = None, *arguments: Any, **fields: Any) -> Any:
            try:
                return super()._proxy_to_logger(method_name, event, *arguments, **fields)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - the class is made when it runs
            except Exception as error:  # noqa: BLE001 - logging must not fail the operation
                _writers.current().put(failure_line(event, method_name, error))

    return NeverFailing


def _render_json(_logger: object, _method: str, fields: EventDict) -> str:
    return to_line(fields).decode()


def _line(text: str) -> bytes:
    return text.removesuffix("\n").encode(errors="backslashreplace") + b"\n"


def dropped_notice(lines: int) -> bytes:
    """Return the line that tells how many lines could not be written."""
    fields = {"event": "log_lines_dropped", "lines": lines, "level": "warning", "timestamp": datetime.now(UTC)}
    return to_line(fields)


def _descriptor() -> int | None:
    """Return standard error's descriptor; None where it was closed before the start, for something else may have its number now."""
    try:
        return None if sys.stderr is None else sys.stderr.fileno()  # pyright: ignore[reportUnnecessaryComparison] - it is None for a closed one
    except OSError:
        # A stream in memory.
        return None if sys.__stderr__ is None else sys.__stderr__.fileno()


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()  # pyright: ignore[reportUnnecessaryComparison] - it is None for a closed one
