"""The first six customers of each company, which documentation and tests rely on."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from app.db.seeding.billing import Terms
from app.db.seeding.companies import Profile
from app.db.seeding.draw import Draw
from app.db.seeding.moments import created_at
from app.db.seeding.relations import Relations
from app.db.seeding.rows import Customer
from app.db.seeding.vocabulary import COUNTRIES
from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

BILLING_DAY = 15
_DAYS_INTO_PERIOD = 12
_PARENT, _FIRST_CHILD, _SECOND_CHILD, _LAST_CHILD, _PERSON, _BUSINESS = range(1, 7)
LENGTH = _BUSINESS


class Story:
    """The six customers by number: a parent, its three children, a private person, and a self-paying business."""

    def __init__(self, company_id: UUID, group_id: UUID, profile: Profile, draw: Draw, today: date) -> None:
        self._company_id = company_id
        self._group_id = group_id
        self._profile = profile
        self._draw = draw
        self._today = today
        self._parent_id: UUID | None = None

    def customer(self, number: int, moment: datetime) -> Customer:
        """Return the customer with this number. Ask for the parent first."""
        common = self._common(number, moment)
        if number == _PARENT:
            self._parent_id = common.id
            return common._replace(
                name=self._profile.group_name,
                include_child_details_pdf=True,
                credit_limit=Decimal("250000.00"),
                opening_balance=Decimal("1250.50"),
                payment_terms=30,
                payment_term_type=PaymentTermType.END_OF_MONTH,
                consolidation_mode=ConsolidationMode.SINGLE_INVOICE,
                billing_day=BILLING_DAY,
                metadata=json.dumps({"segment": "enterprise", "seats": 250, "vip": True}),
            )
        if number <= _LAST_CHILD:
            return common._replace(
                name=self._profile.members[number - _FIRST_CHILD],
                billing_relationship=BillingRelationship.PARENT_PAYS,
                parent_customer_id=self._parent_id,
                metadata=json.dumps({"segment": "small", "seats": 5 * number}),
            )
        if number == _PERSON:
            return common._replace(
                name=self._profile.person, customer_type=CustomerType.PRIVATE, vat_number=None, website=None
            )
        return common._replace(
            name=self._profile.business,
            notes='Siger "ring først" \\ helst før kl. 10 ☕',
            metadata=json.dumps({'a "quoted" key': "C:\\temp", "emoji ☕": "🇩🇰", "vip": False}, ensure_ascii=False),
        )

    def relate(self, customer: Customer, number: int, relations: Relations) -> None:
        """Add the members and subscriptions of the customer with this number."""
        relations.contacts(customer, 1 if number == _PERSON else 2, default=True)
        relations.departments(customer, 0 if number == _PERSON else 2, default=True)
        payer_id = customer.parent_customer_id or customer.id
        for terms in self._terms(number):
            relations.subscription(customer, payer_id, terms)

    def _terms(self, number: int) -> Iterator[Terms]:
        # Today is always inside the business's periods, so that a change of its billing cuts them.
        anchor = (self._today - timedelta(days=_DAYS_INTO_PERIOD)).day if number == _BUSINESS else BILLING_DAY
        advance = Terms("Fibernet 1000", Decimal("300.00"), anchor, periods_before=2)
        arrears = Terms("Telefoni", Decimal("200.00"), anchor, BillingDirection.ARREARS, periods_before=1)
        if number in (_FIRST_CHILD, _BUSINESS):
            yield from (advance, arrears)
        if number == _SECOND_CHILD:
            yield advance
        if number == _BUSINESS:
            yield Terms("Hosting", Decimal("99.99"), anchor, status=SubscriptionStatus.CANCELLED)

    def _common(self, number: int, moment: datetime) -> Customer:
        country = COUNTRIES[self._profile.country]
        postal_code, city = country.towns[number % len(country.towns)]
        domain = f"kunde-{number}.example"
        created = created_at(moment, self._today)
        return Customer(
            company_id=self._company_id,
            id=self._draw.uuid(moment),
            customer_number=str(number),
            name="",
            vat_zone=VatZone.DOMESTIC,
            customer_group_id=self._group_id,
            country_code=country.code,
            default_currency=country.currency,
            created_at=created,
            updated_at=created,
            email=f"faktura@{domain}",
            phone=f"{country.calling_code} 2010203{number}",
            address=f"Havnegade {number}",
            city=city,
            postal_code=postal_code,
            vat_number=f"{country.vat_prefix}{number:0>{country.vat_digits}}",
            website=f"https://{domain}",
            external_system_id=f"crm-{1000 + number}",
        )
