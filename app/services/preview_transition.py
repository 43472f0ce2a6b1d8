"""Preview an update: decide it from one snapshot, without writing."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.db.read_session import ReadSession
from app.domain.customer_fields import read_fields
from app.domain.digests import digest_of
from app.domain.errors import Problem
from app.domain.transition import Transition
from app.services.idempotency import find_replay
from app.services.update_customer import UpdateCustomerCommand, UpdateCustomerOutcome, decide_update


@dataclass(frozen=True, slots=True)
class TransitionPreview:
    """What an update would do to billing, and the problems that would reject it."""

    transition: Transition | None
    errors: tuple[Problem, ...]
    """In the order of the checks."""

    digest: str | None
    """Digest to send with the update, so that it does exactly this; None if nothing could be decided."""
    would_replay: bool = False
    """Whether the update would replay an outcome stored under the same key."""


async def preview_transition(
    session: ReadSession,
    command: UpdateCustomerCommand,
    idempotency_key: str | None = None,
    malformed: Sequence[Problem] = (),
) -> TransitionPreview:
    """Decide an update without locks. Raise Rejected if nothing can be decided.

    `malformed` are problems of the input that the command lacks.
    """
    values, problems = read_fields(command.fields, creating=False)
    malformed = [*malformed, *problems]
    earlier = await find_replay(session, idempotency_key, command, UpdateCustomerOutcome, malformed)
    if earlier is not None:
        return TransitionPreview(None, (), None, would_replay=True)
    _, decision = await decide_update(session, command, values, malformed)
    return TransitionPreview(decision.transition, decision.problems, digest_of(decision.transition))
