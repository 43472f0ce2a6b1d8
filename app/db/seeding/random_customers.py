"""Random customers of the demo data: businesses and persons, parents and children."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from app.db.seeding.draw import Draw
from app.db.seeding.moments import created_at
from app.db.seeding.rows import Customer
from app.db.seeding.vocabulary import (
    COUNTRIES,
    CREDIT_LIMITS,
    ENDINGS,
    FIRST_NAMES,
    LAST_NAMES,
    NOTES,
    ODD_METADATA,
    ODD_NAMES,
    PLACES,
    REGIONS,
    SEGMENTS,
    STREETS,
    TRADES,
    Country,
    ascii_form,
)
from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone

# Of 100 customers, one is a parent and about 20 are children.
_BLOCK = 100
_PARENT_PLACE = 10
_CHILD_SHARE = 20 / (_BLOCK - 1)
_LETTERED_BLOCK, _LETTERED_PLACE = 97, 17
_SERIES = "ABC"
_ODD_BLOCK, _ODD_PLACE = 50, 33
_TERM_DAYS = (8, 14, 14, 30, 30, 30, 60)
_METADATA_PAIRS = (0, 1, 1, 2, 2, 3, 4)
_MODES = (
    ConsolidationMode.SINGLE_INVOICE, ConsolidationMode.SINGLE_INVOICE, ConsolidationMode.SINGLE_INVOICE,
    ConsolidationMode.PER_CHILD_INVOICE, ConsolidationMode.PER_CHILD_INVOICE, None,
)  # fmt: skip


class RandomCustomers:
    """Generates the customers of a company in the order of their numbers, and keeps its parents."""

    def __init__(self, company_id: UUID, group_ids: Sequence[UUID], home: str, draw: Draw, today: date) -> None:
        self._company_id = company_id
        self._group_ids = group_ids
        self._home = COUNTRIES[home]
        self._abroad = [country for country in COUNTRIES.values() if country.code != home]
        self._draw = draw
        self._today = today
        self._parents: list[Customer] = []

    def customer(self, number: int, moment: datetime) -> tuple[Customer, Customer | None]:
        """Return the customer with this number, and its parent or None."""
        if number % _BLOCK == _PARENT_PLACE:
            parent = self._as_parent(self._business(number, moment))
            self._parents.append(parent)
            return parent, None
        if self._parents and self._draw.chance(_CHILD_SHARE):
            parent = self._draw.early(self._parents)
            return self._as_child(self._business(number, moment), parent), parent
        make = self._person if self._draw.chance(0.25) else self._business
        return make(number, moment), None

    def _as_parent(self, customer: Customer) -> Customer:
        draw = self._draw
        mode = draw.pick(_MODES)
        return customer._replace(
            is_active=True,
            consolidation_mode=mode,
            billing_day=1 + draw.below(28) if mode is ConsolidationMode.SINGLE_INVOICE else None,
            include_child_details_pdf=draw.chance(0.5),
            parent_invoice_template_id=draw.uuid_beside(customer.id) if draw.chance(0.3) else None,
        )

    def _as_child(self, customer: Customer, parent: Customer) -> Customer:
        pays_itself = self._draw.chance(0.15)
        return customer._replace(
            parent_customer_id=parent.id,
            billing_relationship=BillingRelationship.SELF if pays_itself else BillingRelationship.PARENT_PAYS,
            default_currency=parent.default_currency,
        )

    def _business(self, number: int, moment: datetime) -> Customer:
        draw, country = self._draw, self._country()
        place, trade = f"{draw.pick(PLACES)}{draw.pick(ENDINGS)}", draw.pick(TRADES)
        domain = f"{ascii_form(place)}-{number}.example"
        return self._customer(number, moment, country)._replace(
            name=_odd_name(number) or f"{place} {trade} {draw.pick(country.forms)}",
            email=f"faktura@{domain}" if draw.chance(0.85) else None,
            vat_number=f"{country.vat_prefix}{draw.below(10**country.vat_digits):0{country.vat_digits}}",
            website=f"https://{domain}" if draw.chance(0.5) else None,
            credit_limit=draw.pick(CREDIT_LIMITS) if draw.chance(0.4) else None,
        )

    def _person(self, number: int, moment: datetime) -> Customer:
        draw = self._draw
        first, last = draw.pick(FIRST_NAMES), draw.pick(LAST_NAMES)
        return self._customer(number, moment, self._country())._replace(
            name=f"{first} {last}",
            customer_type=CustomerType.PRIVATE,
            email=f"{ascii_form(first)}.{ascii_form(last)}@post-{number}.example" if draw.chance(0.7) else None,
        )

    def _customer(self, number: int, moment: datetime, country: Country) -> Customer:
        draw = self._draw
        postal_code, city = draw.pick(country.towns)
        has_terms = draw.chance(0.7)
        created = created_at(moment, self._today)
        return Customer(
            company_id=self._company_id,
            id=draw.uuid(moment),
            customer_number=_number(number),
            name="",
            vat_zone=self._vat_zone(country),
            customer_group_id=draw.early(self._group_ids),
            country_code=country.code,
            default_currency=country.currency,
            created_at=created,
            updated_at=created,
            is_active=not draw.chance(0.06),
            phone=f"{country.calling_code} {20_000_000 + draw.below(80_000_000)}" if draw.chance(0.8) else None,
            address=f"{draw.pick(STREETS)} {1 + draw.below(200)}",
            city=city,
            postal_code=postal_code,
            external_system_id=f"crm-{1000 + number}" if draw.chance(0.6) else None,
            notes=draw.pick(NOTES) if draw.chance(0.1) else None,
            opening_balance=Decimal(draw.below(2_000_000) - 500_000).scaleb(-2) if draw.chance(0.2) else None,
            payment_terms=draw.pick(_TERM_DAYS) if has_terms else None,
            payment_term_type=draw.pick(tuple(PaymentTermType)) if has_terms else None,
            metadata=self._metadata(number),
        )

    def _country(self) -> Country:
        return self._home if self._draw.chance(0.85) else self._draw.pick(self._abroad)

    def _vat_zone(self, country: Country) -> VatZone:
        if country is self._home:
            return VatZone.DOMESTIC_WITHOUT_VAT if self._draw.chance(0.03) else VatZone.DOMESTIC
        return VatZone.EU if country.in_eu else VatZone.ABROAD

    def _metadata(self, number: int) -> str:
        draw = self._draw
        # Small and large vocabularies, so that a pair matches many customers or a single one.
        pairs = (
            ("segment", draw.pick(SEGMENTS)),
            ("contract", f"K-{draw.below(1_000_000):06}"),
            ("region", draw.pick(REGIONS)),
            ("seats", draw.below(500)),
            ("vip", draw.chance(0.1)),
            ("score", draw.below(1_000) / 8),
            ("crm", 700_000 + number),
        )
        count, first = draw.pick(_METADATA_PAIRS), draw.below(len(pairs))
        chosen = dict((*pairs, *pairs)[first : first + count])
        if draw.chance(0.02):
            chosen.update([draw.pick(ODD_METADATA)])
        return json.dumps(chosen, ensure_ascii=False)


def _odd_name(number: int) -> str | None:
    block, place = divmod(number, _ODD_BLOCK)
    return ODD_NAMES[block % len(ODD_NAMES)] if place == _ODD_PLACE else None


def _number(number: int) -> str:
    if number % _LETTERED_BLOCK == _LETTERED_PLACE:
        return f"{_SERIES[number % len(_SERIES)]}-{number}"
    return str(number)
