"""The mutation upsertCustomers."""

from dataclasses import dataclass, replace
from typing import Annotated

import strawberry

from app.domain.errors import Fault, Refused
from app.domain.identity import Scope
from app.domain.upserts import RowOutcome
from app.graphql.context import Info
from app.graphql.errors import ReportsRefusals, UserError, may_read
from app.graphql.mutations.commands import sent
from app.graphql.permissions import Requires
from app.graphql.types.customer import Customer
from app.graphql.types.customer_input import given_fields
from app.graphql.types.enums import RowOutcome as ShownOutcome
from app.graphql.types.upsert_input import UpsertCustomerRow, UpsertCustomersInput
from app.services.upsert_customers import RowResult, UpsertCustomersCommand, UpsertCustomersOutcome
from app.services.upsert_customers import upsert_customers as upsert
from app.services.upsert_rows import UpsertRow


@dataclass(frozen=True, slots=True)
class UpsertPayload:
    """What the payload shows."""

    results: tuple[RowResult, ...] = ()
    written: bool = False
    replayed: bool = False
    errors: tuple[Fault, ...] = ()


Payload = strawberry.Parent[UpsertPayload]


def _refused(refused: Refused) -> UpsertPayload:
    outcome = refused.current
    results = outcome.results if isinstance(outcome, UpsertCustomersOutcome) else ()
    return UpsertPayload(results, errors=refused.faults)


def _count(payload: UpsertPayload, outcome: RowOutcome) -> int:
    return sum(each.outcome is outcome for each in payload.results)


@strawberry.type(description="How one row of a list ended.")
class UpsertCustomersResult:
    """How a row's result is shown."""

    index: int = strawberry.field(description="The row's place in the list, from 0.")
    outcome: ShownOutcome = strawberry.field(
        description="How the row ended; where the list was not written, how it would have."
    )
    customer: Customer | None = strawberry.field(
        description="The customer as it is stored now; null for a row that made none, and for a credential without"
        " customers-read unless the row wrote it."
    )
    changed_fields: list[str] = strawberry.field(
        description="The fields that the row changes of a customer that was there, in the schema's names."
    )
    errors: list[UserError] = strawberry.field(description="Why the row was refused; empty if it was not.")


@strawberry.type(description="What upsertCustomers did, row by row.")
class UpsertCustomersPayload:
    """How the outcome of a list is shown."""

    results: list[UpsertCustomersResult] = strawberry.field(
        description="One for each row, in the order of the rows; none where the list itself or its key was refused."
    )
    written: bool = strawberry.field(
        description="Whether the rows that were not refused are stored: false for a dry run, and where `errors` is not empty."
    )
    replayed: bool = strawberry.field(
        description="Whether this is the answer to an earlier request with the same idempotency key."
    )
    errors: list[UserError] = strawberry.field(
        description="Why nothing was written: what is wrong with the list or its key or, for ALL_OR_NOTHING, the errors of"
        " all rows. Under ROW_BY_ROW the errors of rows are only in their results."
    )

    @strawberry.field(description="How many rows made a customer, or would have.")
    @staticmethod
    def created(payload: Payload) -> int:
        """Those with the outcome CREATED."""
        return _count(payload, RowOutcome.CREATED)

    @strawberry.field(description="How many rows changed a customer, or would have.")
    @staticmethod
    def updated(payload: Payload) -> int:
        """Those with the outcome UPDATED."""
        return _count(payload, RowOutcome.UPDATED)

    @strawberry.field(description="How many rows said what is stored already.")
    @staticmethod
    def unchanged(payload: Payload) -> int:
        """Those with the outcome UNCHANGED."""
        return _count(payload, RowOutcome.UNCHANGED)

    @strawberry.field(description="How many rows were refused.")
    @staticmethod
    def refused(payload: Payload) -> int:
        """Those with the outcome REFUSED."""
        return _count(payload, RowOutcome.REFUSED)


@strawberry.field(
    description="Keep customers in step with another system: create, update or leave as it is each row of a list, in one"
    " transaction. A row that would move active subscriptions is refused with SUBSCRIPTION_TRANSITIONS_REQUIRED unless it"
    " acknowledges them. Repeating a list that was written leaves every row UNCHANGED. Needs customers-write.",
    graphql_type=UpsertCustomersPayload,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsRefusals(_refused)],
)
async def upsert_customers(
    info: Info,
    input: Annotated[UpsertCustomersInput, strawberry.argument(description="The rows.")],  # noqa: A002 - the schema's name
) -> UpsertPayload:
    """All or nothing, or row by row."""
    rows = tuple(_row(each) for each in input.rows)
    command = UpsertCustomersCommand(rows, input.match_by, input.on_refusal, input.dry_run)
    context = info.context
    outcome, replayed = await upsert(
        context.unit_of_work, context.principal.subject, command, sent(input.idempotency_key)
    )
    written = not input.dry_run
    results = outcome.results if may_read(info) else tuple(_unread(each, written=written) for each in outcome.results)
    return UpsertPayload(results, written, replayed)


def _unread(result: RowResult, *, written: bool) -> RowResult:
    """A result as a credential may see it that writes and does not read: any key would show its customer otherwise."""
    is_shown = written and result.outcome in {RowOutcome.CREATED, RowOutcome.UPDATED}
    return result if is_shown else replace(result, customer=None)


def _row(given: UpsertCustomerRow) -> UpsertRow:
    transitions = sent(given.subscription_transitions)
    named = None if transitions is None else tuple(each.subscription_id for each in transitions)
    return UpsertRow(given_fields(given), named)
