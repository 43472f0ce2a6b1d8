"""The mutation createCustomer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import strawberry

from app.db.rows import CustomerRow
from app.domain.errors import Problem, Rejected
from app.domain.identity import Scope
from app.graphql.commands import sent
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems, UserError
from app.graphql.mutations.row_identity import row_identity
from app.graphql.permissions import SHOWS_WRITTEN, Requires
from app.graphql.types.customer import Customer
from app.graphql.types.customer_input import CreateCustomerInput, given_fields
from app.services.create_customer import CreateCustomerCommand
from app.services.create_customer import create_customer as create


@dataclass(frozen=True, slots=True)
class CreatePayload:
    """The source of the payload's fields."""

    customer: CustomerRow | None
    replayed: bool = False
    errors: tuple[Problem, ...] = ()
    wrote: ClassVar[bool] = True

    def written_at(self, _path: Sequence[str | int]) -> Mapping[str, object] | None:
        """Return the identity of the row that was written, if one was."""
        return row_identity(self.customer) if self.customer is not None else None


def _rejected(rejected: Rejected) -> CreatePayload:
    return CreatePayload(None, errors=rejected.problems)


@strawberry.type(description="The customer that createCustomer created, or why it created none.")
class CreateCustomerPayload:
    """Payload of createCustomer."""

    customer: Customer | None = strawberry.field(
        description="The new customer; null if the input was rejected.", extensions=SHOWS_WRITTEN
    )
    replayed: bool = strawberry.field(
        description="Whether this is the answer to an earlier request with the same idempotency key."
    )
    errors: list[UserError] = strawberry.field(description="Why the customer was rejected; empty if it was created.")


@strawberry.field(
    description="Create a customer. Without a number, it gets the number after the company's highest all-digit number;"
    " concurrent mutations get different numbers. All problems are reported at once. Needs customers-write.",
    graphql_type=CreateCustomerPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(_rejected)],
)
async def create_customer(
    info: Info,
    input: Annotated[CreateCustomerInput, strawberry.argument(description="The new customer.")],  # noqa: A002 - the schema's name
) -> CreatePayload:
    """Create a customer in one transaction; return what the payload shows."""
    command, key = CreateCustomerCommand(given_fields(input)), sent(input.idempotency_key)
    outcome, replayed = await create(info.context.unit_of_work, info.context.principal.subject, command, key)
    return CreatePayload(outcome.customer, replayed)
