"""Comparing all that is stored of a company with its model."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any
from uuid import UUID

from app.db import tables
from tests.stateful.billing_model import Period
from tests.stateful.company import Company
from tests.stateful.model import Customer, Model


def assert_same(company: Company, model: Model) -> None:
    """Customers, subscriptions, periods and documents, row by row; of what only tells of changes, how many there are.

    A subscription has an entry in its history for each of its versions.
    """
    stored = company.stored(
        (tables.customers, "id"),
        (tables.subscriptions, "id"),
        (tables.subscription_periods, "subscription_id, sequence"),
        (tables.billing_documents, "id"),
        (tables.history, "subject_id, version"),
        (tables.billing_transitions, "id"),
        (tables.outbox_events, "sequence"),
    )
    customers, subscriptions, periods, documents, *told = stored
    books = model.books
    names = list(Customer.__dataclass_fields__)
    assert {tuple(getattr(row, name) for name in names) for row in customers} == {
        astuple(customer) for customer in model.customers.values()
    }
    assert {
        (
            row.id,
            row.status,
            row.current_period_start,
            row.current_period_end,
            row.anchor_day,
            row.next_billing_date,
        )
        for row in subscriptions
    } == {
        (
            subscription.id,
            subscription.status,
            subscription.current.start,
            subscription.current.end,
            subscription.anchor,
            subscription.next_billing,
        )
        for subscription in books.subscriptions.values()
    }
    assert periods_of(periods) == {
        subscription.id: subscription.periods for subscription in books.subscriptions.values()
    }
    assert sorted(
        (row.kind, row.payer_customer_id, row.customer_id, row.currency, row.issued_on, row.total) for row in documents
    ) == sorted(books.documents)
    changes, *others = told
    of_subscriptions = [(row.subject_id, row.version) for row in changes if row.subject_id in books.subscriptions]
    # They were written without an entry, so that the first one tells of their second version.
    assert of_subscriptions == [(row.id, version) for row in subscriptions for version in range(2, row.version + 1)]
    told_of = [len(changes) - len(of_subscriptions), *(len(rows) for rows in others)]
    assert told_of == [model.changes, model.transitions, model.events]


def periods_of(rows: Sequence[Any]) -> dict[UUID, list[Period]]:
    """Stored periods by subscription, as the model has them."""
    found: dict[UUID, list[Period]] = {}
    for row in rows:
        period = Period(
            row.payer_customer_id,
            row.starts_on,
            row.ends_on,
            row.net_amount,
            row.billed_amount,
            row.credited_amount,
            row.cut_on,
        )
        found.setdefault(row.subscription_id, []).append(period)
    return found
