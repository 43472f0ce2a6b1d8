"""Problems: reasons why an input is rejected, each with a code, a path into the input, and data for programs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

Path = tuple[str | int, ...]


class ErrorCode(StrEnum):
    """The code of a problem."""

    FIELD_REQUIRED = "FIELD_REQUIRED"
    FIELD_NOT_CLEARABLE = "FIELD_NOT_CLEARABLE"
    FIELD_INVALID = "FIELD_INVALID"
    FIELD_TOO_LONG = "FIELD_TOO_LONG"
    FIELD_CONFLICT = "FIELD_CONFLICT"
    METADATA_LIMIT_EXCEEDED = "METADATA_LIMIT_EXCEEDED"
    METADATA_VALUE_INVALID = "METADATA_VALUE_INVALID"
    CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
    CUSTOMER_GROUP_NOT_FOUND = "CUSTOMER_GROUP_NOT_FOUND"
    CONTACT_NOT_FOUND = "CONTACT_NOT_FOUND"
    DEPARTMENT_NOT_FOUND = "DEPARTMENT_NOT_FOUND"
    LEDGER_ACCOUNT_NOT_FOUND = "LEDGER_ACCOUNT_NOT_FOUND"
    SUBSCRIPTION_NOT_FOUND = "SUBSCRIPTION_NOT_FOUND"
    WEBHOOK_ENDPOINT_NOT_FOUND = "WEBHOOK_ENDPOINT_NOT_FOUND"
    CUSTOMER_NUMBER_ALREADY_EXISTS = "CUSTOMER_NUMBER_ALREADY_EXISTS"
    EXTERNAL_SYSTEM_ID_ALREADY_EXISTS = "EXTERNAL_SYSTEM_ID_ALREADY_EXISTS"
    CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS = "CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS"
    CUSTOMER_GROUP_IN_USE = "CUSTOMER_GROUP_IN_USE"
    DEFAULT_REQUIRED = "DEFAULT_REQUIRED"
    PARENT_CUSTOMER_NOT_FOUND = "PARENT_CUSTOMER_NOT_FOUND"
    PARENT_CUSTOMER_SELF_REFERENCE = "PARENT_CUSTOMER_SELF_REFERENCE"
    PARENT_CUSTOMER_IS_CHILD = "PARENT_CUSTOMER_IS_CHILD"
    CUSTOMER_HAS_CHILDREN = "CUSTOMER_HAS_CHILDREN"
    PARENT_CUSTOMER_REQUIRED = "PARENT_CUSTOMER_REQUIRED"
    PARENT_CUSTOMER_INACTIVE = "PARENT_CUSTOMER_INACTIVE"
    PARENT_CURRENCY_MISMATCH = "PARENT_CURRENCY_MISMATCH"
    CUSTOMER_HAS_ACTIVE_CHILDREN = "CUSTOMER_HAS_ACTIVE_CHILDREN"
    BILLING_DAY_REQUIRED = "BILLING_DAY_REQUIRED"
    CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD = "CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD"
    SUBSCRIPTION_TRANSITIONS_REQUIRED = "SUBSCRIPTION_TRANSITIONS_REQUIRED"
    SUBSCRIPTION_TRANSITIONS_INCOMPLETE = "SUBSCRIPTION_TRANSITIONS_INCOMPLETE"
    SUBSCRIPTION_TRANSITIONS_UNKNOWN = "SUBSCRIPTION_TRANSITIONS_UNKNOWN"
    SUBSCRIPTION_TRANSITIONS_NOT_ACTIVE = "SUBSCRIPTION_TRANSITIONS_NOT_ACTIVE"
    SUBSCRIPTION_TRANSITIONS_DUPLICATE = "SUBSCRIPTION_TRANSITIONS_DUPLICATE"
    SUBSCRIPTION_TRANSITIONS_NOT_ALLOWED = "SUBSCRIPTION_TRANSITIONS_NOT_ALLOWED"
    SUBSCRIPTION_DATES_OUT_OF_RANGE = "SUBSCRIPTION_DATES_OUT_OF_RANGE"
    SUBSCRIPTION_INCONSISTENT = "SUBSCRIPTION_INCONSISTENT"
    SUBSCRIPTION_FIELD_FIXED = "SUBSCRIPTION_FIELD_FIXED"
    SUBSCRIPTION_PERIOD_CONFLICT = "SUBSCRIPTION_PERIOD_CONFLICT"
    SUBSCRIPTION_MOVED = "SUBSCRIPTION_MOVED"
    COMPANY_TIME_ZONE_UNKNOWN = "COMPANY_TIME_ZONE_UNKNOWN"
    TRANSITION_CHANGED = "TRANSITION_CHANGED"
    WEBHOOK_ENDPOINT_LIMIT_EXCEEDED = "WEBHOOK_ENDPOINT_LIMIT_EXCEEDED"
    WEBHOOK_URL_NOT_ALLOWED = "WEBHOOK_URL_NOT_ALLOWED"
    WEBHOOK_DOCUMENT_INVALID = "WEBHOOK_DOCUMENT_INVALID"
    WEBHOOK_SCOPE_REQUIRED = "WEBHOOK_SCOPE_REQUIRED"
    INVALID_CURSOR = "INVALID_CURSOR"
    FEED_CURSOR_EXPIRED = "FEED_CURSOR_EXPIRED"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    MORE_PROBLEMS = "MORE_PROBLEMS"

    @property
    def http_status(self) -> int:
        """HTTP status of the REST API: 400 malformed, 404 not found, 409 conflict with stored data, 422 broken rule."""
        if self in _MALFORMED:
            return 400
        if self in _CONFLICTS:
            return 409
        return 404 if self.endswith("_NOT_FOUND") else 422


_MALFORMED = frozenset(
    {
        ErrorCode.FIELD_REQUIRED,
        ErrorCode.FIELD_NOT_CLEARABLE,
        ErrorCode.FIELD_INVALID,
        ErrorCode.FIELD_TOO_LONG,
        ErrorCode.FIELD_CONFLICT,
        ErrorCode.METADATA_LIMIT_EXCEEDED,
        ErrorCode.METADATA_VALUE_INVALID,
        ErrorCode.INVALID_CURSOR,
        ErrorCode.MORE_PROBLEMS,
    }
)
_CONFLICTS = frozenset(
    {
        ErrorCode.CUSTOMER_NUMBER_ALREADY_EXISTS,
        ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS,
        ErrorCode.CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS,
        ErrorCode.CUSTOMER_GROUP_IN_USE,
        ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT,
        ErrorCode.SUBSCRIPTION_MOVED,
        ErrorCode.TRANSITION_CHANGED,
        ErrorCode.WEBHOOK_ENDPOINT_LIMIT_EXCEEDED,
        ErrorCode.FEED_CURSOR_EXPIRED,
        ErrorCode.VERSION_CONFLICT,
        ErrorCode.IDEMPOTENCY_KEY_REUSED,
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why an input is rejected."""

    code: ErrorCode
    path: Path
    """Attributes and list indices down to the value: ("rows", 3, "postal_code"); empty for the whole input."""
    message: str
    """What is wrong and what to do, without the subject, which app/graphql/paths.py adds: "must be an address …"."""

    @property
    def http_status(self) -> int:
        """HTTP status of the REST API."""
        return self.code.http_status


@dataclass(frozen=True, slots=True)
class LimitProblem(Problem):
    """A value that exceeds a limit."""

    limit: int
    actual: int


@dataclass(frozen=True, slots=True)
class MetadataProblem(Problem):
    """A problem with one metadata entry. Its path ends with the entry's key."""

    key: str


@dataclass(frozen=True, slots=True)
class CustomersProblem(Problem):
    """A problem caused by other customers, such as a customer that already has a unique value."""

    customer_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionsProblem(Problem):
    """A problem with subscriptions of the customer, or with ids that aren't its subscriptions."""

    subscription_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class VersionProblem(Problem):
    """The stored object was changed after the caller read it."""

    expected_version: int
    actual_version: int
    changed_fields: tuple[str, ...]
    """Schema names of the fields that changed since the expected version."""


@dataclass(frozen=True, slots=True)
class SubscriptionMovedProblem(Problem):
    """The row is based on a version of the subscription from before a transition or a new billing day."""

    transition_id: UUID | None
    """The transition that moved it; None for a new billing day."""
    version: int
    """The version that is stored."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Subscriptions for which a preview is outdated."""

    added: tuple[UUID, ...]
    """Moved now, but not in the preview."""
    removed: tuple[UUID, ...]
    """Moved in the preview, but not now."""
    changed: tuple[UUID, ...]
    """Moved in both, in different ways."""


@dataclass(frozen=True, slots=True)
class TransitionChangedProblem(Problem):
    """The change would now book something other than its preview showed."""

    digest: str
    """Digest of what would be booked now."""
    difference: Difference
    """The subscriptions that differ."""


MOST_LISTED = 100
"""Maximum number of problems listed in one response."""
MOST_LISTED_OF_ROW = 10
"""Maximum number of problems listed for one row."""


def listed(problems: Sequence[Problem], most: int, path: Path = ()) -> tuple[Problem, ...]:
    """Return the first problems. If some are left out, append one at `path` that says how many there are."""
    rest = problems[-1] if problems else None
    if isinstance(rest, LimitProblem) and rest.code is ErrorCode.MORE_PROBLEMS and rest.path == path:
        problems, count = problems[:-1], rest.actual
    else:
        count = len(problems)
    if len(problems) <= most:
        return (*problems,) if rest is None or count == len(problems) else (*problems, rest)
    message = f"has {count:,} problems, of which only the first {most:,} are listed: correct these, then try again."
    return (*problems[:most], LimitProblem(ErrorCode.MORE_PROBLEMS, path, message, most, count))


class Rejected(Exception):
    """The input was rejected and nothing was written. Holds all problems."""

    def __init__(self, problems: Iterable[Problem], current: object = None) -> None:
        self.problems = tuple(problems)
        self.current = current
        """The stored state or outcome that goes with the problems, such as the current object of a version conflict."""
        named = (f"{problem.code} at {'.'.join(map(str, problem.path))}" for problem in self.problems[:MOST_LISTED])
        super().__init__("; ".join(named))
