"""The state of this process that a test could leave to later ones."""

import asyncio
import logging
import os
import signal
import sys
from typing import Any

import structlog

from app.background import runner
from tests.support.tracked import tracked


def process_state() -> dict[str, object]:
    """Return what the service changes when it starts in this process, and what tests set."""
    handlers = logging.getLogger().handlers
    tasks: list[asyncio.Task[Any]] = tracked(asyncio.Task)
    return {
        "environment": {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "handlers of logs": [handler for handler in handlers if not type(handler).__module__.startswith("_pytest.")],
        "log levels": [logging.getLogger(name).level for name in (None, "uvicorn.access", "alembic")],
        "structlog": structlog.get_config(),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "switch interval": sys.getswitchinterval(),
        "jobs": [task.get_name() for task in tasks if _is_running_job(task)],
    }


def _is_running_job(task: asyncio.Task[Any]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return not task.done() and code is not None and code.co_filename == runner.__file__


def changes(before: dict[str, object], after: dict[str, object]) -> dict[str, tuple[object, object]]:
    """Return what is not as it was."""
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}
