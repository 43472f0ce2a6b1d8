"""Updating customers who are billed, and reading what was written."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.services.preview_transition import TransitionPreview, preview_transition
from app.services.update_customer import UpdateCustomerCommand, UpdateCustomerOutcome, update_customer
from tests.support.records import Records

PARENT = {"consolidation_mode": "SINGLE_INVOICE", "billing_day": 15}


async def update(
    unit_of_work: UnitOfWork, customer_id: UUID, fields: dict[str, Any], *acknowledged: UUID, **control: Any
) -> UpdateCustomerOutcome:
    command = UpdateCustomerCommand(customer_id, fields, acknowledged or None, **control)
    outcome, _ = await update_customer(unit_of_work, "tester", command, None)
    return outcome


async def rows_of(engine: AsyncEngine, table: Any, company_id: UUID, *order: Any) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        found = await connection.execute(select(table).where(table.c.company_id == company_id).order_by(*order))
        return [dict(row) for row in found.mappings()]


async def billed(records: Records, customer_id: UUID, *, payer_id: UUID | None = None, **values: Any) -> UUID:
    """A subscription in June 2026, billed for it if it is billed in advance; to the customer unless a payer is
    given."""
    subscription_id = await records.subscription(customer_id, **values)
    net = values.get("net_amount", 300)
    billed_amount = 0 if values.get("billing_direction") == "ARREARS" else net
    await records.period(subscription_id, payer_id or customer_id, net_amount=net, billed_amount=billed_amount)
    return subscription_id


async def previewed(database: Database, company: UUID, customer: UUID, fields: dict[str, Any]) -> TransitionPreview:
    async with database.read(company) as session:
        return await preview_transition(session, UpdateCustomerCommand(customer, fields))
