"""Events about subscriptions that a transition cut or moved."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from app.db.outbox import Event
from app.domain.cutting import Cut, Line
from app.domain.events import EventType, plain_values
from app.domain.transition import Transition

LineKey = tuple[UUID, date]
"""Subscription id and first day of a line, which are unique in a transition."""


def transitioned(
    transition: Transition, transition_id: UUID, document_of: Mapping[LineKey, UUID], versions: Mapping[UUID, int]
) -> list[Event]:
    """Return an event for each cut or moved subscription.

    `document_of` holds the billing document ids of lines, `versions` those of the subscriptions after the transition.
    """
    cut_of = {cut.subscription.id: _cut(cut, document_of) for cut in transition.cuts}
    moved = (move.subscription for move in transition.moves)
    return [
        Event(
            EventType.SUBSCRIPTION_TRANSITIONED,
            subscription.id,
            {
                "version": versions[subscription.id],
                "customerId": subscription.customer_id,
                "transitionId": transition_id,
                "effectiveOn": transition.effective_on,
                "payerBefore": transition.before.payer_id,
                "payerAfter": transition.arrangements_after[subscription.customer_id].payer_id,
                "cut": cut_of.get(subscription.id),
            },
        )
        for subscription in (*(cut.subscription for cut in transition.cuts), *moved)
    ]


def rescheduled(transition: Transition, versions: Mapping[UUID, int]) -> list[Event]:
    """Return an event for each subscription that follows a new billing day."""
    return [
        Event(
            EventType.SUBSCRIPTION_RESCHEDULED,
            move.subscription.id,
            {
                "version": versions[move.subscription.id],
                "customerId": move.subscription.customer_id,
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
