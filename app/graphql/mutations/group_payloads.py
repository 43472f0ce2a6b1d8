"""Payloads of the mutations of customer groups: the group and the errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import strawberry

from app.db.rows import CustomerGroupRow
from app.domain.errors import Problem, Rejected
from app.graphql.errors import UserError
from app.graphql.mutations.member_payloads import ERRORS, REPLAYED
from app.graphql.mutations.row_identity import row_identity
from app.graphql.permissions import SHOWS_WRITTEN
from app.graphql.types.group import CustomerGroup
from app.services.customer_groups import GroupOutcome


@dataclass(frozen=True, slots=True)
class GroupWritten:
    """The source of a payload's fields."""

    outcome: GroupOutcome | None
    replayed: bool = False
    errors: tuple[Problem, ...] = ()
    is_removal: bool = False

    @property
    def customer_group(self) -> CustomerGroupRow | None:
        """The group."""
        return self.outcome and self.outcome.group

    @property
    def wrote(self) -> bool:
        """Whether this mutation wrote the object that it shows; false for a removal."""
        return self.outcome is not None and self.outcome.wrote and not self.is_removal

    def written_at(self, _path: Sequence[str | int]) -> Mapping[str, object] | None:
        """Return the identity of the row that was written, if one was."""
        return row_identity(self.customer_group) if self.wrote and self.customer_group is not None else None


def rejected(error: Rejected) -> GroupWritten:
    """Return the payload for Rejected; a version conflict shows the stored object."""
    now = error.current
    return GroupWritten(now if isinstance(now, GroupOutcome) else None, errors=error.problems)


@strawberry.type
class GroupPayload:
    """The fields of every group mutation's payload."""

    customer_group: CustomerGroup | None = strawberry.field(
        description="The group in its current state, or its last state if it was removed; null if the mutation was"
        " rejected, except for VERSION_CONFLICT with customers-read, which shows the stored object. Without"
        " customers-read it is also null if nothing changed or it was removed; `errors` is then empty.",
        extensions=SHOWS_WRITTEN,
    )
    replayed: bool = strawberry.field(description=REPLAYED)
    errors: list[UserError] = strawberry.field(description=ERRORS)
