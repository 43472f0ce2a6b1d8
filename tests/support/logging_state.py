"""Restoring the logging that an application configures when it starts."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

import structlog


@contextmanager
def logging_restored() -> Generator[None]:
    """Leave logging as it was found; uses nest, so that may be as an outer one has set it."""
    loggers = [logging.getLogger(name) for name in (None, "uvicorn.access", "alembic")]
    levels, handlers = [logger.level for logger in loggers], loggers[0].handlers[:]
    configured, configuration = structlog.is_configured(), structlog.get_config()
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        loggers[0].handlers[:] = handlers
        structlog.reset_defaults()
        if configured:
            structlog.configure(**configuration)
