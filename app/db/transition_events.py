"""Events about subscriptions that a transition cut or moved."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from app.db.outbox import Event
from app.domain.billing import Subscription
from app.domain.cutting import Cut, Line
from app.domain.events import EventType, plain_values
from app.domain.transition import Transition

LineKey = tuple[UUID, date]
"""Subscription id and first day of a line, which are unique in a transition."""


class Written(NamedTuple):
    """What the writes of transitions left of their subscriptions, by id."""

    versions: Mapping[UUID, int]
    changed: Mapping[UUID, tuple[str, ...]]
    """The schema names of the fields that changed; subscriptions of which nothing changed are left out."""

    def data(self, subscription: Subscription) -> dict[str, Any]:
        """Return what every event tells of its subscription."""
        return {
            "version": self.versions[subscription.id],
            "customerId": subscription.customer_id,
            "changedFields": self.changed.get(subscription.id, ()),
        }


def transitioned(
    transition: Transition, transition_id: UUID, document_of: Mapping[LineKey, UUID], written: Written
) -> list[Event]:
    """Return an event for each cut or moved subscription. `document_of` holds the billing document ids of lines."""
    cut_of = {cut.subscription.id: _cut(cut, document_of) for cut in transition.cuts}
    moved = (move.subscription for move in transition.moves)
    return [
        Event(
            EventType.SUBSCRIPTION_TRANSITIONED,
            subscription.id,
            {
                **written.data(subscription),
                "transitionId": transition_id,
                "effectiveOn": transition.effective_on,
                "payerBefore": transition.before.payer_id,
                "payerAfter": transition.arrangements_after[subscription.customer_id].payer_id,
                "cut": cut_of.get(subscription.id),
            },
        )
        for subscription in (*(cut.subscription for cut in transition.cuts), *moved)
    ]


def rescheduled(transition: Transition, written: Written) -> list[Event]:
    """Return an event for each subscription that follows a new billing day."""
    return [
        Event(
            EventType.SUBSCRIPTION_RESCHEDULED,
            move.subscription.id,
            {
                **written.data(move.subscription),
                "effectiveOn": transition.effective_on,
                "anchorDay": move.anchor_day,
                "nextBillingDate": move.next_billing_date,
            },
        )
        for move in transition.moves
        if move.is_change
    ]


def _cut(cut: Cut, document_of: Mapping[LineKey, UUID]) -> dict[str, Any]:
    lines = [_line(cut, line, document_of[cut.subscription.id, line.period.start]) for line in cut.lines]
    following = {
        "periodStart": cut.following.start,
        "periodEnd": cut.following.end,
        "netAmount": cut.following_net,
        "nextBillingDate": cut.next_billing_date,
    }
    return {
        # The first line, for followers written before a cut could have several lines.
        "line": lines[0] if lines else None,
        "lines": lines,
        "following": plain_values(following) if cut.following.days > 0 else None,
    }


def _line(cut: Cut, line: Line, document_id: UUID) -> dict[str, Any]:
    return plain_values(
        {
            "documentId": document_id,
            "kind": line.kind,
            "amount": line.amount,
            "currency": cut.subscription.currency,
            "days": line.period.days,
            "periodStart": line.period.start,
            "periodEnd": line.period.end,
            "payer": line.payer_id,
        }
    )
