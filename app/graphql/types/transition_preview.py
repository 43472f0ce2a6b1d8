"""The types of a preview: the cuts, moves, billing documents and errors of an update.

The file is over 250 lines because the types refer to each other and serve one field.
"""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from app.db.rows import CustomerRow
from app.domain.cutting import Cut, Line
from app.domain.moving import Move
from app.domain.transition import BillingDocument, PayerTotal
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.types.enums import BillingDocumentKind
from app.services.preview_transition import TransitionPreview

if TYPE_CHECKING:
    from app.graphql.types.customer import Customer

LazyCustomer = Annotated["Customer", strawberry.lazy("app.graphql.types.customer")]


@strawberry.type(description="A line of a billing document that a cut would create.")
class PreviewedLine:
    """A line of a billing document that would be created."""

    kind: BillingDocumentKind = strawberry.field(
        description="A credit note for days to come, or an invoice for days past."
    )
    amount: Decimal = strawberry.field(description="The amount without VAT, in major units; always positive.")

    @strawberry.field(
        description="The customer that receives the billing document: the payer of the billed days.",
        graphql_type=LazyCustomer | None,
    )
    @staticmethod
    async def payer(line: strawberry.Parent[Line], info: Info) -> CustomerRow | None:
        """Load the customer, so that equal payers are read once."""
        return await info.context.loaders.customer().load(line.payer_id)

    @strawberry.field(description="The first billed day.")
    @staticmethod
    def period_start(line: strawberry.Parent[Line]) -> date:
        """Return the bound of the half-open span."""
        return line.period.start

    @strawberry.field(description="The day after the last billed day.")
    @staticmethod
    def period_end(line: strawberry.Parent[Line]) -> date:
        """Return the bound of the half-open span."""
        return line.period.end

    @strawberry.field(description="Number of billed days.")
    @staticmethod
    def days(line: strawberry.Parent[Line]) -> int:
        """Return the number of calendar days."""
        return line.period.days


@strawberry.type(description="What would happen to one subscription.")
class PreviewedCut:
    """A cut of a subscription's period."""

    @strawberry.field(description="The subscription's id.", graphql_type=strawberry.ID)
    @staticmethod
    def subscription_id(cut: strawberry.Parent[Cut]) -> str:
        """Return ids as strings."""
        return str(cut.subscription.id)

    @strawberry.field(
        description="The id of the customer that has the subscription: the one updated, or one of its children.",
        graphql_type=strawberry.ID,
    )
    @staticmethod
    def customer_id(cut: strawberry.Parent[Cut]) -> str:
        """Return ids as strings."""
        return str(cut.subscription.customer_id)

    @strawberry.field(description="The name of the product or service.")
    @staticmethod
    def name(cut: strawberry.Parent[Cut]) -> str:
        """Return the subscription's name."""
        return cut.subscription.name

    @strawberry.field(description="The currency of its amounts, three letters (ISO 4217).")
    @staticmethod
    def currency(cut: strawberry.Parent[Cut]) -> str:
        """Return the subscription's currency."""
        return cut.subscription.currency

    @strawberry.field(
        description="The first day under the new arrangement: today where the company is, or the first day of a period"
        " that begins later. For a subscription that has ended, the day on which its last period ends."
    )
    @staticmethod
    def cut_on(cut: strawberry.Parent[Cut]) -> date:
        """Return the first day of the new period."""
        return cut.following.start

    lines: list[PreviewedLine] = strawberry.field(
        description="The lines that the cut would create, in the order of their days: one for the current period, and"
        " one for each later period that has passed or begun without being billed. Empty for a trial, zero"
        " days, a zero amount, or a subscription without a recorded period."
    )

    @strawberry.field(
        description="The first of `lines`; null if there is none.",
        deprecation_reason="A subscription that is overdue makes several lines: use `lines`.",
        graphql_type=PreviewedLine | None,
    )
    @staticmethod
    def line(cut: strawberry.Parent[Cut]) -> Line | None:
        """Return the first line, for clients written when a cut created only one."""
        return cut.lines[0] if cut.lines else None

    @strawberry.field(
        description="The day after the last day of the period that follows; its first is `cutOn`. Equal to `cutOn` if"
        " the subscription has ended, because no period follows."
    )
    @staticmethod
    def new_period_end(cut: strawberry.Parent[Cut]) -> date:
        """Return the bound of the half-open span."""
        return cut.following.end

    next_billing_date: date | None = strawberry.field(description="The day of the subscription's next invoice.")


@strawberry.type(
    description="What would happen to a subscription that keeps its period: an inactive one, or one with a new billing"
    " day."
)
class PreviewedMove:
    """A move of a subscription to another payer."""

    @strawberry.field(description="The subscription's id.", graphql_type=strawberry.ID)
    @staticmethod
    def subscription_id(move: strawberry.Parent[Move]) -> str:
        """Return ids as strings."""
        return str(move.subscription.id)

    @strawberry.field(
        description="The id of the customer that has the subscription: the one updated, or one of its children.",
        graphql_type=strawberry.ID,
    )
    @staticmethod
    def customer_id(move: strawberry.Parent[Move]) -> str:
        """Return ids as strings."""
        return str(move.subscription.customer_id)

    @strawberry.field(description="The name of the product or service.")
    @staticmethod
    def name(move: strawberry.Parent[Move]) -> str:
        """Return the subscription's name."""
        return move.subscription.name

    next_billing_date: date | None = strawberry.field(
        description="The day of the subscription's next invoice; null if there will be none."
    )

    @strawberry.field(
        description="The new payer of the current period; null if the period keeps its payer, because it was billed, or"
        " if it is not recorded.",
        graphql_type=LazyCustomer | None,
    )
    @staticmethod
    async def new_payer(move: strawberry.Parent[Move], info: Info) -> CustomerRow | None:
        """Load the customer, so that equal payers are read once."""
        return None if move.payer_id is None else await info.context.loaders.customer().load(move.payer_id)


@strawberry.type(
    description="A billing document that the update would create: one for each kind, payer, customer and currency."
)
class PreviewedDocument:
    """A billing document that would be created."""

    kind: BillingDocumentKind = strawberry.field(description="A credit note, or an invoice.")
    currency: str = strawberry.field(description="The currency, three letters (ISO 4217).")
    total: Decimal = strawberry.field(description="The sum of its lines, in major units.")

    @strawberry.field(
        description="The customer that receives it: the payer of the billed days.", graphql_type=LazyCustomer | None
    )
    @staticmethod
    async def payer(document: strawberry.Parent[BillingDocument], info: Info) -> CustomerRow | None:
        """Load the customer."""
        return await info.context.loaders.customer().load(document.payer_id)

    @strawberry.field(description="The customer whose subscriptions are billed.", graphql_type=LazyCustomer | None)
    @staticmethod
    async def customer(document: strawberry.Parent[BillingDocument], info: Info) -> CustomerRow | None:
        """Load the customer."""
        return await info.context.loaders.customer().load(document.customer_id)


@strawberry.type(description="The total amounts credited and invoiced for one payer and currency.")
class PreviewedTotal:
    """The total of a payer in a currency."""

    currency: str = strawberry.field(description="The currency, three letters (ISO 4217).")
    credited: Decimal = strawberry.field(description="The sum of the credit notes, in major units.")
    invoiced: Decimal = strawberry.field(description="The sum of the invoices, in major units.")

    @strawberry.field(description="The payer.", graphql_type=LazyCustomer | None)
    @staticmethod
    async def payer(total: strawberry.Parent[PayerTotal], info: Info) -> CustomerRow | None:
        """Load the customer."""
        return await info.context.loaders.customer().load(total.payer_id)


@strawberry.type(description="An entry for `subscriptionTransitions`.")
class SubscriptionTransition:
    """An entry of subscriptionTransitions for the update."""

    @strawberry.field(description="The id of an active subscription of the customer.", graphql_type=strawberry.ID)
    @staticmethod
    def subscription_id(subscription: strawberry.Parent[UUID]) -> str:
        """Return ids as strings."""
        return str(subscription)


@strawberry.type(description="What an update would change in billing, and its errors. Nothing was written.")
class BillingTransitionPreview:
    """A computed transition and the problems of the update."""

    @strawberry.field(
        description="The periods that would be cut, of the customer's own subscriptions and of those of children that"
        " it pays for.",
        graphql_type=list[PreviewedCut],
    )
    @staticmethod
    def cuts(preview: strawberry.Parent[TransitionPreview]) -> tuple[Cut, ...]:
        """Return the cuts; empty if nothing is cut."""
        return preview.transition.cuts if preview.transition else ()

    @strawberry.field(
        description="The subscriptions of the customer, and of children that it pays for, that would keep their period."
        " Inactive ones get the new payer without a billing document. A new billing day moves the next invoice of"
        " each.",
        graphql_type=list[PreviewedMove],
    )
    @staticmethod
    def moves(preview: strawberry.Parent[TransitionPreview]) -> tuple[Move, ...]:
        """Return the moves; empty if nothing moves."""
        return preview.transition.moves if preview.transition else ()

    @strawberry.field(
        description="The billing documents that the cuts would create.", graphql_type=list[PreviewedDocument]
    )
    @staticmethod
    def documents(preview: strawberry.Parent[TransitionPreview]) -> tuple[BillingDocument, ...]:
        """Return the billing documents that would be created; none if the update would compute no transition."""
        return preview.transition.billing_documents if preview.transition else ()

    @strawberry.field(description="The totals per payer and currency.", graphql_type=list[PreviewedTotal])
    @staticmethod
    def totals(preview: strawberry.Parent[TransitionPreview]) -> tuple[PayerTotal, ...]:
        """Return the totals per payer and currency; none if the update would compute no transition."""
        return preview.transition.totals if preview.transition else ()

    @strawberry.field(
        description="The value of `subscriptionTransitions` that the update requires: every active subscription of the"
        " customer. Empty if none is required.",
        graphql_type=list[SubscriptionTransition],
    )
    @staticmethod
    def subscription_transitions(preview: strawberry.Parent[TransitionPreview]) -> tuple[UUID, ...]:
        """Return the customer's own active subscriptions."""
        return preview.transition.to_acknowledge if preview.transition else ()

    @strawberry.field(
        description="A digest of the preview: an update with this `transitionDigest` books exactly what the preview"
        " shows, or is rejected with TRANSITION_CHANGED. Null if nothing was computed."
    )
    @staticmethod
    def digest(preview: strawberry.Parent[TransitionPreview]) -> str | None:
        """Return the digest of the computed transition."""
        return preview.digest

    would_replay: bool = strawberry.field(
        description="Whether the update would only return the answer that is stored under the same `idempotencyKey`,"
        " and write nothing. Then nothing else is previewed."
    )

    errors: list[UserError] = strawberry.field(
        description="All errors that the update would return. Beside IDEMPOTENCY_KEY_REUSED, only malformed fields are"
        " listed."
    )
