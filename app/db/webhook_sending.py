"""What a sender reads and writes of a webhook endpoint while it holds the endpoint's lease.

Each write requires that the sender still holds the lease, and that nobody has moved the endpoint's position meanwhile.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    Float,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from app.db.declarations import narrowed
from app.db.identifiers import new_id
from app.db.read_session import COMPANY
from app.db.tables import webhook_deliveries, webhook_endpoints
from app.db.unit_of_work import Session, WriteSession
from app.domain.deliveries import DeliveryError, DeliveryOutcome
from app.domain.webhooks import PauseReason, WebhookStatus

_ENDPOINT, _HOLDER, _POSITION = "endpoint_id", "holder", "handled_position"
_endpoint = webhook_endpoints.c


class LeaseLost(Exception):
    """Another sender may hold the endpoint, or a caller has changed it: write nothing, and send nothing more."""


class Lease(NamedTuple):
    """An endpoint that a sender has claimed, up to which position its events are handled, and by which sender."""

    endpoint_id: UUID
    holder: UUID
    position: int


class Endpoint(NamedTuple):
    """What a sender needs to know of an endpoint."""

    url: str
    types: Sequence[str]
    """Types of the events that are sent; empty for all."""
    document: str | None
    scopes: Sequence[str]
    secret: str
    previous_secret: str | None
    """None also after it has expired."""
    position: int
    attempts: int
    """Number of failed attempts to send the next event."""
    failing_seconds: float
    """How long ago the first of them was, in seconds; 0 without any."""
    is_due: bool
    """Whether events may be sent, as opposed to a test only."""
    is_test_requested: bool


class Delivery(NamedTuple):
    """An attempt to send an event."""

    event_id: UUID
    event_type: str
    position: int | None
    """None for a test."""
    attempt: int
    error: DeliveryError | None
    http_status: int | None
    latency_ms: int
    response: str | None


async def read_endpoint(session: Session, endpoint_id: UUID, holder: UUID) -> Endpoint | None:
    """Return an endpoint that this sender holds; None if it doesn't any more."""
    rows = await session.rows(_READ, {_ENDPOINT: endpoint_id, _HOLDER: holder})
    return Endpoint._make(rows[0]) if rows else None


async def extend(session: WriteSession, lease: Lease, lease_seconds: float) -> None:
    """Extend a lease. Raise LeaseLost."""
    await _write(session, _EXTEND, lease, lease_seconds=lease_seconds)


async def advance(session: WriteSession, lease: Lease, position: int, lease_seconds: float) -> None:
    """Note that the events up to a position are handled, and extend the lease. Raise LeaseLost."""
    await _write(session, _ADVANCE, lease, position=position, lease_seconds=lease_seconds)


async def release(session: WriteSession, lease: Lease, position: int, rest_seconds: float | None) -> None:
    """Give a lease back, with the events up to a position handled. Raise LeaseLost.

    `rest_seconds`: how long the endpoint needs no sender, even if its company has new events.
    """
    await _write(session, _RELEASE, lease, position=position, wait=rest_seconds)


async def fail(session: WriteSession, lease: Lease, wait: float) -> None:
    """Note a failed attempt, and give the lease back until the next one, in `wait` seconds. Raise LeaseLost."""
    await _write(session, _FAIL, lease, wait=wait)


async def pause(session: WriteSession, lease: Lease, reason: PauseReason) -> None:
    """Note a failed attempt, pause the endpoint, and give the lease back. Raise LeaseLost."""
    await _write(session, _PAUSE, lease, reason=reason)


async def lose(session: WriteSession, lease: Lease, position: int) -> None:
    """Note that the events up to a position had expired before they could be sent. Raise LeaseLost."""
    await _write(session, _LOSE, lease, position=position)


async def end_test(session: WriteSession, lease: Lease, lease_seconds: float) -> None:
    """Note that the requested test has been made, and extend the lease. Raise LeaseLost."""
    await _write(session, _END_TEST, lease, lease_seconds=lease_seconds)


async def record_delivery(session: WriteSession, endpoint_id: UUID, delivery: Delivery) -> None:
    """Record an attempt."""
    outcome = DeliveryOutcome.DELIVERED if delivery.error is None else DeliveryOutcome.FAILED
    values = {"id": new_id(), "endpoint_id": endpoint_id, "outcome": outcome, **delivery._asdict()}
    await session.rows(_RECORD, values)


async def _write(session: WriteSession, statement: Executable, lease: Lease, **values: Any) -> None:
    held = {_ENDPOINT: lease.endpoint_id, _HOLDER: lease.holder, _POSITION: lease.position}
    if not await session.rows(statement, {**held, **values}):
        raise LeaseLost


def _is_held() -> ColumnElement[bool]:
    return and_(
        narrowed(webhook_endpoints),
        _endpoint.id == bindparam(_ENDPOINT),
        _endpoint.leased_by == bindparam(_HOLDER),
        _endpoint.leased_until > func.clock_timestamp(),
    )


def _held(values: Mapping[str, Any]) -> Executable:
    """Return the statement that writes values, if the sender holds the lease at the position that it knows."""
    is_at = _endpoint.position == bindparam(_POSITION, type_=BigInteger())
    return update(webhook_endpoints).where(_is_held(), is_at).values(values).returning(_endpoint.id)


def _after(name: str) -> ColumnElement[Any]:
    return func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, bindparam(name, type_=Float()))


_DERIVED = {
    "previous_secret": case((func.now() < _endpoint.previous_secret_until, _endpoint.previous_secret)),
    "failing_seconds": func.coalesce(func.extract("epoch", func.now() - _endpoint.failing_since), 0).cast(Float),
    "is_due": (_endpoint.status == WebhookStatus.ACTIVE)
    & func.coalesce(_endpoint.next_attempt_at <= func.now(), true()),
    "is_test_requested": _endpoint.test_requested_at.is_not(None),
}
_READ = select(
    *(_DERIVED[name].label(name) if name in _DERIVED else _endpoint[name] for name in Endpoint._fields)
).where(_is_held())

_TO = bindparam("position", type_=BigInteger())
_HAS_MOVED = _endpoint.position < _TO
_AFTER_SUCCESS = {"attempts": 0, "failing_since": None, "next_attempt_at": None}
_EXTENDED = {"leased_until": _after("lease_seconds")}
# The end of the lease stays: those that were served longest ago come first.
_GIVEN_BACK = {"leased_by": None, "leased_until": func.clock_timestamp()}
_FAILED = {
    "attempts": _endpoint.attempts + 1,
    "failing_since": func.coalesce(_endpoint.failing_since, func.now()),
    **_GIVEN_BACK,
}
_EXTEND = _held(_EXTENDED)
_ADVANCE = _held({"position": _TO, **_EXTENDED, **_AFTER_SUCCESS})
# A lease that is given back before the next attempt leaves what is known of failed ones.
_RELEASE = _held(
    {
        "position": _TO,
        "attempts": case((_HAS_MOVED, 0), else_=_endpoint.attempts),
        "failing_since": case((_HAS_MOVED, None), else_=_endpoint.failing_since),
        "next_attempt_at": case(
            (or_(_HAS_MOVED, _endpoint.attempts == 0), _after("wait")), else_=_endpoint.next_attempt_at
        ),
        **_GIVEN_BACK,
    }
)
_FAIL = _held({"next_attempt_at": _after("wait"), **_FAILED})
# The version changes, as with every change that callers see.
_PAUSE = _held(
    {
        "status": WebhookStatus.PAUSED,
        "paused_reason": bindparam("reason"),
        "paused_at": func.now(),
        "next_attempt_at": None,
        "version": _endpoint.version + 1,
        "updated_at": func.now(),
        **_FAILED,
    }
)
_LOSE = _held(
    {
        "position": _TO,
        "lost_from": func.coalesce(_endpoint.lost_from, _endpoint.position + 1),
        "lost_to": _TO,
        **_AFTER_SUCCESS,
    }
)
_END_TEST = _held({"test_requested_at": None, **_EXTENDED})
_RECORD = insert(webhook_deliveries).values(
    company_id=bindparam(COMPANY),
    **{
        name: bindparam(name, type_=webhook_deliveries.c[name].type)
        for name in ("id", "endpoint_id", "outcome", *Delivery._fields)
    },
)
