"""The job that sends events to webhook endpoints: it claims endpoints, and runs their turns side by side."""

import asyncio
import time
from collections import Counter
from uuid import UUID

import structlog

from app.background.job import Job
from app.db.database import Database
from app.db.webhook_sending import LeaseLost
from app.db.webhook_work import Claimed, claim_endpoints
from app.domain.deliveries import DeliveryOutcome
from app.scheduling.pauses import working_for
from app.unavailable import Cause, DatabaseUnavailable, StatementTimeout
from app.webhooks.client import Answer, Client
from app.webhooks.messages import Messages
from app.webhooks.turn import Parts, Turn

_log = structlog.get_logger()

_REST_SECONDS = 0.5
"""How long to wait before looking for due endpoints again, in seconds, unless `wake` is called."""
_STOP_SECONDS = 0.8
"""How long turns may take to end when the process stops, in seconds. An event whose request is canceled is sent again,
once its lease has expired."""


class Deliveries(Job):
    """Sends events to endpoints, one at a time to each, and to at most `concurrency` endpoints at once.

    Companies share these places, so that slow receivers of some don't keep others waiting.
    """

    name = "deliveries"
    pause_seconds = 0.1

    def __init__(self, database: Database, client: Client, messages: Messages, *, concurrency: int) -> None:
        super().__init__()
        self.counts = Counter[str]()
        """Number of deliveries so far, by their result."""
        self._database = database
        self._concurrency = concurrency
        self._running: dict[asyncio.Task[None], UUID] = {}
        """The turns that have begun, with the companies of their endpoints."""
        self._is_stopping = False
        self._parts = Parts(database, client, messages, self._count, is_stopping=lambda: self._is_stopping)

    @property
    def sending(self) -> int:
        """Number of endpoints that are being sent to."""
        return len(self._running)

    async def run_once(self) -> float:
        """Begin the turns of due endpoints. Return how long to rest, in seconds."""
        free = self._concurrency - len(self._running)
        if free <= 0:
            return _REST_SECONDS
        begun = time.monotonic()
        busy = [*self._running.values()]
        claimed = await claim_endpoints(self._database.feed, free, self._parts.lease_seconds, busy=busy)
        for endpoint in claimed:
            task = asyncio.create_task(self._turn(endpoint, begun))
            self._running[task] = endpoint.company_id
            task.add_done_callback(self._ended)
        return _REST_SECONDS

    async def _turn(self, claimed: Claimed, begun: float) -> None:
        working_for.set(claimed.company_id)
        try:
            await Turn(self._parts, claimed, begun).run()
        except LeaseLost:
            _log.info("webhook_lease_lost", company=claimed.company_id, endpoint=claimed.endpoint_id)
        except (DatabaseUnavailable, StatementTimeout) as error:
            # Another turn begins once the lease has expired.
            cause = error.cause if isinstance(error, DatabaseUnavailable) else Cause.STATEMENT_TIMEOUT
            _log.warning(
                "webhook_turn_unavailable", company=claimed.company_id, endpoint=claimed.endpoint_id, cause=cause
            )
        except Exception as error:  # noqa: BLE001 - the same
            _log.error("webhook_turn_failed", company=claimed.company_id, endpoint=claimed.endpoint_id, exc_info=error)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        # Its endpoint may have further events, and its place is free.
        self.wake()

    def _count(self, answer: Answer) -> None:
        self.counts[answer.error or DeliveryOutcome.DELIVERED] += 1

    async def aclose(self) -> None:
        """Let the turns end after their current requests, and cancel those that take longer."""
        self._is_stopping = True
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=_STOP_SECONDS)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
