"""Payloads of the mutations of contacts and departments: the object, its customer and the errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import strawberry

from app.db.rows import ContactRow, CustomerRow, DepartmentRow
from app.domain.errors import Problem, Rejected
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutations.row_identity import row_identity
from app.graphql.permissions import READS, SHOWS_WRITTEN
from app.graphql.types.contact import Contact
from app.graphql.types.customer import Customer
from app.graphql.types.department import Department
from app.services.members import MemberOutcome

REPLAYED = "Whether this is the answer to an earlier request with the same idempotency key."
ERRORS = "Why nothing was written; empty if the mutation succeeded."


@dataclass(frozen=True, slots=True)
class MemberWritten:
    """The source of a payload's fields."""

    outcome: MemberOutcome[Any] | None
    replayed: bool = False
    errors: tuple[Problem, ...] = ()
    is_removal: bool = False

    @property
    def contact(self) -> ContactRow | None:
        """The contact."""
        return self.outcome and self.outcome.shown

    @property
    def department(self) -> DepartmentRow | None:
        """The department."""
        return self.outcome and self.outcome.shown

    @property
    def customer_id(self) -> UUID | None:
        """The id of the customer that it belongs to."""
        return self.outcome and self.outcome.customer_id

    @property
    def wrote(self) -> bool:
        """Whether this mutation wrote the object that it shows; false for a removal."""
        return self.outcome is not None and self.outcome.wrote and not self.is_removal

    def written_at(self, _path: Sequence[str | int]) -> Mapping[str, object] | None:
        """Return the identity of the row that was written, if one was."""
        return row_identity(self.outcome.row) if self.wrote and self.outcome is not None else None


def rejected(error: Rejected) -> MemberWritten:
    """Return the payload for Rejected; a version conflict shows the stored object."""
    now = cast("MemberOutcome[Any]", error.current) if isinstance(error.current, MemberOutcome) else None
    return MemberWritten(now, errors=error.problems)


@strawberry.type
class _MemberPayload:
    @strawberry.field(
        description="The customer that it belongs to, in its current state; null if the object is null. Needs"
        " customers-read.",
        graphql_type=Customer | None,
        extensions=READS,
    )
    @staticmethod
    async def customer(payload: strawberry.Parent[MemberWritten], info: Info) -> CustomerRow | None:
        """Return the customer, so that its lists can be read in the same request."""
        customer_id = payload.customer_id
        return None if customer_id is None else await info.context.loaders.customer().load(customer_id)

    replayed: bool = strawberry.field(description=REPLAYED)
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type
class ContactPayload(_MemberPayload):
    """The fields of every contact mutation's payload."""

    contact: Contact | None = strawberry.field(
        description="The contact in its current state, or its last state if it was removed; null if the mutation was"
        " rejected, except for VERSION_CONFLICT with customers-read, which shows the stored object. Without"
        " customers-read it is also null if nothing changed or it was removed; `errors` is then empty.",
        extensions=SHOWS_WRITTEN,
    )


@strawberry.type
class DepartmentPayload(_MemberPayload):
    """The fields of every department mutation's payload."""

    department: Department | None = strawberry.field(
        description="The department in its current state, or its last state if it was removed; null if the mutation was"
        " rejected, except for VERSION_CONFLICT with customers-read, which shows the stored object. Without"
        " customers-read it is also null if nothing changed or it was removed; `errors` is then empty.",
        extensions=SHOWS_WRITTEN,
    )
