"""What each use case of customers sends to the database, in its order: no lock is taken earlier, later or more often,
and nothing is read twice."""

from typing import Any
from uuid import UUID

import pytest

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import Rejected
from app.services.preview_transition import preview_transition
from app.services.update_customer import UpdateCustomerCommand, update_customer
from tests.services import creations
from tests.support.new_customers import new_customer
from tests.support.records import Records
from tests.support.sent_statements import record_statements
from tests.support.upserts import SINGLE, upsert

CREATED = ["insert customers", "read customers", "insert history", "insert outbox_events"]
KEPT = ["update customers", "insert history", "insert outbox_events"]
# Of customers that are new or in another group, the group's name is read after waiting for whoever changes the group.
JOINED = ["update customers", "read customers", "insert history", "insert outbox_events"]
BILLING = ["lock subscriptions by id", "read subscriptions", "read companies"]
BOOKED = [
    "insert billing_transitions",
    "insert billing_documents",
    "insert billing_document_lines",
    # As they were and as they are, for the history and the versions in events.
    "read subscriptions",
    "update subscription_periods",
    "insert subscription_periods",
    "update subscriptions",
    "read subscriptions",
    "insert history",
    "insert outbox_events",
]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that sessions run, in order."""
    return record_statements(monkeypatch)


@pytest.fixture
async def group(records: Records) -> UUID:
    return await records.group()


@pytest.fixture
async def child(records: Records) -> UUID:
    return await records.customer(external_system_id="child")


@pytest.fixture
async def subscription(records: Records, child: UUID) -> UUID:
    """Billed from 1 June to 1 July 2026."""
    subscription = await records.subscription(child)
    await records.period(subscription, child, net_amount=300, billed_amount=300)
    return subscription


async def update(unit_of_work: UnitOfWork, customer_id: UUID, *acknowledged: UUID, **fields: Any) -> None:
    command = UpdateCustomerCommand(customer_id, fields, acknowledged or None)
    await update_customer(unit_of_work, "tester", command, None)


async def test_a_creation_locks_its_parent_and_last_of_all_the_numbers(
    unit_of_work: UnitOfWork, records: Records, group: UUID, sent: list[str]
) -> None:
    parent = await records.customer()
    cases: dict[str, tuple[dict[str, Any], list[str]]] = {
        "counted": ({}, ["read customer_groups", "lock customer numbers", "read customers"]),
        "given, counted": (
            {"customer_number": "1000"},
            ["read customer_groups", "read customers", "lock customer numbers"],
        ),
        "given": ({"customer_number": "A-1", "external_system_id": "a"}, ["read customer_groups", "read customers"]),
        "with a parent": (
            {"customer_number": "A-2", "parent_customer_id": parent},
            ["lock parents", "lock customers by id", "read customer_groups", "read customers"],
        ),
    }
    for fields, reads in cases.values():
        sent.clear()
        await creations.create(unit_of_work, new_customer(group, **fields))
        assert sent == [*reads, *CREATED]


async def test_a_rejected_creation_makes_no_other_wait_for_a_number(
    unit_of_work: UnitOfWork, group: UUID, sent: list[str]
) -> None:
    with pytest.raises(Rejected):
        await creations.create(unit_of_work, new_customer(group, billing_relationship="PARENT_PAYS"))
    assert sent == ["read customer_groups"]


async def test_an_update_reads_no_more_than_its_fields_are_about(
    unit_of_work: UnitOfWork, records: Records, group: UUID, child: UUID, sent: list[str]
) -> None:
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"name": "New"}, ["lock customers by id", *KEPT]),
        ({"name": "New"}, ["lock customers by id"]),
        ({"customer_group_id": group}, ["lock customers by id", "read customer_groups", *JOINED]),
        ({"customer_number": "A", "external_system_id": "a"}, ["lock customers by id", "read customers", *KEPT]),
        ({"is_active": False}, ["lock parents", "lock customers by id", *KEPT]),
        # Without a single invoice, a currency and a billing day concern no subscription.
        ({"default_currency": "EUR"}, ["lock parents", "lock customers by id", *KEPT]),
        ({"billing_day": 9}, ["lock parents", "lock customers by id", *KEPT]),
        (
            {"consolidation_mode": "SINGLE_INVOICE"},
            ["lock parents", "lock customers by id", *BILLING, *KEPT],
        ),
        ({"billing_day": 10}, ["lock parents", "lock customers by id", *BILLING, *KEPT]),
    ]
    for fields, statements in cases:
        sent.clear()
        await update(unit_of_work, child, **fields)
        assert sent == statements, fields
    await records.customer(parent_customer_id=child, billing_relationship="PARENT_PAYS", default_currency="EUR")
    sent.clear()
    with pytest.raises(Rejected):
        await update(unit_of_work, child, default_currency="SEK")
    assert sent == ["lock parents", "lock customers by id", *BILLING]


@pytest.mark.usefixtures("clock")
async def test_a_transition_is_locked_and_booked_in_one_order(
    unit_of_work: UnitOfWork, records: Records, child: UUID, subscription: UUID, sent: list[str]
) -> None:
    parent = await records.customer(**SINGLE)
    await update(unit_of_work, child, subscription, parent_customer_id=parent, billing_relationship="PARENT_PAYS")
    # The company's clock is the test's.
    assert sent == ["lock parents", "lock customers by id", *BILLING[:-1], *KEPT, *BOOKED]


@pytest.mark.usefixtures("clock")
async def test_a_preview_reads_the_same_without_a_lock(
    database: Database, company: UUID, records: Records, child: UUID, subscription: UUID, sent: list[str]
) -> None:
    parent = await records.customer(**SINGLE)
    command = UpdateCustomerCommand(
        child, {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}, (subscription,)
    )
    async with database.read(company) as session:
        preview = await preview_transition(session, command)
    assert preview.transition is not None
    assert sent == ["read customers", "read subscriptions"]


@pytest.mark.usefixtures("clock")
async def test_a_list_sends_what_one_of_its_rows_would(
    unit_of_work: UnitOfWork, records: Records, group: UUID, subscription: UUID, sent: list[str]
) -> None:
    parent = await records.customer(customer_number="P", **SINGLE)
    link = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS", "acknowledged": (subscription,)}
    cases: list[tuple[list[dict[str, Any]], list[str]]] = [
        ([{"external_system_id": "child", "name": "New"}] * 1, ["lock customers by id", *KEPT]),
        ([{"external_system_id": "child", "name": "New"}], ["lock customers by id"]),
        (
            [{"external_system_id": "child"} | link, new_customer(group, "a"), new_customer(group, "b")],
            [
                *("lock parents", "lock customers by id", "read customer_groups", "read customers"),
                *BILLING[:-1],
                *("lock customer numbers", "read customers", "insert customers"),
                *JOINED,
                *BOOKED,
            ],
        ),
    ]
    for rows, statements in cases:
        sent.clear()
        await upsert(unit_of_work, *rows)
        assert sent == statements
