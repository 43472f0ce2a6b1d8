"""An endpoint that this process has leased: what is written of it, and how long the lease lasts."""

import time
from collections.abc import Awaitable, Callable

import structlog

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.db.webhook_sending import (
    Delivery,
    Lease,
    advance,
    end_test,
    extend,
    fail,
    lose,
    pause,
    record_delivery,
    release,
)
from app.db.webhook_work import Claimed
from app.domain.webhooks import PauseReason

_log = structlog.get_logger()


class HeldEndpoint:
    """A leased endpoint. Each write raises LeaseLost if another sender may hold it, and DatabaseUnavailable.

    `begun`: when it was claimed, by the monotonic clock.
    """

    def __init__(self, database: Database, claimed: Claimed, *, begun: float, lease_seconds: float) -> None:
        self.company_id, self.endpoint_id, self.holder = claimed
        self.position = 0
        """The events up to it are handled."""
        self._database = database
        self._lease_seconds = lease_seconds
        self._lease_ends = begun + lease_seconds

    async def reserve(self, seconds: float) -> None:
        """Extend the lease if it could end within this time, after which another sender sends the event as well."""
        if time.monotonic() + seconds > self._lease_ends:
            await self._extending(lambda session: extend(session, self._lease, self._lease_seconds))

    async def advance(self, delivery: Delivery, position: int) -> None:
        """Record that the event at a position was delivered."""

        async def write(session: WriteSession) -> None:
            await advance(session, self._lease, position, self._lease_seconds)
            await record_delivery(session, self.endpoint_id, delivery)

        await self._extending(write)
        self.position = position

    async def end_test(self, delivery: Delivery) -> None:
        """Record the delivery of a test."""

        async def write(session: WriteSession) -> None:
            await end_test(session, self._lease, self._lease_seconds)
            await record_delivery(session, self.endpoint_id, delivery)

        await self._extending(write)

    async def fail(self, delivery: Delivery, wait: float) -> None:
        """Record a failed attempt, and give the lease back until the next one, in `wait` seconds."""

        async def write(session: WriteSession) -> None:
            await fail(session, self._lease, wait)
            await record_delivery(session, self.endpoint_id, delivery)

        await self._write(write)
        self._tell_failed(delivery, round(wait))

    async def pause(self, reason: PauseReason, delivery: Delivery | None = None) -> None:
        """Pause the endpoint, which gives the lease back. `delivery`: the failed attempt that is the reason."""

        async def write(session: WriteSession) -> None:
            await pause(session, self._lease, reason)
            if delivery is not None:
                await record_delivery(session, self.endpoint_id, delivery)

        await self._write(write)
        if delivery is not None:
            self._tell_failed(delivery, None)
        _log.warning("webhook_paused", company=self.company_id, endpoint=self.endpoint_id, reason=reason)

    async def lose(self, expired: int) -> None:
        """Record that the events up to a position had expired before they could be sent."""
        await self._write(lambda session: lose(session, self._lease, expired))
        first, self.position = self.position + 1, expired
        _log.warning(
            "webhook_events_lost", company=self.company_id, endpoint=self.endpoint_id, first=first, last=expired
        )

    async def release(self, position: int, rest_seconds: float | None = None) -> None:
        """Give the lease back, with the events up to a position handled, and let the endpoint rest."""
        await self._write(lambda session: release(session, self._lease, position, rest_seconds))

    @property
    def _lease(self) -> Lease:
        return Lease(self.endpoint_id, self.holder, self.position)

    async def _extending(self, write: Callable[[WriteSession], Awaitable[None]]) -> None:
        begun = time.monotonic()
        await self._write(write)
        self._lease_ends = begun + self._lease_seconds

    async def _write(self, write: Callable[[WriteSession], Awaitable[None]]) -> None:
        await UnitOfWork(self._database, self.company_id, is_small=True).run(write)

    def _tell_failed(self, delivery: Delivery, next_attempt_seconds: int | None) -> None:
        _log.info(
            "webhook_not_delivered",
            company=self.company_id,
            endpoint=self.endpoint_id,
            event_id=delivery.event_id,
            attempt=delivery.attempt,
            error=delivery.error,
            status=delivery.http_status,
            next_attempt_seconds=next_attempt_seconds,
        )
