"""Decide about drafts of customers, in order, each on top of the accepted drafts before it.

Reads nothing from the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from app.db.rows import CustomerRow
from app.domain.billing import Subscription
from app.domain.customer_keys import UNIQUE_FIELDS
from app.domain.customer_rules import Record, rule_problems, subscription_currency_problems
from app.domain.digests import difference, digest_of
from app.domain.errors import (
    CustomersProblem,
    ErrorCode,
    Problem,
    Rejected,
    SubscriptionsProblem,
    TransitionChangedProblem,
)
from app.domain.transition import Transition, acknowledgement_problems, compute_transition
from app.domain.upserts import USED_BY_EARLIER_ROW, WRITES
from app.services.customers.drafts import Draft
from app.services.customers.reading import Facts
from app.services.lists.deciding import RowDecision

_TAKEN = {
    "customer_number": ErrorCode.CUSTOMER_NUMBER_ALREADY_EXISTS,
    "external_system_id": ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS,
}


@dataclass(frozen=True, slots=True)
class Decision(RowDecision):
    """What to write for a customer, or the problems that reject it."""

    before: CustomerRow | None
    transition: Transition | None = None

    @property
    def writes(self) -> bool:
        """Whether the decision writes anything."""
        return self.outcome in WRITES


@dataclass(slots=True)
class Judge:
    """Judges drafts by facts and by previously accepted drafts."""

    facts: Facts
    _records: dict[UUID, Record] = field(init=False)
    _children: dict[UUID | None, dict[UUID, None]] = field(default_factory=dict[UUID | None, dict[UUID, None]])
    _claimed: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    _moved: set[UUID] = field(default_factory=set[UUID])

    def __post_init__(self) -> None:
        self._records = dict(self.facts.records)
        for record in self._records.values():
            self._children.setdefault(record.parent_id, {})[record.id] = None

    def decide(self, draft: Draft) -> Decision:
        """Decide about a draft. If it is accepted, later drafts are judged on top of it."""
        problems = [*draft.problems, *self._reference_problems(draft)]
        if draft.is_partial:
            return Decision(draft.before, draft.values, tuple(problems))
        parent, children, subscriptions = self._surroundings(draft)
        problems += rule_problems(draft.new, parent, children, draft.old)
        if draft.old is not None and (draft.is_triggered or "default_currency" in draft.values):
            problems += subscription_currency_problems(draft.old, draft.new, parent, children, subscriptions)
        transition, out_of_range = self._transition(draft, children, subscriptions)
        own = [subscription for subscription in subscriptions if subscription.customer_id == draft.id]
        problems += acknowledgement_problems(draft.acknowledged, own, triggered=draft.is_triggered)
        problems += out_of_range
        if draft.digest is not None and not out_of_range and draft.digest != digest_of(transition):
            problems.append(_changed(draft.digest, transition))
        problems += self._moved_before(transition)
        if not problems:
            self._accept(draft, transition)
        return Decision(draft.before, draft.values, tuple(problems), transition)

    def _surroundings(self, draft: Draft) -> tuple[Record | None, Sequence[Record], Sequence[Subscription]]:
        """Return the parent after the change (None if missing or unknown), the children and the subscriptions."""
        if not draft.touches_family:
            return None, (), ()
        parent = None if draft.new.parent_id is None else self._records.get(draft.new.parent_id)
        children = [self._records[child] for child in self._children.get(draft.id, ())]
        if not draft.concerns_billing:
            return parent, children, ()
        ids = (draft.id, *(child.id for child in children if child.is_paid_for))
        return parent, children, [subscription for id_ in ids for subscription in self.facts.subscriptions.get(id_, ())]

    def _transition(
        self, draft: Draft, children: Sequence[Record], subscriptions: Sequence[Subscription]
    ) -> tuple[Transition | None, Sequence[Problem]]:
        """Return the transition of the change, and problems of subscriptions whose dates would be out of range."""
        if draft.old is None or self.facts.today is None or not draft.concerns_billing:
            return None, ()
        try:
            return compute_transition(
                draft.old, draft.new, self._records, children, subscriptions, self.facts.today
            ), ()
        except Rejected as rejected:
            return None, rejected.problems

    def _reference_problems(self, draft: Draft) -> list[Problem]:
        """Return problems of references to missing objects and of unique keys that are taken."""
        values, problems = draft.values, list[Problem]()
        group_id, parent_id = values.get("customer_group_id"), values.get("parent_customer_id")
        if group_id is not None and group_id not in self.facts.groups:
            message = "must name a customer group of the company."
            problems.append(Problem(ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("customer_group_id",), message))
        if parent_id is not None and parent_id not in self._records:
            message = "must name a customer of the company."
            problems.append(Problem(ErrorCode.PARENT_CUSTOMER_NOT_FOUND, ("parent_customer_id",), message))
        for name in UNIQUE_FIELDS:
            value = values.get(name)
            if value is None:
                continue
            holder = self.facts.holders[name].get(value)
            if holder is not None and holder != draft.id:
                problems.append(_taken(name, holder))
            elif (name, value) in self._claimed:
                problems.append(replace(_taken(name), message=USED_BY_EARLIER_ROW))
        return problems

    def _moved_before(self, transition: Transition | None) -> list[Problem]:
        again = sorted(self._moved & _moves(transition))
        if not again:
            return []
        message = "must not move subscriptions that an earlier row of the list moves: send the row in another list."
        path = ("subscription_transitions",)
        return [SubscriptionsProblem(ErrorCode.FIELD_CONFLICT, path, message, tuple(again))]

    def _accept(self, draft: Draft, transition: Transition | None) -> None:
        self._claimed.update((name, draft.values[name]) for name in UNIQUE_FIELDS if draft.values.get(name) is not None)
        self._records[draft.id] = draft.new
        if draft.old is not None:
            self._children[draft.old.parent_id].pop(draft.id)
        self._children.setdefault(draft.new.parent_id, {})[draft.id] = None
        self._moved.update(_moves(transition))


def _taken(attribute: str, *customer_ids: UUID) -> Problem:
    path = (attribute,)
    return CustomersProblem(_TAKEN[attribute], path, "is already used by another customer.", customer_ids)


def _changed(previewed: str, transition: Transition | None) -> Problem:
    message = "doesn't match what would be booked now: preview again and send the new digest."
    return TransitionChangedProblem(
        ErrorCode.TRANSITION_CHANGED,
        ("transition_digest",),
        message,
        digest_of(transition),
        difference(previewed, transition),
    )


def _moves(transition: Transition | None) -> set[UUID]:
    if transition is None:
        return set()
    return {change.subscription.id for change in (*transition.cuts, *transition.moves)}
