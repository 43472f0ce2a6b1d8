"""Background work: which jobs run in a process, and a process that does nothing else."""

import asyncio
import signal
from collections.abc import Sequence

import structlog

from app.background.clean_up import CleanUp
from app.background.heads import FeedHeads
from app.background.job import Job
from app.background.lag import FeedLag
from app.background.runner import Background
from app.background.sequencer import Sequencer
from app.db.database import Database
from app.db.feed_work import Stamped, Unstamped
from app.db.pooling import Pooling
from app.db.write_health import WriteHealth
from app.services.recent_lists import RecentLists
from app.settings import Settings
from app.web.engine import contexts_of, engine_of, planner_of
from app.web.webhooks import deliveries_of
from app.webhooks.deliveries import Deliveries

_log = structlog.get_logger()


class ServiceBackground:
    """The background of a process that serves: what its followers need, and the work unless others do it."""

    def __init__(self, settings: Settings, database: Database, deliveries: Deliveries | None = None) -> None:
        self.heads = FeedHeads(database.feed)
        self._lag = FeedLag(database.feed)
        jobs: list[Job] = [self.heads]
        if settings.metrics:
            jobs.append(self._lag)
        if settings.background_work:
            jobs += working_jobs(settings, database, self.heads, deliveries)
        self._background = Background(jobs)

    def start(self) -> None:
        """Start all jobs."""
        self._background.start()

    async def stop(self) -> None:
        """Stop all jobs within a limited time."""
        await self._background.stop()

    def unstamped(self) -> Unstamped:
        """Return how many committed events had no position lately. Counted only if there are metrics."""
        return self._lag.unstamped


def database_of(settings: Settings, write_health: WriteHealth | None = None) -> Database:
    """Return the database of a process, without connecting."""
    return Database(
        settings.service_dsn,
        pool_size=settings.database_pool_size,
        pool_timeout_seconds=settings.database_pool_timeout_seconds,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        plan_connections=settings.plan_connections,
        compiled_statements=settings.compiled_statement_cache_size,
        prepared_statements=settings.prepared_statement_cache_size,
        pooling=Pooling(settings.database_pooling),
        write_health=write_health,
    )


def working_jobs(
    settings: Settings, database: Database, heads: FeedHeads, deliveries: Deliveries | None
) -> Sequence[Job]:
    """Return the jobs that any number of processes may run at the same time. Writes of this process wake them."""

    def tell(stamped: Stamped) -> None:
        heads.look(stamped)
        if stamped.heads and deliveries is not None:
            deliveries.wake()

    sequencer = Sequencer(database.feed, tell, heads.companies)
    database.after_commit = sequencer.wake
    clean_up = CleanUp(database.feed, settings.feed_retention_days)
    return [sequencer, clean_up] if deliveries is None else [sequencer, clean_up, deliveries]


async def work(settings: Settings) -> None:
    """Run these jobs until the process is told to end."""
    database = database_of(settings)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    recent = RecentLists(seconds=settings.list_cache_seconds, size=settings.list_cache_size)
    engine = engine_of(settings, planner_of(settings))
    deliveries = deliveries_of(settings, database, engine, contexts_of(settings, database, recent, engine))
    background = Background(working_jobs(settings, database, FeedHeads(database.feed), deliveries))
    background.start()
    _log.info("working", jobs=[job.name for job in background.jobs])
    await ended.wait()
    await background.stop()
    await database.dispose()
