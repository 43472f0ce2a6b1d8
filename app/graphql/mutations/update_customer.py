"""The mutation updateCustomer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

import strawberry

from app.db.rows import BillingTransitionRow, CustomerRow
from app.domain.errors import Problem, Rejected
from app.domain.identity import Scope
from app.graphql.commands import update_command
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems, UserError
from app.graphql.mutations.row_identity import row_identity
from app.graphql.permissions import READS, SHOWS_WRITTEN, Requires
from app.graphql.types.billing_document import BillingTransition
from app.graphql.types.customer import Customer
from app.graphql.types.customer_input import UpdateCustomerInput
from app.services.update_customer import update_customer as update


@dataclass(frozen=True, slots=True)
class UpdatePayload:
    """The source of the payload's fields."""

    customer: CustomerRow | None
    changed_fields: tuple[str, ...] = ()
    transition_id: UUID | None = None
    replayed: bool = False
    errors: tuple[Problem, ...] = ()

    @property
    def wrote(self) -> bool:
        """Whether something changed."""
        return bool(self.changed_fields)

    def written_at(self, _path: Sequence[str | int]) -> Mapping[str, object] | None:
        """Return the identity of the row that was written, if one was."""
        return row_identity(self.customer) if self.wrote and self.customer is not None else None


def _rejected(rejected: Rejected) -> UpdatePayload:
    current = rejected.current
    return UpdatePayload(current if isinstance(current, CustomerRow) else None, errors=rejected.problems)


@strawberry.type(description="What updateCustomer did, or why it did nothing.")
class UpdateCustomerPayload:
    """Payload of updateCustomer."""

    customer: Customer | None = strawberry.field(
        description="The customer in its current state; null if the update was rejected, except for VERSION_CONFLICT"
        " with customers-read, which shows the stored customer. Without customers-read it is also null if"
        " nothing changed; `errors` is then empty.",
        extensions=SHOWS_WRITTEN,
    )
    changed_fields: list[str] = strawberry.field(
        description="The fields that changed, in the schema's names; empty if nothing was written."
    )

    @strawberry.field(
        description="The transition of subscriptions of the customer and of children that it pays for, with its billing"
        " documents and new periods; null if no subscriptions were moved. Needs customers-read.",
        graphql_type=BillingTransition | None,
        extensions=READS,
    )
    @staticmethod
    async def transition(payload: strawberry.Parent[UpdatePayload], info: Info) -> BillingTransitionRow | None:
        """Load the stored transition, so that replayed responses show it too."""
        transition_id = payload.transition_id
        return None if transition_id is None else await info.context.loaders.transition().load(transition_id)

    replayed: bool = strawberry.field(
        description="Whether this is the answer to an earlier request with the same idempotency key."
    )
    errors: list[UserError] = strawberry.field(description="Why the update was rejected; empty if it succeeded.")


@strawberry.field(
    description="Change a customer: only the fields that are sent. Changing who pays (parentCustomerId,"
    " billingRelationship, consolidationMode) moves its active subscriptions, each of which must be acknowledged in"
    " `subscriptionTransitions`; `billingTransitionPreview` shows what would be booked. Needs customers-write.",
    graphql_type=UpdateCustomerPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(_rejected)],
)
async def update_customer(
    info: Info,
    input: Annotated[UpdateCustomerInput, strawberry.argument(description="The changes.")],  # noqa: A002 - the schema's name
) -> UpdatePayload:
    """Change a customer in one transaction; return what the payload shows."""
    command, key, malformed = update_command(input)
    command = replace(command, accepted_versions=info.context.accepted_versions)
    actor = info.context.principal.subject
    outcome, replayed = await update(info.context.unit_of_work, actor, command, key, malformed)
    return UpdatePayload(outcome.customer, outcome.changed_fields, outcome.transition_id, replayed)
