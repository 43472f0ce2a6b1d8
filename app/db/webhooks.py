"""Read and write webhook endpoints. Every write that changes what is sent takes the lease away from the sender."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, delete, func, insert, null, select, text, update
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from app.db.declarations import Entity, SortKey, ToMany, entity, narrowed
from app.db.read_session import COMPANY, DatabaseRow
from app.db.record_set import counted
from app.db.tables import webhook_deliveries, webhook_endpoints
from app.db.unit_of_work import Session, WriteSession
from app.db.webhook_rows import WebhookDeliveryRow, WebhookEndpointRow
from app.domain.identity import Scope
from app.domain.webhooks import WebhookStatus

_its = webhook_endpoints.c
_COLUMNS = tuple(_its[name] for name in WebhookEndpointRow._fields)
_GIVEN = "given_id"
_IS_GIVEN = narrowed(webhook_endpoints) & (_its.id == bindparam(_GIVEN, type_=_its.id.type))
_MOMENT = func.clock_timestamp()

_LOCK_ENDPOINTS = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('webhook endpoints:' || current_setting('app.company_id'), 0))"
)
_COUNT = select(func.count()).select_from(webhook_endpoints).where(narrowed(webhook_endpoints))
_ALL = select(*_COLUMNS).where(narrowed(webhook_endpoints)).order_by(_its.created_at, _its.id)
_LOCK = select(*_COLUMNS).where(_IS_GIVEN).with_for_update()
_REMOVE = delete(webhook_endpoints).where(_IS_GIVEN)

AT_ONCE: Mapping[str, object] = {"attempts": 0, "failing_since": None, "next_attempt_at": None}
"""The values of an endpoint whose next event is sent at once, and has a day again before the endpoint is paused."""

endpoint: Entity[WebhookEndpointRow] = Entity("WebhookEndpoint", webhook_endpoints, WebhookEndpointRow, ())
"""Its rows are read by the statements above: no plan shows their fields."""
delivery = entity("WebhookDelivery", webhook_deliveries, WebhookDeliveryRow, scope=Scope.WEBHOOKS_READ)
deliveries = ToMany(
    "deliveries",
    endpoint,
    delivery,
    webhook_deliveries.c.endpoint_id,
    (SortKey(webhook_deliveries.c.id, descending=True),),
)


async def all_endpoints(session: Session) -> list[WebhookEndpointRow]:
    """Return the company's endpoints, the oldest first."""
    return [*map(_row, await session.rows(_ALL, {}))]


async def lock_endpoints(session: WriteSession) -> None:
    """Lock the number of the company's endpoints, so that two creations don't exceed the limit together."""
    await session.rows(_LOCK_ENDPOINTS)


async def count_endpoints(session: WriteSession) -> int:
    """Return the number of the company's endpoints."""
    return int((await session.rows(_COUNT))[0][0])


async def lock_endpoint(session: WriteSession, endpoint_id: UUID) -> WebhookEndpointRow | None:
    """Lock an endpoint against other writes, those of its sender among them; return it or None."""
    rows = await session.rows(_LOCK, {_GIVEN: endpoint_id})
    return _row(rows[0]) if rows else None


async def add_endpoint(session: WriteSession, values: Mapping[str, object]) -> WebhookEndpointRow:
    """Insert an endpoint; return it."""
    return _row((await session.rows(_adding(tuple(values)), _new(values)))[0])


async def change_endpoint(session: WriteSession, endpoint_id: UUID, values: Mapping[str, object]) -> WebhookEndpointRow:
    """Update columns of a locked endpoint, increment its version, and take the lease away; return it."""
    statement = _changing(tuple(sorted(values)))
    return _row((await session.rows(statement, {**_new(values), _GIVEN: endpoint_id}))[0])


async def rotate_secret(session: WriteSession, endpoint_id: UUID, secret: str) -> WebhookEndpointRow:
    """Give a locked endpoint another secret, and let the current one sign for a day as well; return the endpoint."""
    return _row((await session.rows(_ROTATE, {_GIVEN: endpoint_id, **_new({"secret": secret})}))[0])


async def request_test(session: WriteSession, endpoint_id: UUID) -> WebhookEndpointRow:
    """Ask the sender for a test event; return the endpoint."""
    return _row((await session.rows(_REQUEST_TEST, {_GIVEN: endpoint_id}))[0])


async def rewind(session: WriteSession, endpoint_id: UUID, position: int) -> WebhookEndpointRow:
    """Let a locked endpoint begin after a position of the feed, and take the lease away; return it."""
    parameters = _new({**_REWOUND, "position": position})
    return _row((await session.rows(_REWIND, {**parameters, _GIVEN: endpoint_id}))[0])


async def remove_endpoint(session: WriteSession, endpoint_id: UUID) -> None:
    """Delete an endpoint with its deliveries."""
    await session.rows(_REMOVE, {_GIVEN: endpoint_id})


def _row(row: DatabaseRow) -> WebhookEndpointRow:
    found = WebhookEndpointRow._make(row)
    return found._replace(types=tuple(found.types), scopes=tuple(found.scopes))


def _new(values: Mapping[str, object]) -> dict[str, object]:
    return {f"new_{name}": value for name, value in values.items()}


def _parameters(names: Iterable[str]) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}", type_=_its[name].type) for name in names}


@lru_cache
def _adding(names: tuple[str, ...]) -> ReturningInsert[Any]:
    company = bindparam(COMPANY, type_=_its.company_id.type)
    values = {"company_id": company, **_parameters(names), "created_at": _MOMENT, "updated_at": _MOMENT}
    return insert(webhook_endpoints).values(values).returning(*_COLUMNS)


@lru_cache
def _changing(names: tuple[str, ...]) -> ReturningUpdate[Any]:
    values = counted(webhook_endpoints, _parameters(names)) | {"leased_by": null()}
    if "status" in names:
        is_paused = bindparam("new_status", type_=_its.status.type) == WebhookStatus.PAUSED
        values["paused_at"] = case((is_paused, _MOMENT), else_=null())
    return _writing(values)


def _writing(values: Mapping[str, Any]) -> ReturningUpdate[Any]:
    return update(webhook_endpoints).where(_IS_GIVEN).values(values).returning(*_COLUMNS)


_REWOUND = {"position": 0, "lost_from": None, "lost_to": None, **AT_ONCE}
_REWIND = _writing(_parameters(_REWOUND) | {"leased_by": null()})
_REQUEST_TEST = _writing({"test_requested_at": _MOMENT})
_ROTATED = _parameters(["secret"]) | {
    "previous_secret": _its.secret,
    "previous_secret_until": _MOMENT + text("interval '1 day'"),
    # The turn that holds the endpoint signs with the secrets that it began with.
    "leased_by": null(),
}
_ROTATE = _writing(counted(webhook_endpoints, _ROTATED))
