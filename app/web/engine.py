"""The engine and the contexts of its operations, put together from the settings."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from app.db.database import Database
from app.domain.identity import Principal
from app.engine.execution import Engine
from app.engine.persisted import Persistence
from app.engine.plans import Plans
from app.engine.trusted import TrustedDocuments
from app.graphql.context import Context
from app.graphql.planning.planner import Planner
from app.graphql.rules import Rules
from app.graphql.schema import schema
from app.graphql.strawberry_seam import executable, executor_class, optimized_is_awaitable
from app.rest.documents import TRUSTED
from app.scheduling.held_turns import Holder
from app.services.recent_lists import RecentLists
from app.settings import Settings
from app.unavailable import DatabaseUnavailable, StatementTimeout
from app.web.webhooks import webhook_rules


def planner_of(settings: Settings) -> Planner:
    """Return the planner of queries."""
    return Planner(schema, statements=settings.plan_cache_size, max_representations=settings.max_representations)


def engine_of(settings: Settings, planner: Planner) -> Engine:
    """Return the engine."""
    # Without REST, too: callers that have left its endpoints may still name their documents.
    trusted = TrustedDocuments({**dict(settings.trusted_documents()), **TRUSTED})
    return Engine(
        executable(schema),
        settings.limits,
        cache_size=settings.document_cache_size,
        executor_class=executor_class(schema),
        is_awaitable=optimized_is_awaitable,
        plans=Plans(planner, (DatabaseUnavailable, StatementTimeout)) if settings.query_plans else None,
        guard=Rules(executable(schema)),
        begin=Context.begin,
        persistence=Persistence(settings.persisted_query_cache_size, trusted, settings.trusted_only),
    )


def contexts_of(settings: Settings, database: Database, recent: RecentLists, engine: Engine) -> partial[Context]:
    """Return what opens the context of an operation."""
    return partial(
        Context,
        database,
        recent,
        max_representations=settings.max_representations,
        heavy_values=settings.heavy_query_values,
        webhook_rules=webhook_rules(settings, engine),
    )


def snapshots_of(
    database: Database, open_context: partial[Context]
) -> Callable[[Holder], AbstractAsyncContextManager[Callable[[Principal], Context]]]:
    """Return what opens a snapshot of a company, and contexts of operations that read it."""

    @asynccontextmanager
    async def open_snapshot(holder: Holder) -> AsyncGenerator[Callable[[Principal], Context]]:
        async with database.snapshot(holder) as session:
            yield partial(open_context, snapshot=session)

    return open_snapshot
