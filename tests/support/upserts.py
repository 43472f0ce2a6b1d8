"""Upsert lists of customers, with short arguments."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode
from app.domain.upserts import RejectionPolicy, RowOutcome
from app.services.customers.upsert_rows import UpsertRow
from app.services.upsert_customers import UpsertCustomersCommand, UpsertCustomersOutcome, upsert_customers

CREATED, UPDATED, UNCHANGED, REFUSED = RowOutcome
ROW_BY_ROW = RejectionPolicy.ROW_BY_ROW
SINGLE = {"consolidation_mode": "SINGLE_INVOICE", "billing_day": 15}


def command(*rows: dict[str, Any], **control: Any) -> UpsertCustomersCommand:
    """Return a command for these rows; a row's field `acknowledged` holds what it acknowledges."""
    return UpsertCustomersCommand(
        tuple(
            UpsertRow({name: value for name, value in row.items() if name != "acknowledged"}, row.get("acknowledged"))
            for row in rows
        ),
        **control,
    )


async def upsert(unit_of_work: UnitOfWork, *rows: dict[str, Any], **control: Any) -> UpsertCustomersOutcome:
    outcome, _ = await upsert_customers(unit_of_work, "tester", command(*rows, **control), None)
    return outcome


def outcomes(outcome: UpsertCustomersOutcome) -> list[RowOutcome]:
    return [result.outcome for result in outcome.results]


def codes(outcome: UpsertCustomersOutcome, index: int) -> list[ErrorCode]:
    return [problem.code for problem in outcome.results[index].errors]


async def rows_of(engine: AsyncEngine, table: Any, company_id: UUID, *order: Any) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        found = await connection.execute(select(table).where(table.c.company_id == company_id).order_by(*order))
        return [dict(row) for row in found.mappings()]
