"""Restoring the logging that an application configures when it starts."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

import structlog


@contextmanager
def logging_restored() -> Generator[None]:
    """Leave logging as it was found; uses nest, so that may be as an outer one has set it."""
    loggers = [logging.getLogger(name) for name in (None, "uvicorn.access", "alembic")]
    states, handlers = [(logger.level, logger.propagate) for logger in loggers], loggers[0].handlers[:]
    configured, configuration = structlog.is_configured(), structlog.get_config()
    try:
        yield
    finally:
        for logger, (level, propagate) in zip(loggers, states, strict=True):
            logger.setLevel(level)
            logger.propagate = propagate
        loggers[0].handlers[:] = handlers
        structlog.reset_defaults()
        if configured:
            structlog.configure(**configuration)
