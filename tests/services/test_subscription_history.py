"""The history of subscriptions: what the billing system, transitions and new billing days leave in it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.unit_of_work import UnitOfWork
from app.domain.errors import VersionProblem
from app.domain.upserts import RejectionPolicy
from tests.services.records_of_writes import entries_of, events_of
from tests.services.updates import PARENT, update
from tests.support.clock import DatabaseClock
from tests.support.mirror import AUGUST, JULY, mirror, new_subscription, period
from tests.support.records import Records

pytestmark = pytest.mark.usefixtures("clock")


async def history_of(engine: AsyncEngine, company: UUID, subscription: UUID) -> list[dict[str, tuple[Any, Any]]]:
    """The changes of a subscription, the oldest first, with the values before and after."""
    entries = sorted(
        (version, changes)
        for subject, version, _, _, changes in await entries_of(engine, company)
        if subject == subscription
    )
    return [{name: (change["before"], change["after"]) for name, change in changes.items()} for _, changes in entries]


async def mirrored(unit_of_work: UnitOfWork, customer: UUID, **values: Any) -> UUID:
    subscription = (await mirror(unit_of_work, new_subscription(customer, **values))).results[0].subscription
    assert subscription is not None
    return subscription.id


async def test_rows_of_the_billing_system_are_kept_with_the_values_before_and_after(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, clock: DatabaseClock
) -> None:
    clock.now = datetime(2026, 7, 1, 10, tzinfo=UTC)
    customer = await records.customer()
    subscription = await mirrored(unit_of_work, customer)
    await mirror(unit_of_work, {"external_system_id": "s", "name": "Faster", "net_amount": Decimal(400)})
    await mirror(unit_of_work, {"external_system_id": "s", "current_period": period(JULY, AUGUST)})

    june = {
        "startsOn": "2026-06-01",
        "endsOn": "2026-07-01",
        "cutOn": None,
        "netAmount": "300.00",
        "billedAmount": "300.00",
        "creditedAmount": "0.00",
        "billedOn": "2026-06-01",
        "payerCustomerId": str(customer),
    }
    july = june | {"startsOn": "2026-07-01", "endsOn": "2026-08-01", "billedAmount": "0.00", "billedOn": None}
    assert await history_of(owner_engine, company, subscription) == [
        {
            "externalSystemId": (None, "s"),
            "customerId": (None, str(customer)),
            "name": (None, "Fibernet"),
            "status": (None, "ACTIVE"),
            "billingDirection": (None, "ADVANCE"),
            "currency": (None, "DKK"),
            "netAmount": (None, "300.00"),
            "intervalMonths": (None, 1),
            "anchorDay": (None, 1),
            "startedOn": (None, "2026-01-01"),
            "nextBillingDate": (None, "2026-07-01"),
            "currentPeriod": (None, june),
        },
        {"name": ("Fibernet", "Faster"), "netAmount": ("300.00", "400.00")},
        {"currentPeriod": (june, july)},
    ]
    assert {actor for _, _, _, actor, _ in await entries_of(owner_engine, company)} == {"biller"}


async def test_transitions_and_new_billing_days_are_kept_under_their_events_versions(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent, customer = await records.customer(**PARENT), await records.customer()
    active = await mirrored(unit_of_work, customer)
    paused = await mirrored(unit_of_work, customer, external_system_id="p", status="PAUSED", current_period=period())
    link = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
    await update(unit_of_work, customer, link, active)
    await update(unit_of_work, parent, {"billing_day": 20})

    _, cut, rescheduled = await history_of(owner_engine, company, active)
    before, after = cut["currentPeriod"]
    assert (before["endsOn"], before["payerCustomerId"]) == ("2026-07-01", str(customer))
    assert (after["startsOn"], after["billedAmount"], after["payerCustomerId"]) == ("2026-06-19", "0.00", str(parent))
    assert cut["anchorDay"] == (1, 15)
    assert rescheduled == {"anchorDay": (15, 20), "nextBillingDate": ("2026-07-15", "2026-07-20")}
    _, moved, _ = await history_of(owner_engine, company, paused)
    before, after = moved["currentPeriod"]
    assert before | {"payerCustomerId": str(parent)} == after
    told = [(subject, kind, data["version"]) for subject, kind, _, data in await events_of(owner_engine, company)]
    for subscription in (active, paused):
        assert [(kind, version) for subject, kind, version in told if subject == subscription] == [
            ("subscription.created", 1),
            ("subscription.transitioned", 2),
            ("subscription.rescheduled", 3),
        ]


async def test_a_row_of_another_version_learns_what_changed_since(unit_of_work: UnitOfWork, records: Records) -> None:
    await mirrored(unit_of_work, await records.customer())
    await mirror(unit_of_work, {"external_system_id": "s", "name": "Faster"})
    await mirror(
        unit_of_work, {"external_system_id": "s", "current_period": period(billed_amount=300, credited_amount=30)}
    )
    late = {"external_system_id": "s", "name": "Late", "expected_version": 1}
    outcome = await mirror(unit_of_work, late, on_refusal=RejectionPolicy.ROW_BY_ROW)
    (conflict,) = outcome.results[0].errors
    assert isinstance(conflict, VersionProblem)
    assert conflict.changed_fields == ("currentPeriod", "name")
