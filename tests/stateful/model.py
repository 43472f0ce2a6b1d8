"""Customers as the rules on paper have them: what a change is rejected for, or what it does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from tests.stateful.billing_model import ACTIVE, ENDED, Arrangement, Books


@dataclass(frozen=True)
class Customer:
    id: UUID
    customer_number: str
    name: str
    external_system_id: str | None = None
    is_active: bool = True
    default_currency: str = "DKK"
    parent_customer_id: UUID | None = None
    billing_relationship: str = "SELF"
    consolidation_mode: str | None = None
    billing_day: int | None = None
    version: int = 1

    @property
    def is_paid_for(self) -> bool:
        return self.billing_relationship == "PARENT_PAYS"

    @property
    def arranges(self) -> tuple[UUID | None, str, str | None]:
        """What a change of needs the acknowledgement."""
        return self.parent_customer_id, self.billing_relationship, self.consolidation_mode


@dataclass
class Model:
    """A company."""

    customers: dict[UUID, Customer] = field(default_factory=dict[UUID, Customer])
    books: Books = field(default_factory=Books)
    changes: int = 0
    """Entries of all histories."""
    transitions: int = 0
    events: int = 0

    def creation_codes(self, new: Customer, *, gives_number: bool) -> set[str]:
        codes = set(self._rules(None, new))
        if gives_number and new.customer_number in {customer.customer_number for customer in self.customers.values()}:
            codes.add("CUSTOMER_NUMBER_ALREADY_EXISTS")
        return codes

    def next_number(self) -> str:
        numbers = [customer.customer_number for customer in self.customers.values()]
        return str(max((int(number) for number in numbers if number.isdigit()), default=0) + 1)

    def create(self, new: Customer) -> None:
        self.customers[new.id] = new
        self.changes += 1
        self.events += 1

    def after(self, customer: UUID, fields: Mapping[str, Any]) -> Customer:
        """The effective record."""
        before = self.customers[customer]
        values = dict(fields)
        if "parent_customer_id" in values and values["parent_customer_id"] is None and before.parent_customer_id:
            values.setdefault("billing_relationship", "SELF")
        return replace(before, **values)

    def update_codes(self, after: Customer, acknowledged: Sequence[UUID]) -> set[str]:
        before = self.customers[after.id]
        return {*self._rules(before, after), *self._acknowledgement(before, after, acknowledged)}

    def needed(self, after: Customer) -> list[UUID]:
        """What must be acknowledged."""
        if self.customers[after.id].arranges == after.arranges:
            return []
        return [subscription.id for subscription in self.books.of(after.id) if subscription.status in ACTIVE]

    def update(self, after: Customer, today: date) -> None:
        before = self.customers[after.id]
        if before == after:
            return
        needed = self.needed(after)
        paying = [child.id for child in self._children(after.id) if child.is_paid_for]
        was = {customer_id: self.arrangement(customer_id) for customer_id in (after.id, *paying)}
        self.customers[after.id] = replace(after, version=before.version + 1)
        self.changes += 1
        self.events += 1
        changed = [(customer, old, new) for customer, old in was.items() if (new := self.arrangement(customer)) != old]
        if before.arranges == after.arranges:
            self.events += sum(self.books.reschedule(*change) for change in changed)
            return
        moved = sum(self.books.move(*change) + self.books.cut(*change, today) for change in changed)
        self.events += moved
        self.transitions += bool(needed or moved)

    def arrangement(self, customer: UUID) -> Arrangement:
        payer = self.customers[customer]
        if payer.is_paid_for:
            assert payer.parent_customer_id is not None
            payer = self.customers[payer.parent_customer_id]
        single = payer.consolidation_mode == "SINGLE_INVOICE"
        return Arrangement(payer.id, single, payer.billing_day if single else None)

    def _children(self, customer: UUID) -> list[Customer]:
        return [child for child in self.customers.values() if child.parent_customer_id == customer]

    def _acknowledgement(self, before: Customer, after: Customer, acknowledged: Sequence[UUID]) -> Iterator[str]:
        needed, own = set(self.needed(after)), {subscription.id for subscription in self.books.of(before.id)}
        named = set(acknowledged)
        if not needed:
            if named:
                yield "SUBSCRIPTION_TRANSITIONS_NOT_ALLOWED"
            return
        if not named:
            yield "SUBSCRIPTION_TRANSITIONS_REQUIRED"
            return
        if needed - named:
            yield "SUBSCRIPTION_TRANSITIONS_INCOMPLETE"
        if named - own:
            yield "SUBSCRIPTION_TRANSITIONS_UNKNOWN"
        if named & own - needed:
            yield "SUBSCRIPTION_TRANSITIONS_NOT_ACTIVE"
        if len(acknowledged) > len(named):
            yield "SUBSCRIPTION_TRANSITIONS_DUPLICATE"

    def _rules(self, before: Customer | None, after: Customer) -> Iterator[str]:
        yield from self._uniqueness(after)
        if after.parent_customer_id is not None:
            yield from self._rules_of_a_child(before, after, after.parent_customer_id)
        elif after.is_paid_for:
            yield "PARENT_CUSTOMER_REQUIRED"
        if after.consolidation_mode == "SINGLE_INVOICE" and after.billing_day is None:
            yield "BILLING_DAY_REQUIRED"
        paid = [child for child in self._children(after.id) if child.is_paid_for]
        if not after.is_active and any(child.is_active for child in paid):
            yield "CUSTOMER_HAS_ACTIVE_CHILDREN"
        if after.consolidation_mode == "SINGLE_INVOICE" and {child.default_currency for child in paid} - {
            after.default_currency
        }:
            yield "PARENT_CURRENCY_MISMATCH"
        yield from self._currencies(before, after, paid)

    def _currencies(self, before: Customer | None, after: Customer, paid: Sequence[Customer]) -> Iterator[str]:
        """Of subscriptions, where the change may put them on an invoice in another currency."""
        if before is None or (before.arranges, before.default_currency) == (after.arranges, after.default_currency):
            return
        parent = self.customers.get(after.parent_customer_id) if after.parent_customer_id else None
        invoices = [(after, paid)]
        if parent is not None and after.is_paid_for:
            invoices.append((parent, [after]))
        for payer, customers in invoices:
            running = [
                subscription
                for of in customers
                for subscription in self.books.of(of.id)
                if subscription.status not in ENDED
            ]
            if payer.consolidation_mode == "SINGLE_INVOICE" and {subscription.currency for subscription in running} - {
                payer.default_currency
            }:
                yield "PARENT_CURRENCY_MISMATCH"

    def _uniqueness(self, after: Customer) -> Iterator[str]:
        taken = {customer.external_system_id for customer in self.customers.values() if customer.id != after.id} - {
            None
        }
        if after.external_system_id in taken:
            yield "EXTERNAL_SYSTEM_ID_ALREADY_EXISTS"

    def _rules_of_a_child(self, before: Customer | None, after: Customer, parent_id: UUID) -> Iterator[str]:
        if after.consolidation_mode is not None or after.billing_day is not None:
            yield "CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD"
        if parent_id == after.id:
            yield "PARENT_CUSTOMER_SELF_REFERENCE"
            return
        if self._children(after.id):
            yield "CUSTOMER_HAS_CHILDREN"
        parent = self.customers.get(parent_id)
        if parent is None:
            yield "PARENT_CUSTOMER_NOT_FOUND"
            return
        if parent.parent_customer_id is not None:
            yield "PARENT_CUSTOMER_IS_CHILD"
        links = before is None or before.parent_customer_id != parent_id
        begins_to_pay = after.is_paid_for and (before is None or not before.is_paid_for or after.is_active)
        if not parent.is_active and (links or begins_to_pay):
            yield "PARENT_CUSTOMER_INACTIVE"
        if (
            after.is_paid_for
            and parent.consolidation_mode == "SINGLE_INVOICE"
            and parent.default_currency != after.default_currency
        ):
            yield "PARENT_CURRENCY_MISMATCH"
