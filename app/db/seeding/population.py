"""All rows of a demo company, in batches: first the six fixed customers, then random ones."""

from collections.abc import Iterator
from datetime import date, timedelta

from app.db.seeding.billing import Terms
from app.db.seeding.companies import founding, profile
from app.db.seeding.draw import Draw
from app.db.seeding.moments import CREATED_WITHIN, FIRST_MOMENT
from app.db.seeding.random_customers import RandomCustomers
from app.db.seeding.relations import Relations
from app.db.seeding.rows import Batch, Customer
from app.db.seeding.story import LENGTH, Story
from app.db.seeding.vocabulary import PRICES, PRODUCTS
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

BATCH = 5_000
_CONTACTS = (0, 1, 1, 2, 2, 3, 3, 4, 4, 5)
_DEPARTMENTS = (0, 0, 1, 2, 3)
_SUBSCRIPTIONS = (0, 0, 1, 1, 2)
_INTERVALS = (1, 1, 1, 1, 3, 12)
_ANCHORS = (1, 1, 1, 5, 15, 20, 28, 30, 31)
_STATUSES = (*(SubscriptionStatus.ACTIVE,) * 8, *SubscriptionStatus)


def batches(seed: int, index: int, customers: int, today: date) -> Iterator[Batch]:
    """Yield the rows of a company, customers in the order of their numbers, parents before their children."""
    first = founding(seed, index, today)
    yield first
    company_id, group_ids = first.companies[0].id, [group.id for group in first.customer_groups]
    draw, about = Draw(f"population {seed}/{index}"), profile(index)
    story = Story(company_id, group_ids[0], about, draw, today)
    random_customers = RandomCustomers(company_id, group_ids, about.country, draw, today)
    for start in range(0, customers, BATCH):
        batch = Batch()
        relations = Relations(batch, draw, today)
        for number in range(start + 1, min(start + BATCH, customers) + 1):
            if number <= LENGTH:
                # Doesn't depend on the number of customers, so that the documentation can name these ids.
                customer = story.customer(number, FIRST_MOMENT + timedelta(seconds=number))
                story.relate(customer, number, relations)
            else:
                moment = FIRST_MOMENT + CREATED_WITHIN * number / customers
                customer, parent = random_customers.customer(number, moment)
                _relate(draw, customer, parent, relations)
            batch.customers.append(customer)
        yield batch


def _relate(draw: Draw, customer: Customer, parent: Customer | None, relations: Relations) -> None:
    relations.contacts(customer, draw.pick(_CONTACTS), default=draw.chance(0.9))
    relations.departments(customer, draw.pick(_DEPARTMENTS), default=draw.chance(0.9))
    payer = parent if parent and customer.billing_relationship is BillingRelationship.PARENT_PAYS else customer
    for _ in range(draw.pick(_SUBSCRIPTIONS)):
        relations.subscription(customer, payer.id, _terms(draw, payer))


def _terms(draw: Draw, payer: Customer) -> Terms:
    status, interval = draw.pick(_STATUSES), draw.pick(_INTERVALS)
    in_arrears = status is not SubscriptionStatus.AWAITING_PAYMENT and draw.chance(0.3)
    anchor = draw.pick(_ANCHORS)
    # Periods on a single invoice begin on the payer's billing day.
    consolidated = payer.consolidation_mode is ConsolidationMode.SINGLE_INVOICE
    return Terms(
        name=draw.pick(PRODUCTS),
        net_amount=draw.pick(PRICES),
        anchor_day=payer.billing_day if consolidated and payer.billing_day else anchor,
        direction=BillingDirection.ARREARS if in_arrears else BillingDirection.ADVANCE,
        status=status,
        interval_months=interval,
        months_into_period=draw.below(interval),
        periods_before=draw.below(3),
    )
