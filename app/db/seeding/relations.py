"""Contacts, departments and subscriptions of the demo data's customers."""

from datetime import date
from uuid import UUID

from app.db.seeding.billing import Terms, subscribe
from app.db.seeding.draw import Draw
from app.db.seeding.rows import Batch, Contact, Customer, Department
from app.db.seeding.vocabulary import COUNTRIES, DEPARTMENT_NAMES, FIRST_NAMES, LAST_NAMES, STREETS, ascii_form


class Relations:
    """Adds rows that belong to customers to a batch."""

    def __init__(self, batch: Batch, draw: Draw, today: date) -> None:
        self._batch = batch
        self._draw = draw
        self._today = today

    def contacts(self, customer: Customer, count: int, *, default: bool) -> None:
        """Add contacts. With `default`, the first one is the default."""
        draw, domain = self._draw, (customer.email or "@firma.example").partition("@")[2]
        calling_code = COUNTRIES[customer.country_code].calling_code
        for place in range(count):
            first, last = draw.pick(FIRST_NAMES), draw.pick(LAST_NAMES)
            self._batch.contacts.append(
                Contact(
                    company_id=customer.company_id,
                    id=draw.uuid_beside(customer.id),
                    customer_id=customer.id,
                    name=f"{first} {last}",
                    is_default_for_customer=default and place == 0,
                    email=None if draw.chance(0.15) else f"{ascii_form(first)}.{ascii_form(last)}@{domain}",
                    phone=f"{calling_code} {20_000_000 + draw.below(80_000_000)}" if draw.chance(0.6) else None,
                    created_at=customer.created_at,
                    updated_at=customer.created_at,
                )
            )

    def departments(self, customer: Customer, count: int, *, default: bool) -> None:
        """Add departments with different names. With `default`, the first one is the default, and active."""
        draw, offset = self._draw, self._draw.below(len(DEPARTMENT_NAMES))
        for place in range(count):
            is_default = default and place == 0
            has_address = draw.chance(0.4)
            postal_code, city = draw.pick(COUNTRIES[customer.country_code].towns)
            self._batch.departments.append(
                Department(
                    company_id=customer.company_id,
                    id=draw.uuid_beside(customer.id),
                    customer_id=customer.id,
                    name=DEPARTMENT_NAMES[(offset + place) % len(DEPARTMENT_NAMES)],
                    is_default=is_default,
                    is_active=is_default or not draw.chance(0.1),
                    po_number=f"PO-{draw.below(100_000):05}" if draw.chance(0.3) else None,
                    ean_number=draw.ean() if customer.country_code == "DK" and draw.chance(0.5) else None,
                    address=f"{draw.pick(STREETS)} {1 + draw.below(200)}" if has_address else None,
                    city=city if has_address else None,
                    postal_code=postal_code if has_address else None,
                    country_code=customer.country_code if has_address else None,
                    created_at=customer.created_at,
                    updated_at=customer.created_at,
                )
            )

    def subscription(self, customer: Customer, payer_id: UUID, terms: Terms) -> None:
        """Add a subscription with its periods."""
        subscription, periods = subscribe(self._draw, customer, payer_id, terms, self._today)
        self._batch.subscriptions.append(subscription)
        self._batch.subscription_periods.extend(periods)
