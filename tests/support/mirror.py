"""Mirroring subscriptions as the billing system does, in the terms of tests."""

from datetime import date
from typing import Any
from uuid import UUID

from app.db.unit_of_work import UnitOfWork
from app.domain.customer_keys import CustomerKey
from app.domain.errors import ErrorCode
from app.domain.upserts import RowOutcome
from app.services.upsert_subscriptions import (
    UpsertSubscriptionsCommand,
    UpsertSubscriptionsOutcome,
    upsert_subscriptions,
)

CREATED, UPDATED, UNCHANGED, REFUSED = RowOutcome
JUNE, JULY, AUGUST, SEPTEMBER = (date(2026, month, 1) for month in (6, 7, 8, 9))


def period(starts_on: date = JUNE, ends_on: date = JULY, **values: Any) -> dict[str, Any]:
    """A period of the month's price that is not billed, unless it is said."""
    return {"starts_on": starts_on, "ends_on": ends_on, "net_amount": 300} | values


def new_subscription(customer: UUID | CustomerKey, key: str = "s", **values: Any) -> dict[str, Any]:
    """A row that says all that a new subscription needs: 300.00 a month, in advance, billed for June."""
    named = {customer.attribute: customer.value} if isinstance(customer, CustomerKey) else {"id": customer}
    return {
        "external_system_id": key,
        "customer": named,
        "name": "Fibernet",
        "status": "ACTIVE",
        "currency": "DKK",
        "net_amount": 300,
        "anchor_day": 1,
        "started_on": date(2026, 1, 1),
        "current_period": period(billed_amount=300, billed_on=JUNE),
        "next_billing_date": JULY,
    } | values


def new_subscription_input(customer: dict[str, Any], key: str, **fields: Any) -> dict[str, Any]:
    """A row for a new subscription by the names of the GraphQL schema: 300.00 a month, in advance, billed for June."""
    amounts = {"netAmount": "300.00", "billedAmount": "300.00", "billedOn": "2026-06-01"}
    return {
        "externalSystemId": key,
        "customer": customer,
        "name": "Fibernet",
        "status": "ACTIVE",
        "currency": "DKK",
        "netAmount": "300.00",
        "anchorDay": 1,
        "startedOn": "2026-06-01",
        "currentPeriod": {"startsOn": "2026-06-01", "endsOn": "2026-07-01", **amounts},
        "nextBillingDate": "2026-07-01",
    } | fields


async def mirror(
    unit_of_work: UnitOfWork, *rows: dict[str, Any], key: str | None = None, **control: Any
) -> UpsertSubscriptionsOutcome:
    """Send rows."""
    outcome, _ = await upsert_subscriptions(unit_of_work, "biller", UpsertSubscriptionsCommand(rows, **control), key)
    return outcome


def outcomes(outcome: UpsertSubscriptionsOutcome) -> list[RowOutcome]:
    """How the rows ended."""
    return [result.outcome for result in outcome.results]


def problems(outcome: UpsertSubscriptionsOutcome, index: int = 0) -> list[tuple[str, ErrorCode]]:
    """Why a row was rejected: the path below the row, and the code."""
    return [(".".join(map(str, problem.path[2:])), problem.code) for problem in outcome.results[index].errors]
