"""Hooks that log what Python would print to standard error: uncaught exceptions and warnings."""

import logging
import sys
import threading
import warnings
from types import TracebackType
from typing import Any

import structlog

_log = structlog.get_logger()


def log_what_python_prints() -> None:
    """Log uncaught exceptions and warnings of this process from now on, so that all lines have the log's format."""
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    warnings.showwarning = _warning
    # The log's handler writes a line about its own failures.
    logging.raiseExceptions = False


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log.critical("uncaught_exception", exc_info=(kind, error, trace))


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    # During shutdown, the interpreter may pass no exception, only its type.
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
