"""Rules between a customer, its parent and its children. They check the customer as it would be after a change."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.billing import ENDED, Party, Subscription
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.errors import CustomersProblem, ErrorCode, Path, Problem, SubscriptionsProblem


@dataclass(frozen=True, slots=True)
class Record:
    """The attributes of a customer that the rules depend on."""

    id: UUID
    is_active: bool
    currency: str
    parent_id: UUID | None
    relationship: BillingRelationship
    mode: ConsolidationMode | None
    billing_day: int | None
    template_id: UUID | None

    @property
    def party(self) -> Party:
        """The attributes that billing depends on."""
        return Party(self.id, self.parent_id, self.relationship, self.mode, self.billing_day)

    @property
    def is_paid_for(self) -> bool:
        """Whether the parent pays for this customer."""
        return self.relationship is BillingRelationship.PARENT_PAYS

    @property
    def has_single_invoice(self) -> bool:
        """Whether the customer gets a single invoice for all children that it pays for."""
        return self.mode is ConsolidationMode.SINGLE_INVOICE


def rule_problems(
    after: Record, parent: Record | None, children: Sequence[Record], before: Record | None = None
) -> list[Problem]:
    """Return a problem for each rule that the changed customer breaks, parent rules first.

    `parent` is the parent after the change, None if there is none or it doesn't exist. `children` are all children of
    the customer. `before` is None for a new customer.
    """
    return [
        *_parent_problems(after, parent, children, before),
        *_consolidation_problems(after, parent, children, before),
    ]


def _parent_problems(
    after: Record, parent: Record | None, children: Sequence[Record], before: Record | None
) -> Iterator[Problem]:
    if after.parent_id == after.id:
        yield _at("parent_customer_id", ErrorCode.PARENT_CUSTOMER_SELF_REFERENCE, "must name another customer.")
        return
    if parent is not None and parent.parent_id is not None:
        message = "must not name a child: a child can't have children."
        yield _at("parent_customer_id", ErrorCode.PARENT_CUSTOMER_IS_CHILD, message)
    if after.parent_id is not None and children:
        message = "can't be set on a customer that has children; detach them first."
        yield _about(children, "parent_customer_id", ErrorCode.CUSTOMER_HAS_CHILDREN, message)
    if after.is_paid_for and after.parent_id is None:
        message = "can't be PARENT_PAYS without a parent."
        yield _at("billing_relationship", ErrorCode.PARENT_CUSTOMER_REQUIRED, message)
    if parent is not None and not parent.is_active and _newly_relies_on_parent(before, after):
        yield _at("parent_customer_id", ErrorCode.PARENT_CUSTOMER_INACTIVE, "must name an active customer.")
    paying = [child for child in children if child.is_active and child.is_paid_for]
    if not after.is_active and paying:
        message = "can't be false while this customer pays for active children."
        yield _about(paying, "is_active", ErrorCode.CUSTOMER_HAS_ACTIVE_CHILDREN, message)


def _newly_relies_on_parent(before: Record | None, after: Record) -> bool:
    """Return whether a change needs an active parent: a new parent, or a child that becomes active or paid for.

    An inactive child of an inactive parent can otherwise be changed.
    """
    if before is None or before.parent_id != after.parent_id:
        return True
    return after.is_paid_for and (after.is_active or not before.is_paid_for)


def _consolidation_problems(
    after: Record, parent: Record | None, children: Sequence[Record], before: Record | None
) -> Iterator[Problem]:
    if after.is_paid_for and parent is not None and parent.has_single_invoice and parent.currency != after.currency:
        message = f"must be {parent.currency}, the currency of the parent's single invoice."
        yield _about([parent], "default_currency", ErrorCode.PARENT_CURRENCY_MISMATCH, message)
    others = [child for child in children if child.is_paid_for and child.currency != after.currency]
    if after.has_single_invoice and others:
        # If the mode is unchanged, the currency is what changed.
        stays = before is not None and before.has_single_invoice
        field, value = ("default_currency", after.currency) if stays else ("consolidation_mode", after.mode)
        message = f"can't be {value} while children on the single invoice have another currency than {after.currency}."
        yield _about(others, field, ErrorCode.PARENT_CURRENCY_MISMATCH, message)
    if after.has_single_invoice and after.billing_day is None:
        yield _at("billing_day", ErrorCode.BILLING_DAY_REQUIRED, "must be set to 1 to 28 for SINGLE_INVOICE.")
    if after.parent_id is not None:
        settings = {
            "consolidation_mode": after.mode,
            "billing_day": after.billing_day,
            "parent_invoice_template_id": after.template_id,
        }
        for name, value in settings.items():
            if value is not None:
                message = "must be unset on a child, because that of the parent applies."
                yield _at(name, ErrorCode.CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD, message)


def subscription_currency_problems(
    before: Record,
    after: Record,
    parent: Record | None,
    children: Sequence[Record],
    subscriptions: Iterable[Subscription],
) -> list[Problem]:
    """Return problems for subscriptions whose currency differs from that of the single invoice they would be on.

    `subscriptions` are those of the customer and its children.
    """
    running = [subscription for subscription in subscriptions if subscription.status not in ENDED]
    problems: list[Problem] = []
    if after.is_paid_for and parent is not None and parent.has_single_invoice:
        field = "default_currency"
        if before.parent_id != after.parent_id:
            field = "parent_customer_id"
        elif before.relationship != after.relationship:
            field = "billing_relationship"
        problems += _in_other_currencies(running, {after.id}, parent.currency, field)
    if after.has_single_invoice:
        paid = {child.id for child in children if child.is_paid_for}
        field = "default_currency" if before.has_single_invoice else "consolidation_mode"
        problems += _in_other_currencies(running, paid, after.currency, field)
    return problems


def _in_other_currencies(
    subscriptions: Iterable[Subscription], customers: Container[UUID], currency: str, field: str
) -> Iterator[Problem]:
    theirs = (subscription for subscription in subscriptions if subscription.customer_id in customers)
    others = tuple(sorted(subscription.id for subscription in theirs if subscription.currency != currency))
    if others:
        message = (
            f"can't be changed while subscriptions in another currency than {currency} would be on the single invoice."
        )
        yield SubscriptionsProblem(ErrorCode.PARENT_CURRENCY_MISMATCH, (field,), message, others)


def _at(field: str, code: ErrorCode, message: str) -> Problem:
    return Problem(code, (field,), message)


def _about(customers: Sequence[Record], field: str, code: ErrorCode, message: str) -> Problem:
    path: Path = (field,)
    return CustomersProblem(code, path, message, tuple(sorted(customer.id for customer in customers)))
