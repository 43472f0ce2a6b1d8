"""Giving connections back without losing what was done over them, whatever cancels the task or fails meanwhile."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any

import structlog

from app.db.driver_errors import translate_failures
from app.unavailable import DatabaseUnavailable

_log = structlog.get_logger()


async def give_back(connection: AsyncExitStack) -> None:
    """Give back a connection whose work is done. A failure is logged, unless the database is unavailable."""
    try:
        with suppress(DatabaseUnavailable), translate_failures():
            await connection.aclose()
    except Exception as error:  # noqa: BLE001 - the work is done, and its result must reach the caller
        _log.error("connection_not_given_back", exc_info=error)


async def has_finished(task: asyncio.Task[Any], seconds: float) -> bool:
    """Wait until a task is done, and ignore what cancels the wait; return whether the task is done.

    After the first cancellation, wait no longer than `seconds`.
    """
    loop = asyncio.get_running_loop()
    ends_at: float | None = None
    while not task.done():
        try:
            await asyncio.wait({task}, timeout=None if ends_at is None else max(0.0, ends_at - loop.time()))
        except asyncio.CancelledError:
            ends_at = ends_at or loop.time() + seconds
        else:
            break
    return task.done()
