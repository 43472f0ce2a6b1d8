"""Booking a transition: every row that it leaves behind."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from tests.db.books import CUT, Books
from tests.support.records import Records


@pytest.fixture
def books(database: Database, owner_engine: AsyncEngine, company: UUID) -> Books:
    return Books(UnitOfWork(database, company), owner_engine)


async def test_an_advance_subscription_is_credited_and_its_period_cut(books: Books, records: Records) -> None:
    customer, payer = await records.customer(), await records.customer()
    subscription = await records.subscription(customer, name="Fiber")
    period = await records.period(subscription, customer, billed_amount=300)

    transition = await books.move([customer], customer, payer)

    old, new = await books.periods()
    assert (old.id, old.cut_on, old.billed_amount, old.credited_amount) == (period, CUT, 300, 120)
    assert (new.sequence, new.payer_customer_id, new.transition_id) == (2, payer, transition)
    assert (new.starts_on, new.ends_on, new.cut_on) == (CUT, date(2026, 7, 19), None)
    assert (new.net_amount, new.billed_amount, new.credited_amount) == (300, 0, 0)
    (document,) = await books.rows(tables.billing_documents)
    assert (document.kind, document.customer_id, document.payer_customer_id) == ("CREDIT_NOTE", customer, customer)
    assert (document.transition_id, document.currency, document.total) == (transition, "DKK", Decimal("120.00"))
    assert document.issued_on == CUT
    (line,) = await books.rows(tables.billing_document_lines)
    assert (line.document_id, line.line_number, line.subscription_id) == (document.id, 1, subscription)
    assert (line.starts_on, line.ends_on, line.days, line.amount) == (CUT, date(2026, 7, 1), 12, Decimal("120.00"))
    assert line.description == "Fiber: 12 of 30 days, 2026-06-19 to 2026-06-30"


async def test_an_arrears_subscription_is_invoiced_for_the_days_that_have_passed(
    books: Books, records: Records
) -> None:
    customer, payer = await records.customer(), await records.customer()
    subscription = await records.subscription(customer, billing_direction="ARREARS")
    await records.period(subscription, customer, billed_amount=0)

    await books.move([customer], customer, payer)

    old, _ = await books.periods()
    assert (old.cut_on, old.billed_amount, old.credited_amount) == (CUT, 180, 0)
    (document,) = await books.rows(tables.billing_documents)
    assert (document.kind, document.payer_customer_id, document.total) == ("INVOICE", customer, Decimal("180.00"))


async def test_a_subscription_follows_its_new_period(books: Books, records: Records) -> None:
    customer, payer = await records.customer(), await records.customer()
    await records.period(await records.subscription(customer), customer, billed_amount=300)

    await books.move([customer], customer, payer, billing_day=25)

    (moved,) = await books.rows(tables.subscriptions)
    assert (moved.current_period_start, moved.current_period_end) == (CUT, date(2026, 6, 25))
    assert (moved.anchor_day, moved.next_billing_date, moved.version) == (25, date(2026, 6, 25), 2)
    assert moved.updated_at > moved.created_at
    _, stub = await books.periods()
    assert (stub.starts_on, stub.ends_on) == (CUT, date(2026, 6, 25))
    assert stub.net_amount == Decimal("58.06")  # 6 of the 31 days from 25 May


async def test_the_missing_row_of_an_imported_period_is_written_as_it_is_cut(books: Books, records: Records) -> None:
    customer, payer = await records.customer(), await records.customer()
    await records.subscription(customer)

    await books.move([customer], customer, payer)

    old, new = await books.periods()
    assert (old.sequence, old.payer_customer_id, old.transition_id) == (1, customer, None)
    assert (old.starts_on, old.ends_on, old.cut_on) == (date(2026, 6, 1), date(2026, 7, 1), CUT)
    assert (old.net_amount, old.billed_amount, old.credited_amount) == (300, 0, 0)
    assert (new.sequence, new.payer_customer_id) == (2, payer)
    assert await books.rows(tables.billing_documents) == []


async def test_a_second_move_on_the_same_day_drops_the_unbilled_stub(books: Books, records: Records) -> None:
    customer, payer = await records.customer(), await records.customer()
    await records.period(await records.subscription(customer), customer, billed_amount=300)

    await books.move([customer], customer, payer)
    await books.move([customer], payer, customer)

    first, stub, last = await books.periods()
    assert (first.cut_on, first.credited_amount) == (CUT, 120)
    assert (stub.starts_on, stub.cut_on, stub.credited_amount) == (CUT, CUT, 0)
    assert (last.sequence, last.payer_customer_id, last.starts_on, last.cut_on) == (3, customer, CUT, None)
    assert len(await books.rows(tables.billing_documents)) == 1


@pytest.mark.parametrize(
    ("on", "closed_on", "begins_on", "kinds"),
    [
        (date(2026, 5, 20), date(2026, 6, 1), date(2026, 6, 1), ["CREDIT_NOTE"]),
        (date(2026, 6, 1), date(2026, 6, 1), date(2026, 6, 1), ["CREDIT_NOTE"]),
        (date(2026, 7, 1), date(2026, 7, 1), date(2026, 7, 1), []),
    ],
)
async def test_a_cut_outside_the_period_closes_it_at_its_edge(
    books: Books, records: Records, on: date, closed_on: date, begins_on: date, kinds: list[str]
) -> None:
    customer, payer = await records.customer(), await records.customer()
    await records.period(await records.subscription(customer), customer, billed_amount=300)

    await books.move([customer], customer, payer, on)

    old, new = await books.periods()
    assert (old.cut_on, new.starts_on) == (closed_on, begins_on)
    assert [document.kind for document in await books.rows(tables.billing_documents)] == kinds


async def test_periods_that_were_not_recorded_are_recorded_and_invoiced_to_the_old_payer(
    books: Books, records: Records
) -> None:
    customer, payer = await records.customer(), await records.customer()
    subscription = await records.subscription(customer, name="Fiber")
    await records.period(subscription, customer, billed_amount=300)

    transition = await books.move([customer], customer, payer, date(2026, 8, 10), billing_day=15)

    june, july, august, stub = await books.periods()
    assert [period.sequence for period in (june, july, august, stub)] == [1, 2, 3, 4]
    assert [period.payer_customer_id for period in (june, july, august, stub)] == [customer] * 3 + [payer]
    assert [(period.starts_on, period.cut_on) for period in (june, july, august, stub)] == [
        (date(2026, 6, 1), date(2026, 7, 1)),
        (date(2026, 7, 1), None),
        (date(2026, 8, 1), date(2026, 8, 10)),
        (date(2026, 8, 10), None),
    ]
    assert [period.billed_amount for period in (june, july, august, stub)] == [300, 300, Decimal("87.10"), 0]
    assert {period.transition_id for period in (july, august, stub)} == {transition}
    (document,) = await books.rows(tables.billing_documents)
    assert (document.kind, document.payer_customer_id, document.total) == ("INVOICE", customer, Decimal("387.10"))
    lines = await books.rows(tables.billing_document_lines, "line_number")
    assert [line.description for line in lines] == [
        "Fiber: 31 of 31 days, 2026-07-01 to 2026-07-31",
        "Fiber: 9 of 31 days, 2026-08-01 to 2026-08-09",
    ]
    (event,) = await books.rows(tables.outbox_events)
    assert [line["amount"] for line in event.data["cut"]["lines"]] == ["300.00", "87.10"]
    assert event.data["cut"]["line"] == event.data["cut"]["lines"][0]


async def test_amounts_of_what_is_free_have_the_decimals_of_others(books: Books, records: Records) -> None:
    customer, payer = await records.customer(), await records.customer()
    for status in ("TRIAL", "ACTIVE"):
        subscription = await records.subscription(customer, status=status, net_amount=Decimal("0.00"))
        await records.period(subscription, customer, net_amount=Decimal("0.00"))

    # The trial goes on, and the other one is overdue.
    await books.move([customer], customer, payer, date(2026, 6, 19))
    await books.move([customer], payer, customer, date(2026, 8, 25))

    periods = await books.periods()
    assert [(str(period.net_amount), str(period.billed_amount)) for period in periods] == [("0.00", "0.00")] * 10


async def test_a_trial_that_has_ended_is_active_from_its_cut_on(books: Books, records: Records) -> None:
    customer, payer = await records.customer(), await records.customer()
    subscription = await records.subscription(customer, status="TRIAL")
    await records.period(subscription, customer, net_amount=0)

    await books.move([customer], customer, payer, date(2026, 7, 11))
    await books.move([customer], payer, customer, date(2026, 7, 21))

    (moved,) = await books.rows(tables.subscriptions)
    assert moved.status == "ACTIVE"
    documents = await books.rows(tables.billing_documents, "issued_on")
    assert [(document.payer_customer_id, document.total) for document in documents] == [
        (customer, Decimal("96.77")),
        (payer, Decimal("96.77")),
    ]


async def test_an_ended_subscription_begins_no_period_however_often_its_payer_changes(
    books: Books, records: Records
) -> None:
    customer, payer = await records.customer(), await records.customer()
    for has_row in (True, False):
        subscription = await records.subscription(
            customer, status="PENDING_CANCELLATION", ends_on=date(2026, 6, 10), next_billing_date=date(2026, 7, 1)
        )
        if has_row:
            await records.period(subscription, customer, billed_amount=300)

    await books.move([customer], customer, payer)
    await books.move([customer], payer, customer)

    (period,) = await books.periods()
    assert (period.cut_on, period.credited_amount) == (date(2026, 6, 10), 210)
    assert {
        (subscription.current_period_start, subscription.current_period_end, subscription.next_billing_date)
        for subscription in await books.rows(tables.subscriptions)
    } == {(date(2026, 6, 1), date(2026, 7, 1), None)}
    assert [document.total for document in await books.rows(tables.billing_documents)] == [210]


async def test_a_period_of_a_paused_subscription_takes_the_new_payer_unless_it_was_billed(
    books: Books, records: Records
) -> None:
    customer, payer = await records.customer(), await records.customer()
    for billed in (0, 300):
        paused = await records.subscription(customer, status="PAUSED", net_amount=300 + billed)
        await records.period(paused, customer, net_amount=300 + billed, billed_amount=billed)

    await books.move([customer], customer, payer)

    assert {(period.billed_amount, period.payer_customer_id, period.cut_on) for period in await books.periods()} == {
        (0, payer, None),
        (300, customer, None),
    }
    assert await books.rows(tables.billing_documents) == []


async def test_totals_are_the_exact_sums_of_their_lines_however_long(books: Books, records: Records) -> None:
    customer, payer = await records.customer(), await records.customer()
    for net in ("100000000000000000000000000000.01", "0.01"):
        subscription = await records.subscription(customer, net_amount=Decimal(net))
        await records.period(subscription, customer, net_amount=Decimal(net), billed_amount=Decimal(net))

    await books.move([customer], customer, payer, date(2026, 6, 1))

    (document,) = await books.rows(tables.billing_documents)
    assert document.total == Decimal("100000000000000000000000000000.02")


async def test_documents_are_one_per_kind_customer_and_currency_and_total_their_lines(
    books: Books, records: Records
) -> None:
    parent, payer = await records.customer(), await records.customer()
    children = [await records.customer() for _ in range(2)]
    for child in children:
        for currency in ("DKK", "EUR"):
            for direction in ("ADVANCE", "ARREARS"):
                for net in (100, 200):
                    made = await records.subscription(
                        child, currency=currency, billing_direction=direction, net_amount=net
                    )
                    billed = net if direction == "ADVANCE" else 0
                    await records.period(made, parent, net_amount=net, billed_amount=billed)

    transition = await books.move(children, parent, payer)

    rows = await books.rows(tables.billing_documents)
    assert {(document.customer_id, document.currency, document.kind) for document in rows} == {
        (child, currency, kind)
        for child in children
        for currency in ("DKK", "EUR")
        for kind in ("CREDIT_NOTE", "INVOICE")
    }
    assert len(rows) == 8
    assert {(document.payer_customer_id, document.transition_id) for document in rows} == {(parent, transition)}
    lines = await books.rows(tables.billing_document_lines, "document_id", "line_number")
    for document in rows:
        own = [line for line in lines if line.document_id == document.id]
        assert [line.line_number for line in own] == [1, 2]
        assert document.total == sum(line.amount for line in own)


async def test_the_transition_says_what_changed_and_who_changed_it(books: Books, records: Records) -> None:
    customer, payer = await records.customer(), await records.customer()

    id_ = await books.move([customer], customer, payer, billing_day=7)

    (row,) = await books.rows(tables.billing_transitions)
    assert (row.id, row.customer_id, row.effective_on, row.actor) == (id_, customer, CUT, "someone")
    assert row.arrangement_before == {
        "payerCustomerId": str(customer),
        "consolidationMode": "PER_CHILD_INVOICE",
        "billingDay": None,
    }
    assert row.arrangement_after == {
        "payerCustomerId": str(payer),
        "consolidationMode": "SINGLE_INVOICE",
        "billingDay": 7,
    }


async def test_an_event_tells_of_every_subscription_that_was_cut_or_moved_along(books: Books, records: Records) -> None:
    customer, payer = await records.customer(), await records.customer()
    active = await records.subscription(customer)
    await records.period(active, customer, billed_amount=300)
    paused = await records.subscription(customer, status="PAUSED")

    transition = await books.move([customer], customer, payer)

    cut, moved = await books.rows(tables.outbox_events, "sequence")
    (document,) = await books.rows(tables.billing_documents)
    line = {
        "documentId": str(document.id),
        "kind": "CREDIT_NOTE",
        "amount": "120.00",
        "currency": "DKK",
        "days": 12,
        "periodStart": "2026-06-19",
        "periodEnd": "2026-07-01",
        "payer": str(customer),
    }
    said = {
        "version": 2,
        "customerId": str(customer),
        "transitionId": str(transition),
        "effectiveOn": "2026-06-19",
        "payerBefore": str(customer),
        "payerAfter": str(payer),
    }
    assert (cut.type, cut.subject_id, cut.actor) == ("subscription.transitioned", active, "someone")
    assert cut.data == said | {
        "changedFields": ["anchorDay", "currentPeriod", "nextBillingDate"],
        "cut": {
            "line": line,
            "lines": [line],
            "following": {
                "periodStart": "2026-06-19",
                "periodEnd": "2026-07-19",
                "netAmount": "300",
                "nextBillingDate": "2026-06-19",
            },
        },
    }
    assert (moved.type, moved.subject_id, moved.data) == (
        "subscription.transitioned",
        paused,
        said | {"version": 1, "changedFields": [], "cut": None},
    )
    assert len(await books.periods()) == 2


async def test_the_number_of_statements_does_not_grow_with_the_subscriptions(books: Books, records: Records) -> None:
    spent: list[int] = []
    for subscriptions in (1, 10, 40):
        customer, payer = await records.customer(), await records.customer()
        for _ in range(subscriptions):
            await records.period(await records.subscription(customer), customer, billed_amount=300)
        before = books.unit_of_work.statements
        await books.move([customer], customer, payer)
        spent.append(books.unit_of_work.statements - before)

    assert len(set(spent)) == 1, spent


async def test_a_transition_that_fails_leaves_nothing(books: Books, records: Records) -> None:
    customer = await records.customer()
    await records.period(await records.subscription(customer), customer, billed_amount=300)
    before = await books.periods(), await books.rows(tables.subscriptions)

    with pytest.raises(IntegrityError):
        await books.move([customer], customer, uuid4())

    assert (await books.periods(), await books.rows(tables.subscriptions)) == before
    for table in (
        tables.billing_transitions,
        tables.billing_documents,
        tables.billing_document_lines,
        tables.outbox_events,
    ):
        assert await books.rows(table) == []
