"""Refusals as types of the schema: the one place where a domain fault becomes a UserError."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver

from app.domain.errors import (
    CustomersFault,
    Fault,
    LimitFault,
    MetadataFault,
    Refused,
    SubscriptionsFault,
    TransitionChangedFault,
    VersionFault,
)
from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.types.enums import UserErrorCode


@strawberry.interface(description="Why an input was refused, in a way that the caller can mend. Nothing was written.")
class UserError:
    """How a fault is shown."""

    code: UserErrorCode = strawberry.field(description="The reason.")
    message: str = strawberry.field(description="What is wrong and what to do, for people.")

    # GraphQL has no list of mixed values: places become strings.
    path: list[str] = strawberry.field(
        description='The input that it is about, such as `["input", "metadata", "key"]`; places in lists are numbers.'
    )
    http_status: int = strawberry.field(description="The HTTP status that the REST API answers with for this reason.")


ChangedFault = strawberry.Parent[TransitionChangedFault]


def _shown_ids(ids: Iterable[UUID], info: Info) -> list[str]:
    """Ids as the schema shows them. Writing does not imply reading: none to a credential that may not."""
    return [str(each) for each in ids] if may_read(info) else []


def may_read(info: Info, scope: Scope = Scope.CUSTOMERS_READ) -> bool:
    """Whether what is stored, and was not written by this very request, may be shown."""
    return scope in info.context.principal.scopes


def _shows(*kinds: type[Fault]) -> Callable[[object, object], bool]:
    """Faults travel as they are, so a type says itself which it shows; the interface's own check knows only classes of types."""

    def is_type_of(fault: object, _info: object) -> bool:
        return type(fault) in kinds

    return is_type_of


@strawberry.type(description="A fault of one field, or of a rule, that its path and code say all about.")
class InputError(UserError):
    """A plain fault."""

    is_type_of = _shows(Fault)


@strawberry.type(description="Something is too long, too many or too large.")
class LimitError(UserError):
    """A fault with a limit."""

    limit: int = strawberry.field(description="The most that is allowed.")
    actual: int = strawberry.field(description="What was given.")
    is_type_of = _shows(LimitFault)


@strawberry.type(description="A fault of one metadata entry.")
class MetadataError(UserError):
    """A fault with a key."""

    key: str = strawberry.field(description="The entry's key.")
    is_type_of = _shows(MetadataFault)


@strawberry.type(
    description="A fault about other customers: the one that has the value already, the children in the way,"
    " or those that belong to a group."
)
class CustomersError(UserError):
    """A fault with customers."""

    @strawberry.field(
        description="The customers' ids; empty for a credential without customers-read.",
        graphql_type=list[strawberry.ID],
    )
    @staticmethod
    def customer_ids(fault: strawberry.Parent[CustomersFault], info: Info) -> list[str]:
        """As the schema shows ids."""
        return _shown_ids(fault.customer_ids, info)

    is_type_of = _shows(CustomersFault)


@strawberry.type(description="A fault about subscriptions: those missing from, or wrong in, `subscriptionTransitions`.")
class SubscriptionsError(UserError):
    """A fault with subscriptions."""

    @strawberry.field(
        description="The subscriptions' ids; empty for a credential without customers-read.",
        graphql_type=list[strawberry.ID],
    )
    @staticmethod
    def subscription_ids(fault: strawberry.Parent[SubscriptionsFault], info: Info) -> list[str]:
        """As the schema shows ids."""
        return _shown_ids(fault.subscription_ids, info)

    is_type_of = _shows(SubscriptionsFault)


@strawberry.type(
    description="The object has changed since it was read; the payload shows what it is now, to a credential with"
    " customers-read."
)
class VersionConflictError(UserError):
    """A fault with versions."""

    expected_version: int = strawberry.field(description="The version that the caller expected.")
    actual_version: int = strawberry.field(description="The version that is stored.")
    changed_fields: list[str] = strawberry.field(
        description="The fields that changed in between, in the schema's names."
    )
    is_type_of = _shows(VersionFault)


@strawberry.type(description="What would be booked is no longer what the preview showed.")
class TransitionChangedError(UserError):
    """A fault with a digest."""

    @strawberry.field(
        description="The digest of what would be booked now; preview again to see it. Null without customers-read."
    )
    @staticmethod
    def digest(fault: ChangedFault, info: Info) -> str | None:
        """It holds the ids of the subscriptions."""
        return fault.digest if may_read(info) else None

    @strawberry.field(
        description="Subscriptions that would be moved now and were not in the preview; empty without customers-read.",
        graphql_type=list[strawberry.ID],
    )
    @staticmethod
    def added_subscription_ids(fault: ChangedFault, info: Info) -> list[str]:
        """As the schema shows ids."""
        return _shown_ids(fault.difference.added, info)

    @strawberry.field(
        description="Subscriptions of the preview that would no longer be moved; empty without customers-read.",
        graphql_type=list[strawberry.ID],
    )
    @staticmethod
    def removed_subscription_ids(fault: ChangedFault, info: Info) -> list[str]:
        """As the schema shows ids."""
        return _shown_ids(fault.difference.removed, info)

    @strawberry.field(
        description="Subscriptions that would be moved otherwise than the preview showed; empty without customers-read.",
        graphql_type=list[strawberry.ID],
    )
    @staticmethod
    def changed_subscription_ids(fault: ChangedFault, info: Info) -> list[str]:
        """As the schema shows ids."""
        return _shown_ids(fault.difference.changed, info)

    is_type_of = _shows(TransitionChangedFault)


ERROR_TYPES: Iterable[type] = (
    InputError,
    LimitError,
    MetadataError,
    CustomersError,
    SubscriptionsError,
    VersionConflictError,
    TransitionChangedError,
)
"""The kinds of UserError; a schema must be told the types that only an interface leads to."""


def type_of_fault(fault: Fault, _info: object, _abstract: object) -> str:
    """Return the name of the type that shows a fault: asking each type in turn takes most of the time of a list of errors."""
    return _SHOWN[type(fault)]


_SHOWN: dict[type[Fault], str] = {
    Fault: "InputError",
    LimitFault: "LimitError",
    MetadataFault: "MetadataError",
    CustomersFault: "CustomersError",
    SubscriptionsFault: "SubscriptionsError",
    VersionFault: "VersionConflictError",
    TransitionChangedFault: "TransitionChangedError",
}


class ReportsRefusals(FieldExtension):
    """Turns what a service refused into a payload, so that no resolver has to; before a write, forgets what was read so far."""

    def __init__(
        self, refused: Callable[[Refused], Any], *, writes: bool = True, reads: Scope = Scope.CUSTOMERS_READ
    ) -> None:
        self._refused = refused
        self._writes = writes
        self._reads = reads
        """What a credential needs to be shown what is stored."""

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **arguments: Any) -> Any:
        """Resolve. The payload of a write is read by a session that begins after it."""
        if self._writes:
            # Before and not after: an operation that held one connection while it waits for another could wait for itself.
            await info.context.begin_anew()
        try:
            payload = await next_(source, info, **arguments)
        except Refused as refused:
            payload = self._refused(refused if may_read(info, self._reads) else Refused(refused.faults))
        return payload
