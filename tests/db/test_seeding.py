"""Demo data is made without a database: the same for the same seed number, and of every kind."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.db.seeding.billing import Terms, subscribe
from app.db.seeding.draw import Draw
from app.db.seeding.population import batches
from app.db.seeding.rows import Batch, Customer
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

CUSTOMERS = 600
TODAY = date(2026, 3, 31)


def customers_of(made: list[Batch]) -> Iterator[Customer]:
    for batch in made:
        yield from batch.customers


def test_the_same_seed_makes_the_same_rows() -> None:
    assert list(batches(1, 0, 400, TODAY)) == list(batches(1, 0, 400, TODAY))


def test_another_seed_and_another_company_share_no_id() -> None:
    first, *others = (
        {customer.id for customer in customers_of(list(batches(number, index, 400, TODAY)))}
        for number, index in ((1, 0), (1, 1), (2, 0))
    )
    assert all(first.isdisjoint(other) for other in others)


def test_another_day_moves_all_dates_and_nothing_else() -> None:
    by = timedelta(days=200)
    today, later = list(batches(1, 0, 400, TODAY)), list(batches(1, 0, 400, TODAY + by))
    for table in ("companies", "customer_groups", "customers", "contacts", "departments"):
        before, after = ([row for batch in made for row in getattr(batch, table)] for made in (today, later))
        assert before
        assert [moved(row, by) for row in before] == after
    before, after = ([row for batch in made for row in batch.subscriptions] for made in (today, later))
    assert [row.id for row in before] == [row.id for row in after]
    assert all(old.current_period_start < new.current_period_start for old, new in zip(before, after, strict=True))


def moved(row: Any, by: timedelta) -> Any:
    """The row as if it had been created later."""
    times = ("created_at", "updated_at")
    return row._replace(**{name: getattr(row, name) + by for name in times if name in row._fields})


def test_no_row_was_created_after_the_day_of_seeding() -> None:
    end = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
    made = list(batches(1, 0, 400, TODAY))
    created = [row.created_at for batch in made for row in batch.customers]
    assert end - timedelta(days=730) < min(created)
    assert max(created) == end


def test_a_trial_says_when_it_ends_and_a_billed_period_when_it_was_billed() -> None:
    made = list(batches(1, 0, CUSTOMERS, TODAY))
    for row in (row for batch in made for row in batch.subscriptions):
        is_trial = row.status is SubscriptionStatus.TRIAL
        assert row.trial_ends_on == (row.current_period_end if is_trial else None)
    periods = [row for batch in made for row in batch.subscription_periods]
    assert all((row.billed_on is None) == (row.billed_amount == 0) for row in periods)
    assert all(row.billed_on <= TODAY for row in periods if row.billed_on)


def test_the_first_six_customers_have_the_same_ids_whatever_their_number() -> None:
    few, many = ([row.id for row in customers_of(list(batches(1, 0, number, TODAY)))] for number in (6, 700))
    assert few == many[:6]


def test_ids_sort_as_the_customers_were_created() -> None:
    made = list(customers_of(list(batches(1, 0, 400, TODAY))))
    assert [customer.id for customer in made] == sorted(customer.id for customer in made)
    assert [customer.created_at for customer in made] == sorted(customer.created_at for customer in made)
    assert {customer.id.version for customer in made} == {7}


def test_the_rows_show_every_kind_of_customer_and_subscription() -> None:
    made = list(batches(1, 0, CUSTOMERS, TODAY))
    customers = list(customers_of(made))
    assert {row.status for batch in made for row in batch.subscriptions} == set(SubscriptionStatus)
    assert {row.billing_direction for batch in made for row in batch.subscriptions} == set(BillingDirection)
    assert {customer.is_active for customer in customers} == {True, False}
    assert any('"' in customer.name for customer in customers)
    assert any("\\" in customer.name for customer in customers)
    assert any(customer.email is None for customer in customers)
    assert any(customer.customer_number == "C-17" for customer in customers)
    assert {"DKK", "EUR", "SEK"} <= {customer.default_currency for customer in customers}


def test_a_large_company_has_lifelike_proportions_and_active_parents() -> None:
    made = list(batches(1, 0, 10_000, TODAY))
    customers = list(customers_of(made))
    children = [customer for customer in customers if customer.parent_customer_id]
    assert len(children) / 10_000 == pytest.approx(0.2, abs=0.02)
    parents = {customer.parent_customer_id for customer in children}
    # One in a hundred may be a parent; the last of them have no child yet.
    assert 80 <= len(parents) <= 101
    assert all(customer.is_active for customer in customers if customer.id in parents)
    for rows, average in (("contacts", 2.5), ("departments", 1.2), ("subscriptions", 0.8)):
        assert sum(len(getattr(batch, rows)) for batch in made) / 10_000 == pytest.approx(average, rel=0.05)


def test_addresses_of_mail_hold_ascii_alone() -> None:
    made = list(batches(1, 0, CUSTOMERS, TODAY))
    rows = [row for batch in made for row in (*batch.customers, *batch.contacts)]
    assert all(row.email.isascii() and row.email.count("@") == 1 for row in rows if row.email)


def test_location_numbers_end_in_their_check_digit() -> None:
    draw = Draw("location numbers")
    for _ in range(100):
        digits = [int(digit) for digit in draw.ean()]
        assert len(digits) == 13
        assert sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


@pytest.mark.parametrize("anchor_day", [1, 15, 28, 29, 30, 31])
@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 1, 1), date(2026, 2, 28), date(2026, 3, 31)])
def test_a_running_period_holds_today_and_follows_the_one_before(anchor_day: int, today: date) -> None:
    customer = next(customers_of(list(batches(1, 0, 1, today))))
    terms = Terms("Hosting", Decimal("99.99"), anchor_day, periods_before=2)
    subscription, periods = subscribe(Draw("periods"), customer, customer.id, terms, today)
    assert subscription.current_period_start <= today < subscription.current_period_end
    assert [period.sequence for period in periods] == [1, 2, 3]
    assert [period.ends_on for period in periods[:-1]] == [period.starts_on for period in periods[1:]]
    assert (periods[0].starts_on, periods[-1].ends_on) == (subscription.started_on, subscription.current_period_end)
