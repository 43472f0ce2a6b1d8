"""Live subscriptions as the service has them: with its limits, and with errors as its callers see them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog
from graphql import ExecutionResult

from app.db.database import Database
from app.domain.identity import Principal
from app.engine.execution import Engine
from app.graphql.context import Context
from app.live.backlog import SLOW
from app.live.ended import LiveCode
from app.live.feeds import Heads
from app.live.live import Live
from app.live.room import LiveLimits
from app.live.stream import LiveStream
from app.settings import Settings
from app.web.connections import TOO_SLOW
from app.web.envelope import new_request_id
from app.web.request_log import OperationRecord
from app.web.running import result_json

_log = structlog.get_logger()


def live_of(
    settings: Settings,
    engine: Engine,
    database: Database,
    heads: Heads,
    open_context: Callable[[Principal], AbstractAsyncContextManager[Context]],
) -> Live:
    """Return the live subscriptions for these settings."""
    limits = LiveLimits(
        settings.max_live_streams,
        settings.max_live_streams_per_company,
        settings.live_queue,
        settings.request_timeout_seconds,
    )
    return Live(engine, database, heads, open_context, rendered, limits=limits)


def rendered(result: ExecutionResult) -> bytes:
    """Return the JSON of a result that no request asked for. Raise DatabaseUnavailable or StatementTimeout."""
    # A failure is logged under this id, and its message tells it.
    return result_json(result, new_request_id())


async def end_stream(stream: LiveStream, record: OperationRecord, updates: int, state: Mapping[str, Any]) -> None:
    """End a stream whose client has left or knows of the end, and log it.

    `updates`: the number of those that were sent beside the delivered ones. `state`: that of its connection.
    """
    if state.get(TOO_SLOW):
        stream.close(LiveCode.SLOW_CONSUMER, SLOW)
    await stream.aclose()
    _log.info(
        "stream_ended",
        code=stream.code,
        updates=updates + stream.delivered,
        seconds=round(record.elapsed(), 1),
        request_id=record.request_id,
    )
