"""What Python itself would print to standard error, sent to the log: exceptions that nobody caught, and warnings."""

import logging
import sys
import threading
import warnings
from types import TracebackType
from typing import Any

import structlog

_log = structlog.get_logger()


def log_what_python_prints() -> None:
    """Send uncaught exceptions and warnings to the log of this process from now on, so that every line has its format."""
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    warnings.showwarning = _warning
    # A logger that fails has nobody to tell; its own handler leaves a line.
    logging.raiseExceptions = False


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log.critical("uncaught_exception", exc_info=(kind, error, trace))


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    # Without an exception to show, as the interpreter may call it while it ends, its type has to do.
    error = arguments.exc_value or arguments.exc_type()
    name = arguments.thread.name if arguments.thread else None
    _log.critical("uncaught_exception", thread=name, exc_info=(arguments.exc_type, error, arguments.exc_traceback))


def _unraisable(unraisable: Any) -> None:
    error = unraisable.exc_value
    _log.error(
        "ignored_exception",
        during=unraisable.err_msg or "the end of an object",
        object=type(unraisable.object).__name__,
        exc_info=(type(error), error, unraisable.exc_traceback) if error is not None else None,
    )


def _warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: object = None,
) -> None:
    del file, line
    _log.warning("python_warning", message=str(message), category=category.__name__, file=filename, line=lineno)
