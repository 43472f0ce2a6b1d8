"""The types that show domain problems in the schema, and the translation of Rejected into payloads.

The file is over 250 lines because it lists all types of problems.
"""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver

from app.domain.errors import (
    CustomersProblem,
    LimitProblem,
    MetadataProblem,
    Problem,
    Rejected,
    SubscriptionMovedProblem,
    SubscriptionsProblem,
    TransitionChangedProblem,
    VersionProblem,
)
from app.domain.identity import Scope
from app.domain.labels import path_texts
from app.graphql.context import Info
from app.graphql.paths import full_message, schema_path
from app.graphql.types.enums import UserErrorCode


def _shown_message(problem: strawberry.Parent[Problem]) -> str:
    """Return the message with its subject, so that it can be shown without the path."""
    return full_message(problem)


def _shown_path(problem: strawberry.Parent[Problem]) -> list[str]:
    """Return the path in the schema's names."""
    return path_texts(schema_path(problem))


@strawberry.interface(description="Why an input was rejected: a problem that the caller can fix. Nothing was written.")
class UserError:
    """The fields that all kinds of problems have."""

    code: UserErrorCode = strawberry.field(description="The reason why the input was rejected.")
    message: str = strawberry.field(
        resolver=_shown_message, description="What is wrong and what to do, in English, for people."
    )
    path: list[str] = strawberry.field(
        resolver=_shown_path,
        description='The path of the input field, such as `["input", "metadata", "key"]`; indexes in lists are numbers'
        " written as strings.",
    )
    http_status: int = strawberry.field(description="The HTTP status with which the REST API reports this reason.")


ChangedProblem = strawberry.Parent[TransitionChangedProblem]


def _shown_ids(ids: Iterable[UUID], info: Info) -> list[str]:
    """Return ids as the schema shows them; none without the scope, because writing does not imply reading."""
    return [str(id_) for id_ in ids] if may_read(info) else []


def may_read(info: Info) -> bool:
    """Return whether the credential may read data that this request did not write."""
    return Scope.CUSTOMERS_READ in info.context.principal.scopes


def _shows(*kinds: type[Problem]) -> Callable[[object, object], bool]:
    """Return an `is_type_of` for domain problems: Strawberry's own accepts only instances of the type."""

    def is_type_of(problem: object, _info: object) -> bool:
        return type(problem) in kinds

    return is_type_of


@strawberry.type(description="A problem with one field or one rule; path and code describe it fully.")
class InputError(UserError):
    """A plain problem."""

    is_type_of = _shows(Problem)


@strawberry.type(description="A limit is exceeded: `actual` is greater than `limit`.")
class LimitError(UserError):
    """A problem with a limit."""

    limit: int = strawberry.field(description="The maximum allowed.")
    actual: int = strawberry.field(description="The length, number or size that was given.")
    is_type_of = _shows(LimitProblem)


@strawberry.type(description="A problem with one metadata entry.")
class MetadataError(UserError):
    """A problem with a key."""

    key: str = strawberry.field(description="The entry's key.")
    is_type_of = _shows(MetadataProblem)


@strawberry.type(
    description="A problem with other customers: the customer that already has the value, the children that prevent the"
    " change, or the customers of a group."
)
class CustomersError(UserError):
    """A problem with customers."""

    @strawberry.field(
        description="The customers' ids; empty for a credential without customers-read.",
        graphql_type=list[strawberry.ID],
    )
    @staticmethod
    def customer_ids(problem: strawberry.Parent[CustomersProblem], info: Info) -> list[str]:
        """Return ids as strings."""
        return _shown_ids(problem.customer_ids, info)

    is_type_of = _shows(CustomersProblem)


@strawberry.type(
    description="A problem with subscriptions: those missing from `subscriptionTransitions`, or wrong in it."
)
class SubscriptionsError(UserError):
    """A problem with subscriptions."""

    @strawberry.field(
        description="The subscriptions' ids; empty for a credential without customers-read.",
        graphql_type=list[strawberry.ID],
    )
    @staticmethod
    def subscription_ids(problem: strawberry.Parent[SubscriptionsProblem], info: Info) -> list[str]:
        """Return ids as strings."""
        return _shown_ids(problem.subscription_ids, info)

    is_type_of = _shows(SubscriptionsProblem)


@strawberry.type(
    description="The object has changed since it was read. With customers-read, the payload shows its current state."
)
class VersionConflictError(UserError):
    """A problem with versions."""

    expected_version: int = strawberry.field(description="The version that the caller expected.")
    actual_version: int = strawberry.field(description="The version that is stored.")
    changed_fields: list[str] = strawberry.field(
        description="The fields that have changed since the expected version, in the schema's names."
    )
    is_type_of = _shows(VersionProblem)


MovedProblem = strawberry.Parent[SubscriptionMovedProblem]


@strawberry.type(
    description="The row is based on a version of the subscription from before a transition or a new billing day."
    " Since then, its period, payer or billing day has changed."
)
class SubscriptionMovedError(UserError):
    """A problem with a message that is older than a transition."""

    @strawberry.field(
        description="The id of the transition, which `node` finds; null for a new billing day, and without"
        " customers-read.",
        graphql_type=strawberry.ID | None,
    )
    @staticmethod
    def transition_id(problem: MovedProblem, info: Info) -> str | None:
        """As the schema shows ids."""
        shown = _shown_ids([problem.transition_id] if problem.transition_id else [], info)
        return shown[0] if shown else None

    version: int = strawberry.field(description="The version that is stored.")
    is_type_of = _shows(SubscriptionMovedProblem)


@strawberry.type(description="What would be booked is no longer what the preview showed.")
class TransitionChangedError(UserError):
    """A problem with a digest."""

    @strawberry.field(
        description="The digest of what would be booked now; preview again to see it. Null without customers-read."
    )
    @staticmethod
    def digest(problem: ChangedProblem, info: Info) -> str | None:
        """Return the digest, which contains the ids of the subscriptions, only with the scope."""
        return problem.digest if may_read(info) else None

    @strawberry.field(
        description="Subscriptions that would be moved now and were not in the preview; empty without customers-read.",
        graphql_type=list[strawberry.ID],
    )
    @staticmethod
    def added_subscription_ids(problem: ChangedProblem, info: Info) -> list[str]:
        """Return ids as strings."""
        return _shown_ids(problem.difference.added, info)

    @strawberry.field(
        description="Subscriptions of the preview that would no longer be moved; empty without customers-read.",
        graphql_type=list[strawberry.ID],
    )
    @staticmethod
    def removed_subscription_ids(problem: ChangedProblem, info: Info) -> list[str]:
        """Return ids as strings."""
        return _shown_ids(problem.difference.removed, info)

    @strawberry.field(
        description="Subscriptions that would be moved differently than in the preview; empty without customers-read.",
        graphql_type=list[strawberry.ID],
    )
    @staticmethod
    def changed_subscription_ids(problem: ChangedProblem, info: Info) -> list[str]:
        """Return ids as strings."""
        return _shown_ids(problem.difference.changed, info)

    is_type_of = _shows(TransitionChangedProblem)


ERROR_TYPES: Iterable[type] = (
    InputError,
    LimitError,
    MetadataError,
    CustomersError,
    SubscriptionsError,
    VersionConflictError,
    SubscriptionMovedError,
    TransitionChangedError,
)
"""The kinds of UserError. A schema has to list them, because no field has their types, only their interface."""


def type_of_problem(problem: Problem, _info: object, _abstract: object) -> str:
    """Return the name of the type that shows a problem. Calling `is_type_of` of all types would be slow."""
    return _SHOWN[type(problem)]


_SHOWN: dict[type[Problem], str] = {
    Problem: "InputError",
    LimitProblem: "LimitError",
    MetadataProblem: "MetadataError",
    CustomersProblem: "CustomersError",
    SubscriptionsProblem: "SubscriptionsError",
    VersionProblem: "VersionConflictError",
    SubscriptionMovedProblem: "SubscriptionMovedError",
    TransitionChangedProblem: "TransitionChangedError",
}


class ReportsProblems(FieldExtension):
    """Turn Rejected into a payload with `errors`. Before a write, discard what was read so far."""

    def __init__(self, rejected: Callable[[Rejected], Any], *, writes: bool = True) -> None:
        self._rejected = rejected
        """Makes the payload. Its fields that show stored objects check the scope: results of rows are for everyone."""
        self._writes = writes

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **arguments: Any) -> Any:
        """Resolve. The payload of a write is read by a session that begins after it."""
        if self._writes:
            # Before the write: an operation that holds a connection while it waits for another could wait for itself.
            await info.context.begin_anew()
        try:
            payload = await next_(source, info, **arguments)
        except Rejected as rejected:
            payload = self._rejected(rejected)
        return payload
