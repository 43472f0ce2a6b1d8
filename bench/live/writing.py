"""Commits events as another process of the service would, so that no measured server knows them before PostgreSQL."""

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any
from uuid import UUID

from app.db.identifiers import new_id
from bench.live.ledger import Ledger
from bench.postgres import connected

CUSTOMERS = 1_000
"""Number of customers that are changed in turn: more than the events of a turn, so that each shows its own change."""
_CUSTOMERS = """
SELECT id, customer_number, name, city, notes FROM customers WHERE company_id = $1 ORDER BY md5(id::text) LIMIT $2
"""
_UPDATE = """
UPDATE customers SET notes = $3, version = version + 1, updated_at = now() WHERE company_id = $1 AND id = $2
RETURNING version
"""
_HISTORY = """
INSERT INTO history (company_id, subject_id, version, operation, actor, changes, occurred_at)
VALUES ($1, $2, $3, 'UPDATED', 'benchmark', $4::jsonb, now())
"""
_EVENT = """
INSERT INTO outbox_events (company_id, id, type, subject_id, actor, data, occurred_at)
VALUES ($1, $2, 'customer.updated', $3, 'benchmark', $4::jsonb, now())
"""

# What PostGraphile's and Mercurius' users would write: the transaction announces its change when it commits.
NOTIFYING = """
CREATE FUNCTION bench_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('changes:' || NEW.company_id, jsonb_build_object(
        'id', NEW.id, 'type', upper(replace(NEW.type, '.', '_')), 'version', NEW.data -> 'version',
        'subjectId', NEW.subject_id
    )::text);
    RETURN NULL;
END $$;
CREATE TRIGGER bench_notify AFTER INSERT ON outbox_events FOR EACH ROW EXECUTE FUNCTION bench_notify();
"""
"""The trigger that tells the peers of an event. It is made in their copy of the database only."""


class Writer:
    """Changes customers of one company in turn, each in a transaction with its history and its event."""

    def __init__(self, connection: Any, company_id: UUID, customers: Iterator[Any]) -> None:
        self._connection = connection
        self._company_id = company_id
        self._customers = customers

    async def write(self, ledger: Ledger, *, is_counted: bool) -> None:
        """Change the next customer, and expect the event. The time of the commit is when it is sent."""
        customer, event_id, company_id = next(self._customers), new_id(), self._company_id
        notes = f"Changed by {event_id}"
        changes = {"notes": {"before": customer["notes"], "after": notes}}
        async with self._connection.transaction():
            version = await self._connection.fetchval(_UPDATE, company_id, customer["id"], notes)
            data = {"version": version, "changedFields": ["notes"]}
            await self._connection.execute(_HISTORY, company_id, customer["id"], version, json.dumps(changes))
            await self._connection.execute(_EVENT, company_id, event_id, customer["id"], json.dumps(data))
            ledger.expect(str(event_id), _result(event_id, version, customer, notes), is_counted=is_counted)


@asynccontextmanager
async def writing(owner_dsn: str, company_id: UUID) -> AsyncGenerator[Writer]:
    """Yield a writer of a company's changes."""
    async with connected(owner_dsn) as connection:
        customers = await connection.fetch(_CUSTOMERS, company_id, CUSTOMERS)
        yield Writer(connection, company_id, cycle(customers))


def _result(event_id: UUID, version: int, customer: Any, notes: str) -> Any:
    """Return the execution result with which a subscriber must learn of the change."""
    subject = {
        "id": str(customer["id"]),
        "customerNumber": customer["customer_number"],
        "name": customer["name"],
        "city": customer["city"],
        "notes": notes,
    }
    event = {"id": str(event_id), "type": "CUSTOMER_UPDATED", "version": version, "subject": subject}
    return {"data": {"changes": event}}
