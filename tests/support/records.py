"""Rows for tests, written as the owner: a test names the values that matter, and the others have defaults."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Executable, Table, delete, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables


async def new_company(engine: AsyncEngine, **values: Any) -> UUID:
    """Insert a company without rows, and return its id."""
    company_id = uuid4()
    await _insert(
        engine, tables.companies, {"id": company_id, "name": f"Company {company_id}", "base_currency": "DKK"} | values
    )
    return company_id


async def delete_endpoints(engine: AsyncEngine, company_id: UUID) -> None:
    """Delete the webhook endpoints of a company, so that no service sends to them any more."""
    await _execute(engine, delete(tables.webhook_endpoints).where(tables.webhook_endpoints.c.company_id == company_id))


async def _insert(engine: AsyncEngine, table: Table, row: dict[str, Any]) -> None:
    await _execute(engine, insert(table).values(row))


async def _execute(engine: AsyncEngine, statement: Executable) -> None:
    """Run one statement alone: with a transaction around it there would be three."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(statement)


@dataclass(slots=True)
class Records:
    """Writes rows of one company and returns their ids."""

    engine: AsyncEngine
    company_id: UUID
    _group_id: UUID | None = None
    _numbers: int = 0

    async def account(self, **values: Any) -> UUID:
        """Insert a ledger account."""
        number = self._next()
        return await self._insert(tables.ledger_accounts, {"number": f"4{number:03}", "name": "Sales"} | values)

    async def group(self, **values: Any) -> UUID:
        """Insert a customer group, with a new account unless one is given."""
        if "account_id" not in values:
            values["account_id"] = await self.account()
        return await self._insert(tables.customer_groups, {"number": str(self._next()), "name": "Group"} | values)

    async def customer(self, **values: Any) -> UUID:
        """Insert a customer, in a group that all customers share unless one is given."""
        if self._group_id is None and "customer_group_id" not in values:
            self._group_id = await self.group()
        defaults = {
            "customer_number": str(self._next()),
            "name": "Customer",
            "vat_zone": "DOMESTIC",
            "customer_group_id": self._group_id,
            "country_code": "DK",
            "default_currency": "DKK",
        }
        return await self._insert(tables.customers, defaults | values)

    async def contact(self, customer_id: UUID, **values: Any) -> UUID:
        """Insert a contact of a customer."""
        return await self._insert(tables.contacts, {"customer_id": customer_id, "name": "Contact"} | values)

    async def department(self, customer_id: UUID, **values: Any) -> UUID:
        """Insert a department of a customer."""
        return await self._insert(tables.departments, {"customer_id": customer_id, "name": "Department"} | values)

    async def subscription(self, customer_id: UUID, **values: Any) -> UUID:
        """Insert a subscription of a customer, active and billed monthly."""
        defaults = {
            "customer_id": customer_id,
            "name": "Subscription",
            "status": "ACTIVE",
            "currency": "DKK",
            "net_amount": 300,
            "anchor_day": 1,
            "started_on": date(2026, 1, 1),
            "current_period_start": date(2026, 6, 1),
            "current_period_end": date(2026, 7, 1),
        }
        return await self._insert(tables.subscriptions, defaults | values)

    async def period(self, subscription_id: UUID, payer_id: UUID, **values: Any) -> UUID:
        """Insert the first period of a subscription: June 2026, not billed yet."""
        defaults = {
            "subscription_id": subscription_id,
            "sequence": 1,
            "payer_customer_id": payer_id,
            "starts_on": date(2026, 6, 1),
            "ends_on": date(2026, 7, 1),
            "net_amount": 300,
            "billed_amount": 0,
            "credited_amount": 0,
        }
        return await self._insert(tables.subscription_periods, defaults | values)

    async def webhook_endpoint(self, **values: Any) -> UUID:
        """Insert a webhook endpoint for all events, at the beginning of the feed."""
        defaults = {
            "url": "https://receiver.example/events",
            "types": [],
            "scopes": ["accounts-read", "customers-read"],
            "position": 0,
            "secret": "whsec_dGhlIHNlY3JldCBvZiBhbiBlbmRwb2ludCBpbiB0ZXN0cyE=",
        }
        return await self._insert(tables.webhook_endpoints, defaults | values)

    async def webhook_delivery(self, endpoint_id: UUID, **values: Any) -> UUID:
        """Insert a delivery that the receiver accepted."""
        defaults = {
            "endpoint_id": endpoint_id,
            "event_id": uuid4(),
            "event_type": "customer.created",
            "position": 1,
            "attempt": 1,
            "outcome": "DELIVERED",
            "http_status": 204,
            "latency_ms": 12,
        }
        return await self._insert(tables.webhook_deliveries, defaults | values)

    async def _insert(self, table: Table, values: dict[str, Any]) -> UUID:
        row = {"company_id": self.company_id, "id": uuid4()} | values
        await _insert(self.engine, table, row)
        return row["id"]

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers
