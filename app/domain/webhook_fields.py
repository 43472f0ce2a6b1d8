"""Fields of a webhook endpoint and how inputs are read into them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from app.domain.errors import ErrorCode, LimitProblem, Path, Problem
from app.domain.events import MOST_TYPES, EventType
from app.domain.fields import choice, invalid, text
from app.domain.identity import Scope
from app.domain.inputs import EXPECTED_VERSION, ID, Field, as_read, read_input
from app.domain.labels import shown_value
from app.domain.webhook_urls import read_url
from app.domain.webhooks import MOST_DOCUMENT_CHARACTERS, WebhookStatus

READ_SCOPES = frozenset({Scope.CUSTOMERS_READ, Scope.ACCOUNTS_READ})
"""The scopes that decide what events may show."""
_MOST_CURSOR_CHARACTERS = 4_000
_KNOWN = frozenset(EventType)
ACCOUNT_EVENTS = frozenset({EventType.LEDGER_ACCOUNT_CREATED, EventType.LEDGER_ACCOUNT_UPDATED})
"""The types of events that need accounts-read; all others need customers-read."""


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """An endpoint to change."""

    id: UUID | None
    """None if it is malformed."""
    values: Mapping[str, object]
    expected_version: int | None


def _read_types(value: object, path: Path) -> object:
    """Read types of events: each once, in a fixed order."""
    if not isinstance(value, list):
        return invalid(path, f"must be a list of event types, not {shown_value(value)}.")
    named = cast("list[object]", value)
    if not named:
        return invalid(path, "must have at least one type; leave it out, or send null, for all types.")
    if len(named) > MOST_TYPES:
        message = f"must have at most {MOST_TYPES} types, not {len(named)}."
        return LimitProblem(ErrorCode.FIELD_TOO_LONG, path, message, MOST_TYPES, len(named))
    unknown = [place for place, name in enumerate(named) if name not in _KNOWN]
    if unknown:
        return [invalid((*path, place), "must be a type of events.") for place in unknown]
    return tuple(kind for kind in EventType if kind in named)


FIELDS: Mapping[str, Field] = {
    "url": Field(read_url, clearable=False, required=True),
    "types": Field(_read_types),
    "document": Field(text(MOST_DOCUMENT_CHARACTERS)),
}
_STATUS = Field(choice(WebhookStatus), clearable=False)
_CURSOR = Field(text(_MOST_CURSOR_CHARACTERS), clearable=False)
_CHANGE_FIELDS = {"id": ID, **FIELDS, "status": _STATUS, "after": _CURSOR, "expected_version": EXPECTED_VERSION}


def read_new_endpoint(given: Mapping[str, object]) -> tuple[dict[str, object], list[Problem]]:
    """Return the values of a new endpoint and all problems of the input."""
    return read_input(given, FIELDS, creating=True)


def read_endpoint_change(given: Mapping[str, object]) -> tuple[EndpointChange, list[Problem]]:
    """Return the change that an input describes and all problems of the input."""
    values, found = read_input(given, _CHANGE_FIELDS)
    expected = cast("int | None", values.pop("expected_version", None))
    return EndpointChange(cast("UUID | None", values.pop("id", None)), values, expected), found


def canonical(given: Mapping[str, object]) -> dict[str, object]:
    """Return the input for an endpoint with every value in its stored form."""
    return as_read(given, read_input(given, _CHANGE_FIELDS)[0])


def problems(given: Mapping[str, object]) -> list[Problem]:
    """Return the problems of the fields that were sent."""
    return read_input(given, _CHANGE_FIELDS)[1]


def type_problems(types: Iterable[str], scopes: frozenset[Scope]) -> list[Problem]:
    """Return the problem of types whose events need a scope that the credential lacks."""
    if Scope.ACCOUNTS_READ in scopes or ACCOUNT_EVENTS.isdisjoint(types):
        return []
    return [scope_problem(("types",), Scope.ACCOUNTS_READ)]


def scope_problem(path: Path, scope: Scope) -> Problem:
    """Return the problem of a field that asks for what the credential may not read."""
    message = f"must not ask for data that needs the scope {scope}, which the credential doesn't have."
    return Problem(ErrorCode.WEBHOOK_SCOPE_REQUIRED, path, message)
