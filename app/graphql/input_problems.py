"""What the domain finds in an input of which other fields can't be coerced, so that callers get all problems at once.

An input whose fields can all be coerced is read by its mutation, which reports the same problems in its payload.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from graphql import (
    GraphQLInputObjectType,
    GraphQLSchema,
    get_nullable_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)

from app.domain import account_fields, customer_fields, group_fields, subscription_fields
from app.domain.contact_fields import CONTACT
from app.domain.department_fields import DEPARTMENT
from app.domain.errors import Path, Problem
from app.domain.fields import read_uuid
from app.domain.inputs import EXPECTED_VERSION, ID, Field, read_input
from app.domain.members import MemberKind
from app.graphql.paths import full_message, schema_path
from app.graphql.strawberry_seam import attributes_of
from app.graphql.types import contact_input, customer_input, department_input, group_input
from app.graphql.types.contact_rows import UpsertContactRow
from app.graphql.types.customer_group_rows import UpsertCustomerGroupRow
from app.graphql.types.department_rows import UpsertDepartmentRow
from app.graphql.types.ledger_account_input import UpsertLedgerAccountRow
from app.graphql.types.subscription_input import CurrentPeriodInput, UpsertSubscriptionRow
from app.graphql.types.upsert_input import UpsertCustomerRow
from app.services.idempotency import key_problems

Read = Callable[[Mapping[str, object]], Sequence[Problem]]
"""From the fields that were sent, by attribute, to their problems."""

_PROBLEMS_OF = "problems_of"
"""The extension of an input type under which the engine looks."""
_CONTROLS = {
    "id": ID,
    "customer_id": ID,
    "new_default_id": Field(read_uuid),
    "expected_version": EXPECTED_VERSION,
}


def _created(given: Mapping[str, object]) -> Sequence[Problem]:
    return customer_fields.read_fields(given, creating=True)[1]


def _changed(given: Mapping[str, object]) -> Sequence[Problem]:
    return [*read_input(given, {"id": ID})[1], *customer_fields.read_fields(given, creating=False)[1]]


def _member(kind: MemberKind) -> Read:
    fields = {**_CONTROLS, **kind.fields}
    return lambda given: read_input(given, fields)[1]


def _listed(kind: MemberKind) -> Read:
    fields = {"id": Field(read_uuid), **kind.fields, "expected_version": EXPECTED_VERSION}
    return lambda given: read_input(given, fields)[1]


def _group(given: Mapping[str, object]) -> Sequence[Problem]:
    return group_fields.read_group_row(given, creating=False)[1]


def _account(given: Mapping[str, object]) -> Sequence[Problem]:
    return account_fields.read_account(given, creating=False)[1]


def _subscription(given: Mapping[str, object]) -> Sequence[Problem]:
    return subscription_fields.read_subscription(given, creating=False)[1]


def _period(given: Mapping[str, object]) -> Sequence[Problem]:
    return read_input(given, subscription_fields.PERIOD_FIELDS, creating=True)[1]


READERS: Mapping[type, Read] = {
    customer_input.CreateCustomerInput: _created,
    customer_input.UpdateCustomerInput: _changed,
    UpsertCustomerRow: _changed,
    UpsertLedgerAccountRow: _account,
    contact_input.CreateContactInput: _member(CONTACT),
    contact_input.UpdateContactInput: _member(CONTACT),
    contact_input.DeleteContactInput: _member(CONTACT),
    department_input.CreateDepartmentInput: _member(DEPARTMENT),
    department_input.UpdateDepartmentInput: _member(DEPARTMENT),
    department_input.DeleteDepartmentInput: _member(DEPARTMENT),
    UpsertContactRow: _listed(CONTACT),
    UpsertDepartmentRow: _listed(DEPARTMENT),
    UpsertCustomerGroupRow: _group,
    UpsertSubscriptionRow: _subscription,
    CurrentPeriodInput: _period,
    group_input.CreateCustomerGroupInput: group_fields.problems,
    group_input.UpdateCustomerGroupInput: group_fields.problems,
    group_input.DeleteCustomerGroupInput: group_fields.problems,
}
"""By input. Only these may have fields of the scalars that leave unreadable text to the domain: Decimal and Date."""


def set_readers(schema: GraphQLSchema) -> None:
    """Tell the engine how to find the domain's problems in each input."""
    for kind, read in READERS.items():
        shown = schema.type_map.get(kind.__name__)
        if shown is not None:
            shown.extensions[_PROBLEMS_OF] = _problems_of(cast("GraphQLInputObjectType", shown), read)


def _problems_of(
    kind: GraphQLInputObjectType, read: Read
) -> Callable[[Mapping[str, object]], Iterator[tuple[str, Path, str]]]:
    def problems_of(given: Mapping[str, object]) -> Iterator[tuple[str, Path, str]]:
        """Yield code, path from a field of the input, and message of each problem."""
        sent = _by_attribute(kind, given)
        key = sent.get("idempotency_key")
        for problem in (*read(sent), *key_problems(key if isinstance(key, str) else None)):
            yield problem.code, schema_path(problem)[1:], full_message(problem)

    return problems_of


def _by_attribute(kind: GraphQLInputObjectType, given: Mapping[str, object]) -> dict[str, object]:
    """Return fields by attribute, and so those of inputs in them, which the domain reads with the others."""
    attributes = attributes_of(kind)
    return {attributes[name]: _value_by_attribute(kind.fields[name].type, value) for name, value in given.items()}


def _value_by_attribute(kind: Any, value: object) -> object:
    inner = cast("Any", get_nullable_type(kind))
    if isinstance(inner, GraphQLInputObjectType) and isinstance(value, Mapping):
        return _by_attribute(inner, cast("Mapping[str, object]", value))
    return value
