"""Previewing an update: the same decision from one snapshot, writing nothing."""

from dataclasses import dataclass

from app.db.database import ReadSession
from app.domain.digests import digest_of
from app.domain.errors import Fault
from app.domain.transition import Transition
from app.services.customer_change import UpdateCustomerCommand, decide


@dataclass(frozen=True, slots=True)
class TransitionPreview:
    """What an update would do to billing, and why it would be refused."""

    transition: Transition | None
    faults: tuple[Fault, ...]

    digest: str | None
    """What an update carries to be done exactly so; None where there was nothing to decide."""


async def preview_transition(session: ReadSession, command: UpdateCustomerCommand) -> TransitionPreview:
    """Decide an update without locks; raises Refused where there is nothing to decide."""
    change = await decide(session, command)
    return TransitionPreview(change.transition, change.faults, digest_of(change.transition))
