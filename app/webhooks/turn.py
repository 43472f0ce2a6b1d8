"""The turn of one endpoint: its next events are sent one at a time, in order, while its lease lasts."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import NamedTuple

from app.db.database import Database
from app.db.feed import EventsRead, read_events
from app.db.rows import EventRow
from app.db.webhook_sending import Delivery, Endpoint, LeaseLost, read_endpoint
from app.db.webhook_work import Claimed
from app.domain.deliveries import DeliveryError, wait_after
from app.domain.webhooks import PauseReason
from app.unavailable import StatementTimeout
from app.webhooks.client import Answer, Client, Receiver
from app.webhooks.envelope import envelope_of, event_of_test
from app.webhooks.held_endpoint import HeldEndpoint
from app.webhooks.messages import DocumentInvalid, Messages, ResultTooLarge, types_of
from app.webhooks.signing import signed

_MOST_EVENTS = 100
"""Maximum number of events of one turn, so that endpoints take turns."""
_TURN_SECONDS = 10.0
"""Time after which a turn sends no further event, in seconds."""
_MARGIN_SECONDS = 5.0
"""How much longer a lease lasts than a request, in seconds: the time for reading and writing."""
_REST_SECONDS = 1.0
"""How long an endpoint rests, in seconds, after new events that are all of types that it doesn't take."""


class Parts(NamedTuple):
    """What all turns of a process share."""

    database: Database
    client: Client
    messages: Messages
    counted: Callable[[Answer], None]
    """Counts a delivery."""
    is_stopping: Callable[[], bool]

    @property
    def lease_seconds(self) -> float:
        """How long a lease lasts without being extended."""
        return self.client.seconds + _MARGIN_SECONDS


class Turn:
    """One turn. `begun`: when the endpoint was claimed, by the monotonic clock."""

    def __init__(self, parts: Parts, claimed: Claimed, begun: float) -> None:
        self._parts = parts
        self._begun = begun
        self._held = HeldEndpoint(parts.database, claimed, begun=begun, lease_seconds=parts.lease_seconds)

    async def run(self) -> None:
        """Send the next events. Raise LeaseLost if another sender may hold the endpoint, and DatabaseUnavailable."""
        held = self._held
        endpoint, found = await self._read()
        held.position = endpoint.position
        if endpoint.is_test_requested:
            await self._test(endpoint)
        if not endpoint.is_due:
            await held.release(held.position)
            return
        if (expired := found.head.expired_position) > held.position:
            await held.lose(expired)
            endpoint = endpoint._replace(attempts=0, failing_seconds=0)
        # Of a feed whose next events have expired, only a part may have been looked at.
        end = max(found.position, held.position)
        if found.rows:
            await self._send(endpoint, found.rows, end)
        else:
            await held.release(end, None if end < found.head.position else _REST_SECONDS)

    async def _read(self) -> tuple[Endpoint, EventsRead]:
        """Return the endpoint and its next events, of one snapshot."""
        held, parts = self._held, self._parts
        async with parts.database.read(held.company_id) as session:
            endpoint = await read_endpoint(session, held.endpoint_id, held.holder)
            if endpoint is None:
                raise LeaseLost
            most = _MOST_EVENTS if endpoint.attempts == 0 else 1
            types = types_of(endpoint)
            return endpoint, await read_events(
                session, endpoint.position, until=None, types=types, customer_ids=None, limit=most
            )

    async def _send(self, endpoint: Endpoint, events: Sequence[EventRow], end: int) -> None:
        """Send events. Up to the position `end`, only events that the endpoint skips follow them."""
        held, parts = self._held, self._parts
        async with parts.client.receiver(endpoint.url) as receiver:
            for event in events:
                if parts.is_stopping() or time.monotonic() - self._begun > _TURN_SECONDS:
                    end = held.position
                    break
                if not await self._deliver(receiver, endpoint, event):
                    return
                endpoint = endpoint._replace(attempts=0, failing_seconds=0)
        await held.release(end)

    async def _deliver(self, receiver: Receiver, endpoint: Endpoint, event: EventRow) -> bool:
        """Send an event and record the outcome. Return whether it was delivered; otherwise the lease is given back."""
        try:
            answer = await self._answer(receiver, endpoint, event)
        except DocumentInvalid:
            await self._held.pause(PauseReason.DOCUMENT_INVALID)
            return False
        self._parts.counted(answer)
        delivery = _delivery(event, answer, endpoint.attempts + 1, event.position)
        if answer.error is None:
            await self._held.advance(delivery, event.position)
            return True
        failing_seconds = endpoint.failing_seconds + time.monotonic() - self._begun if endpoint.attempts else 0
        wait = wait_after(delivery.attempt, failing_seconds, random.random())  # noqa: S311 - not a secret
        if answer.status == HTTPStatus.GONE:
            await self._held.pause(PauseReason.GONE, delivery)
        elif wait is None:
            await self._held.pause(PauseReason.FAILING, delivery)
        else:
            await self._held.fail(delivery, wait)
        return False

    async def _answer(self, receiver: Receiver, endpoint: Endpoint, event: EventRow) -> Answer:
        """Send an event, and return the answer. Raise DocumentInvalid."""
        begun, held = time.monotonic(), self._held
        try:
            # Less time than the lease lasts.
            async with asyncio.timeout(self._parts.client.seconds):
                body = await self._parts.messages.body(held.company_id, held.endpoint_id, endpoint, event)
        except (TimeoutError, StatementTimeout):
            return Answer(DeliveryError.DOCUMENT_TOO_SLOW, milliseconds=_milliseconds_since(begun))
        except ResultTooLarge:
            return Answer(DeliveryError.RESULT_TOO_LARGE, milliseconds=_milliseconds_since(begun))
        return await self._post(receiver, endpoint, event, body)

    async def _test(self, endpoint: Endpoint) -> None:
        event = event_of_test(self._held.endpoint_id, datetime.now(UTC))
        body = envelope_of(event, self._held.company_id, None)
        async with self._parts.client.receiver(endpoint.url) as receiver:
            answer = await self._post(receiver, endpoint, event, body)
        self._parts.counted(answer)
        await self._held.end_test(_delivery(event, answer, 1, None))

    async def _post(self, receiver: Receiver, endpoint: Endpoint, event: EventRow, body: bytes) -> Answer:
        await self._held.reserve(self._parts.client.seconds)
        secrets = [secret for secret in (endpoint.secret, endpoint.previous_secret) if secret is not None]
        return await receiver.post(signed(str(event.id), datetime.now(UTC), body, secrets), body)


def _milliseconds_since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1_000)


def _delivery(event: EventRow, answer: Answer, attempt: int, position: int | None) -> Delivery:
    return Delivery(
        event_id=event.id,
        event_type=event.type,
        position=position,
        attempt=attempt,
        error=answer.error,
        http_status=answer.status,
        latency_ms=answer.milliseconds,
        response=answer.text,
    )
