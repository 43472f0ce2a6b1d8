"""One valid row of every table for a company, for tests that must hold for all tables."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import metadata

Row = dict[str, Any]
World = dict[str, Row]
"""Rows by the names of their tables."""
SIDE_TABLES = (
    "customer_metadata",
    "customer_words",
    "customer_group_metadata",
)
"""Tables that only triggers write."""


def world(company_id: UUID) -> World:
    """Return a row per table, in an order in which they can be inserted; triggers write the rows of side tables."""
    account, group, customer, subscription, transition, document, endpoint = (uuid4() for _ in range(7))
    own = {"company_id": company_id}
    january, february = date(2026, 1, 1), date(2026, 2, 1)
    amounts = {"net_amount": 300, "billed_amount": 300, "credited_amount": 0}
    return {
        "companies": {"id": company_id, "name": "Fjord A/S", "base_currency": "DKK"},
        "ledger_accounts": own | {"id": account, "number": "1010", "name": "Sales"},
        "customer_groups": own
        | {"id": group, "number": "1", "name": "Domestic", "account_id": account, "metadata": {"color": "blue"}},
        "customers": own
        | {
            "id": customer,
            "customer_number": "1001",
            "name": "Fjord",
            "vat_zone": "DOMESTIC",
            "customer_group_id": group,
            "country_code": "DK",
            "default_currency": "DKK",
            "external_system_id": "crm-1",
            "metadata": {"segment": "gold"},
        },
        "contacts": own | {"id": uuid4(), "customer_id": customer, "name": "Freja", "is_default_for_customer": True},
        "departments": own | {"id": uuid4(), "customer_id": customer, "name": "Depot", "is_default": True},
        "subscriptions": own
        | {
            "id": subscription,
            "customer_id": customer,
            "external_system_id": "billing-1",
            "name": "Premium",
            "status": "ACTIVE",
            "currency": "DKK",
            "net_amount": 300,
            "anchor_day": 1,
            "started_on": january,
            "current_period_start": january,
            "current_period_end": february,
        },
        "billing_transitions": own
        | {
            "id": transition,
            "customer_id": customer,
            "effective_on": january,
            "arrangement_before": {},
            "arrangement_after": {},
            "actor": "tester",
        },
        "subscription_periods": own
        | {
            "id": uuid4(),
            "subscription_id": subscription,
            "sequence": 1,
            "payer_customer_id": customer,
            "starts_on": january,
            "ends_on": february,
            "transition_id": transition,
        }
        | amounts,
        "billing_documents": own
        | {
            "id": document,
            "kind": "INVOICE",
            "customer_id": customer,
            "payer_customer_id": customer,
            "transition_id": transition,
            "currency": "DKK",
            "total": 300,
            "issued_on": january,
        },
        "billing_document_lines": own
        | {
            "document_id": document,
            "line_number": 1,
            "subscription_id": subscription,
            "description": "Premium, January",
            "starts_on": january,
            "ends_on": february,
            "days": 31,
            "amount": 300,
        },
        "history": own
        | {
            "subject_id": customer,
            "version": 1,
            "operation": "CREATED",
            "actor": "tester",
            "changes": {"name": {"before": None, "after": "Fjord"}},
        },
        "outbox_events": own
        | {
            "id": uuid4(),
            "type": "customer.created",
            "subject_id": customer,
            "actor": "tester",
            "data": {},
            "position": 1,
        },
        "feed_heads": own | {"position": 1},
        "idempotency_keys": own
        | {
            "key": "a key",
            "mutation": "createCustomer",
            "fingerprint": b"\x01",
            "payload": {},
            "expires_at": datetime(2026, 2, 1, tzinfo=UTC),
        },
        "api_keys": own | {"id": uuid4(), "name": "ERP", "key_hash": uuid4().bytes, "scopes": ["customers-read"]},
        "webhook_endpoints": own
        | {
            "id": endpoint,
            "url": "https://receiver.example/events",
            "types": ["customer.created"],
            "scopes": ["customers-read"],
            # All events have been sent: services that other tests start find nothing to do.
            "position": 1,
            "secret": "whsec_c2VjcmV0IG9mIGEgdGVzdCwgMzIgYnl0ZXMgbG9uZyE=",
        },
        "webhook_deliveries": own
        | {
            "id": uuid4(),
            "endpoint_id": endpoint,
            "event_id": uuid4(),
            "event_type": "customer.created",
            "position": 1,
            "attempt": 1,
            "outcome": "DELIVERED",
            "http_status": 204,
            "latency_ms": 12,
        },
    }


async def write_world(engine: AsyncEngine, company_id: UUID) -> World:
    """Insert a row into every table, as the owner."""
    rows = world(company_id)
    lacking = sorted(metadata.tables.keys() - rows.keys() - {*SIDE_TABLES})
    assert lacking == [], f"Add a row of each of these tables to tests/support/every_table.py: {', '.join(lacking)}"
    async with engine.begin() as connection:
        for name, row in rows.items():
            await connection.execute(insert(metadata.tables[name]).values(row))
    return rows


def problem(error: DBAPIError) -> tuple[str, str | None]:
    """Return the SQLSTATE of a rejected statement, and the constraint that rejected it."""
    cause = None if error.orig is None else error.orig.__cause__
    return str(getattr(cause, "sqlstate", None)), getattr(cause, "constraint_name", None)


def another(world: World, table: str) -> Row:
    """Return a row like the company's with other keys, so that both can be stored."""
    row = dict(world[table])
    fresh: Row = {
        "id": uuid4(),
        "number": "2",
        "customer_number": "1002",
        "external_system_id": None,
        "is_default_for_customer": False,
        "is_default": False,
        "sequence": 2,
        "line_number": 2,
        "version": 2,
        "position": 2,
        "key": "another key",
        "key_hash": uuid4().bytes,
    }
    if table == "subscription_periods":
        # No two periods of a subscription overlap.
        fresh |= {"starts_on": row["ends_on"], "ends_on": date(2026, 3, 1)}
    return row | {column: value for column, value in fresh.items() if column in row}


async def put(engine: AsyncEngine, table: str, row: Row) -> None:
    """Insert a row and roll back."""
    async with engine.connect() as connection:
        await connection.execute(insert(metadata.tables[table]).values(row))
        await connection.rollback()


async def rejection(engine: AsyncEngine, table: str, row: Row) -> tuple[str, str | None]:
    """Return why a row is rejected."""
    with pytest.raises(DBAPIError) as refused:
        await put(engine, table, row)
    return problem(refused.value)
