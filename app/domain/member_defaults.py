"""Rules of the default among a customer's members: at most one, and it isn't lost while others remain.

One function judges all writes of a transaction; a single write is a list of one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from app.domain.members import MemberKind


class DefaultConflict(Enum):
    """A rule of the default that a write breaks."""

    SEVERAL = "Several writes make another member of the customer its default."
    LOST = "The default goes, others remain, and no write makes one of them the default."


@dataclass(frozen=True, slots=True)
class DefaultEffect:
    """What a write does to the default of a customer."""

    customer_id: UUID
    takes: bool
    """Whether the member is to be the default, even if it already is."""
    loses: bool
    """Whether the member is the default and no longer will be."""
    adds: bool = False
    """Whether the member is new."""
    is_rejected: bool = False
    """Whether the write is rejected for another reason, so that other writes can't rely on it."""


def effect_on_default(
    kind: MemberKind, customer_id: UUID, before: Any, values: Mapping[str, object] | None
) -> DefaultEffect:
    """Return what a write does. `before` is None for a new member, `values` is None for a deletion."""
    is_default = before is not None and bool(getattr(before, kind.default))
    if values is None:
        return DefaultEffect(customer_id, takes=False, loses=is_default)
    sent = values.get(kind.default)
    return DefaultEffect(customer_id, takes=sent is True, loses=is_default and sent is False, adds=before is None)


def default_conflicts(
    effects: Sequence[DefaultEffect | None], counts: Mapping[UUID, int]
) -> list[DefaultConflict | None]:
    """Return the conflict of each write of a transaction, or None. An effect of None concerns no default.

    `counts` are the numbers of stored members of the customers whose default is lost and not taken.
    """
    accepted = [effect for effect in effects if effect is not None and not effect.is_rejected]
    takers = Counter(effect.customer_id for effect in accepted if effect.takes)
    members = Counter(effect.customer_id for effect in accepted if effect.adds)
    members.update(counts)

    def conflict(effect: DefaultEffect) -> DefaultConflict | None:
        taken = takers[effect.customer_id]
        if effect.takes and taken > 1:
            return DefaultConflict.SEVERAL
        return DefaultConflict.LOST if effect.loses and taken != 1 and members[effect.customer_id] > 1 else None

    return [None if effect is None else conflict(effect) for effect in effects]
