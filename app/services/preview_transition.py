"""Previewing an update: the same decision from one snapshot, writing nothing."""

from dataclasses import dataclass

from app.db.read_session import ReadSession
from app.domain.digests import digest_of
from app.domain.errors import Problem
from app.domain.transition import Transition
from app.services.idempotency import find_replay
from app.services.update_customer import UpdateCustomerCommand, UpdateCustomerOutcome, decide_update


@dataclass(frozen=True, slots=True)
class TransitionPreview:
    """What an update would do to billing, and why it would be refused."""

    transition: Transition | None
    errors: tuple[Problem, ...]
    """In the order of the checks."""

    digest: str | None
    """What an update carries to be done exactly so; None where there was nothing to decide."""
    would_replay: bool = False
    """Whether the update would only answer again what it did under the same key."""


async def preview_transition(
    session: ReadSession, command: UpdateCustomerCommand, idempotency_key: str | None = None
) -> TransitionPreview:
    """Decide an update without locks; raise Rejected where there is nothing to decide."""
    earlier = await find_replay(session, idempotency_key, command, UpdateCustomerOutcome)
    if earlier is not None:
        return TransitionPreview(None, (), None, would_replay=True)
    _, decision = await decide_update(session, command)
    return TransitionPreview(decision.transition, decision.problems, digest_of(decision.transition))
