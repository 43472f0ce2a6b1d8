"""The runner of jobs. The failure of one neither ends it nor affects the others."""

import asyncio
import random
from collections.abc import Iterable
from typing import Any

import structlog

from app.background.job import Job
from app.db.connection_failures import reason_of
from app.db.rate_limited_log import RateLimitedLog
from app.unavailable import Cause, DatabaseUnavailable, StatementTimeout

_log = structlog.get_logger()

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 10.0
"""Pauses after failures in a row: each is twice as long as the one before, up to the longest."""
STOP_SECONDS = 1.0
"""How long to wait for jobs that were told to stop; database connections that they leave behind are closed anyway."""


class Background:
    """Runs jobs side by side in this process's event loop."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.jobs = tuple(jobs)
        self._tasks: list[asyncio.Task[None]] = []
        self._lines = RateLimitedLog(_write)

    def start(self) -> None:
        """Start all jobs."""
        self._tasks = [asyncio.create_task(self._repeat(job), name=job.name) for job in self.jobs]

    async def stop(self) -> None:
        """Cancel all jobs, and wait for them within a limited time."""
        if self._tasks:
            for task in self._tasks:
                task.cancel()
            ending = [asyncio.create_task(job.aclose()) for job in self.jobs]
            await asyncio.wait([*self._tasks, *ending], timeout=STOP_SECONDS)
        self._lines.flush()

    async def _repeat(self, job: Job) -> None:
        failures, pause = 0, _FIRST_PAUSE_SECONDS
        while True:
            try:
                seconds = await job.run()
            except Exception as error:  # noqa: BLE001 - whatever fails, the next run may succeed
                self._tell(job, error)
                failures += 1
                # At random, because all processes fail at the same time when the database is away.
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - not a secret
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                continue
            if failures:
                _log.info("background_resumed", job=job.name, failures=failures)
                failures, pause = 0, _FIRST_PAUSE_SECONDS
            await job.rest(seconds)

    def _tell(self, job: Job, error: Exception) -> None:
        match error:
            case DatabaseUnavailable():
                self._lines.tell(job.name, job=job.name, cause=error.cause, reason=reason_of(error.__cause__))
            case StatementTimeout():
                self._lines.tell(job.name, job=job.name, cause=Cause.STATEMENT_TIMEOUT, reason=None)
            case _:
                _log.error("background_failed", job=job.name, exc_info=error)


def _write(fields: dict[str, Any], left_out: int) -> None:
    _log.warning(
        "background_unavailable", job=fields["job"], cause=fields["cause"], reason=fields["reason"], left_out=left_out
    )
