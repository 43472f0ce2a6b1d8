"""Drafts: a stored or new customer as an input would change it. Reads nothing from the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.db.identifiers import new_id
from app.db.rows import CustomerRow
from app.domain.billing import is_triggered
from app.domain.customer_fields import FIELDS, touches_family
from app.domain.customer_keys import UNIQUE_FIELDS
from app.domain.customer_rules import Record
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.errors import Problem
from app.domain.metadata_fields import changed_values, merged_metadata
from app.domain.transition import ACKNOWLEDGED

_CONCERNS_BILLING = {"billing_day", "default_currency"}


@dataclass(frozen=True, slots=True)
class Draft:
    """A customer before and after a change."""

    id: UUID
    before: CustomerRow | None
    """None for a new customer."""
    values: Mapping[str, Any]
    """Columns that change, or all columns of a new customer. A customer_number of None is assigned later."""
    old: Record | None
    new: Record
    problems: tuple[Problem, ...]
    """Problems found without reading anything else."""
    touches_family: bool
    """Whether rules depend on the parent and the children."""
    acknowledged: Sequence[UUID] | None = None
    digest: str | None = None
    """Digest of the preview; the change is rejected if it would now book something else."""
    is_partial: bool = False
    """Whether values that rules depend on are unknown, so that only references and unique keys can be judged."""

    @property
    def is_triggered(self) -> bool:
        """Whether the change can move subscriptions."""
        return self.old is not None and is_triggered(self.old.party, self.new.party)

    @property
    def concerns_billing(self) -> bool:
        """Whether the decision depends on subscriptions: on their moves, billing days or currencies."""
        return self.old is not None and (self.is_triggered or not _CONCERNS_BILLING.isdisjoint(self.values))


def draft_of_change(
    before: CustomerRow,
    given: Mapping[str, object],
    problems: Sequence[Problem] = (),
    acknowledged: Sequence[UUID] | None = None,
    digest: str | None = None,
) -> Draft:
    """Return the draft of a change of a stored customer. `given` lacks what the problems are about.

    A detached child pays for itself unless the input says otherwise.
    """
    values = dict(given)
    detached = "parent_customer_id" in values and values["parent_customer_id"] is None
    if detached and before.parent_customer_id is not None:
        values.setdefault("billing_relationship", BillingRelationship.SELF)
    changed, excess = changed_values(before, values)
    return Draft(
        before.id,
        before,
        changed,
        record_of(before),
        record_of(before._replace(**changed)),
        (*problems, *excess),
        touches_family(given),
        acknowledged,
        digest,
        _hides_rules(problems),
    )


def draft_of_creation(
    given: Mapping[str, object], problems: Sequence[Problem] = (), acknowledged: Sequence[UUID] | None = None
) -> Draft:
    """Return the draft of a new customer, with defaults applied. `given` lacks what the problems are about."""
    metadata, excess = merged_metadata({}, given)
    values: dict[str, Any] = {"id": new_id()}
    for name, field in FIELDS.items():
        value = given.get(name)
        values[name] = field.default if value is None else value
    values["metadata"] = metadata
    new = _record(values["id"], values)
    return Draft(
        new.id,
        None,
        values,
        None,
        new,
        (*problems, *excess),
        new.parent_id is not None,
        acknowledged,
        is_partial=_hides_rules(problems),
    )


def draft_of_unknown(given: Mapping[str, object], problems: Sequence[Problem], *, is_absent: bool) -> Draft:
    """Return the draft of an input whose customer isn't found, with the problem that says so.

    If the customer is absent, its unique keys can only be those of other customers; otherwise its id or key is
    malformed, and they could be its own.
    """
    draft = draft_of_creation(given, problems)
    values = draft.values if is_absent else {name: draft.values[name] for name in draft.values.keys() - UNIQUE_FIELDS}
    return replace(draft, values=values, is_partial=True)


def _hides_rules(problems: Sequence[Problem]) -> bool:
    """Return whether rules about the family or about subscriptions depend on a field that has a problem."""
    fields = {str(problem.path[0]) for problem in problems}
    return touches_family(fields) or not fields.isdisjoint(ACKNOWLEDGED)


def record_of(row: CustomerRow) -> Record:
    """Return the attributes of a customer's row that rules depend on."""
    return _record(row.id, row._asdict())


def _record(customer_id: UUID, values: Mapping[str, Any]) -> Record:
    mode = values["consolidation_mode"]
    return Record(
        id=customer_id,
        is_active=values["is_active"],
        currency=values["default_currency"],
        parent_id=values["parent_customer_id"],
        relationship=BillingRelationship(values["billing_relationship"]),
        mode=None if mode is None else ConsolidationMode(mode),
        billing_day=values["billing_day"],
        template_id=values["parent_invoice_template_id"],
    )
