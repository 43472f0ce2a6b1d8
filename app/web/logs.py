"""Logging: all lines, including those of libraries, in the configured format and through one writer."""

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
"""How long a process that ends waits for its log to be read, in seconds."""


class _Writers:
    """The writer of this process. It is replaced only if standard error is."""

    def __init__(self) -> None:
        self._stream: object = None
        self._writer: LogWriter | None = None
        self._dropped_before = 0

    @property
    def dropped(self) -> int:
        """Number of lines dropped so far, including those of former writers."""
        return self._dropped_before + (self._writer.dropped if self._writer else 0)

    def current(self) -> LogWriter:
        """Return the writer to standard error."""
        if self._writer is None or self._stream is not sys.stderr:
            self.close()
            self._stream, self._writer = sys.stderr, LogWriter(_descriptor(), dropped_notice)
        return self._writer

    def close(self) -> None:
        """Write the remaining lines."""
        if self._writer is not None:
            self._writer.close(FLUSH_SECONDS)
            self._dropped_before += self._writer.dropped
            self._writer = None


_writers = _Writers()
atexit.register(_writers.close)


def configure_logging(settings: Settings) -> LogWriter:
    """Log to standard error as the settings say, including libraries' lines. Return the writer."""
    writer = _writers.current()
    is_json = settings.log_format == "json"
    # Renderers must not show local variables, which contain credentials and customers' data.
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
    _configure_libraries()
    return writer


def _configure_libraries() -> None:
    """Let the lines of libraries reach the root logger, without those that would repeat or fill the log."""
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # The readiness check reads the revision, which alembic would log each time.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # SQLAlchemy logs each connection of a pool under the module of the pool's class.
    logging.getLogger("app.db.pools").setLevel(logging.WARNING)
    # The line per operation replaces the server's access log. uvicorn formats its lines if the logger has any handler,
    # also its parents'.
    access = logging.getLogger("uvicorn.access")
    access.setLevel(_OFF)
    access.propagate = False


def dropped_log_lines() -> int:
    """Return the number of lines of this process that could not be written."""
    return _writers.dropped


class _Lines:
    """structlog's logger, which receives rendered lines."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    def msg(self, line: str) -> None:
        self._writer.put(_line(line))

    debug = info = warning = error = critical = exception = msg


class _Handler(logging.Handler):
    """The handler of the standard library's logging."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = _line(self.format(record))
        except Exception as error:  # noqa: BLE001 - a failure to log must not fail the operation
            line = failure_line(record.msg, record.levelname.lower(), error)
        self._writer.put(line)


def _never_failing(wrapper: type[Any]) -> type[Any]:
    """Return a class of bound loggers that log their own failures instead of raising them."""

    class NeverFailing(wrapper):
        def _proxy_to_logger(self, method_name: str, event: str | None = None, *arguments: Any, **fields: Any) -> Any:
            try:
                return super()._proxy_to_logger(method_name, event, *arguments, **fields)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - structlog creates the class at run time
            except Exception as error:  # noqa: BLE001 - a failure to log must not fail the operation
                _writers.current().put(failure_line(event, method_name, error))

    return NeverFailing


def _render_json(_logger: object, _method: str, fields: EventDict) -> str:
    return to_line(fields).decode()


def _line(text: str) -> bytes:
    return text.removesuffix("\n").encode(errors="backslashreplace") + b"\n"


def dropped_notice(lines: int) -> bytes:
    """Return the line that says how many lines could not be written."""
    fields = {"event": "log_lines_dropped", "lines": lines, "level": "warning", "timestamp": datetime.now(UTC)}
    return to_line(fields)


def _descriptor() -> int | None:
    """Return the descriptor of standard error; None if it was closed before the start: its number may be reused."""
    try:
        return None if sys.stderr is None else sys.stderr.fileno()  # pyright: ignore[reportUnnecessaryComparison] - None if it was closed
    except OSError:
        # Standard error is a stream in memory, as in tests.
        return None if sys.__stderr__ is None else sys.__stderr__.fileno()


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()  # pyright: ignore[reportUnnecessaryComparison] - None if it was closed
