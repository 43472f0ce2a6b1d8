"""A mode that is cleared is PER_CHILD_INVOICE: what it demands and cuts, by an update, its preview and a row of a
list."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Rejected
from app.domain.upserts import MatchKey, RowOutcome
from app.services.customers.upsert_rows import UpsertRow
from app.services.preview_transition import TransitionPreview, preview_transition
from app.services.update_customer import UpdateCustomerCommand, update_customer
from app.services.upsert_customers import CustomerResult, UpsertCustomersCommand, upsert_customers
from tests.support.records import Records
from tests.support.untouched import everything_of

SINGLE, PER_CHILD = "SINGLE_INVOICE", "PER_CHILD_INVOICE"
CHANGES = [(SINGLE, None), (SINGLE, PER_CHILD), (PER_CHILD, None), (None, PER_CHILD)]
"""The stored mode and the one that is sent, where they differ."""
SAME = [(None, None), (PER_CHILD, PER_CHILD), (SINGLE, SINGLE)]


async def family(records: Records, mode: str | None) -> tuple[UUID, UUID, UUID]:
    """A parent of a mode with the number "parent", its own subscription, and that of a child that it pays for."""
    parent = await records.customer(customer_number="parent", consolidation_mode=mode, billing_day=15)
    child = await records.customer(parent_customer_id=parent, billing_relationship="PARENT_PAYS")
    subscriptions = [await records.subscription(customer) for customer in (parent, child)]
    for subscription in subscriptions:
        await records.period(subscription, parent, net_amount=300, billed_amount=300)
    return parent, subscriptions[0], subscriptions[1]


async def previewed(database: Database, company: UUID, parent: UUID, fields: dict[str, Any]) -> TransitionPreview:
    async with database.read(company) as session:
        return await preview_transition(session, UpdateCustomerCommand(parent, fields))


async def listed(unit_of_work: UnitOfWork, fields: dict[str, Any], *named: UUID, dry_run: bool) -> CustomerResult:
    row = UpsertRow(fields | {"customer_number": "parent"}, tuple(map(str, named)) or None)
    command = UpsertCustomersCommand((row,), dry_run=dry_run, match_by=MatchKey.CUSTOMER_NUMBER)
    try:
        outcome, _ = await upsert_customers(unit_of_work, "tester", command, None)
    except Rejected as rejected:
        current: Any = rejected.current
        return current.results[0]
    return outcome.results[0]


@pytest.mark.parametrize(("stored", "sent"), CHANGES)
async def test_another_mode_and_none_alike_must_be_acknowledged(
    unit_of_work: UnitOfWork,
    database: Database,
    owner_engine: AsyncEngine,
    company: UUID,
    records: Records,
    stored: str | None,
    sent: str | None,
) -> None:
    parent, own, _ = await family(records, stored)
    fields: dict[str, Any] = {"consolidation_mode": sent}
    before = await everything_of(owner_engine, company)

    with pytest.raises(Rejected) as rejected:
        await update_customer(unit_of_work, "tester", UpdateCustomerCommand(parent, fields), None)
    preview = await previewed(database, company, parent, fields)
    row = await listed(unit_of_work, fields, dry_run=False)

    required = [(ErrorCode.SUBSCRIPTION_TRANSITIONS_REQUIRED, (own,))]
    for problems in (rejected.value.problems, preview.errors, row.errors):
        assert [(problem.code, getattr(problem, "subscription_ids", None)) for problem in problems] == required
    assert preview.transition is not None
    assert preview.transition.to_acknowledge == (own,)
    assert await everything_of(owner_engine, company) == before
    assert (await listed(unit_of_work, fields, own, dry_run=True)).outcome is RowOutcome.UPDATED
    outcome, _ = await update_customer(unit_of_work, "tester", UpdateCustomerCommand(parent, fields, (own,)), None)
    assert outcome.changed_fields == ("consolidationMode",)


@pytest.mark.parametrize(("stored", "sent"), SAME)
async def test_the_mode_that_is_stored_and_none_where_there_is_none_demand_nothing(
    unit_of_work: UnitOfWork,
    database: Database,
    company: UUID,
    records: Records,
    stored: str | None,
    sent: str | None,
) -> None:
    parent, _, _ = await family(records, stored)
    fields: dict[str, Any] = {"consolidation_mode": sent}

    preview = await previewed(database, company, parent, fields)
    row = await listed(unit_of_work, fields, dry_run=False)
    outcome, _ = await update_customer(unit_of_work, "tester", UpdateCustomerCommand(parent, fields), None)

    assert (preview.transition, preview.errors) == (None, ())
    assert (row.outcome, row.errors) == (RowOutcome.UNCHANGED, ())
    assert outcome.changed_fields == ()


@pytest.mark.parametrize(("stored", "is_cut"), [(SINGLE, True), (PER_CHILD, False)])
async def test_clearing_a_mode_cuts_what_naming_the_default_would(
    database: Database, company: UUID, records: Records, stored: str, *, is_cut: bool
) -> None:
    parent, own, of_child = await family(records, stored)

    cleared = await previewed(database, company, parent, {"consolidation_mode": None})
    named = await previewed(database, company, parent, {"consolidation_mode": PER_CHILD})

    assert cleared.transition is not None
    cut = [cut.subscription.id for cut in cleared.transition.cuts]
    assert cut == (sorted([own, of_child]) if is_cut else [])
    if is_cut:
        assert cleared.digest == named.digest
