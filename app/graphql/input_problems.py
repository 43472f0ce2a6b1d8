"""What the domain finds in an input of which some fields can't be coerced, so that callers get all problems at once.

An input whose fields can all be coerced is read by its mutation, which reports the same problems in its payload. Only
what is stored can't be asked here. A field that can't be coerced is UNREAD, which the domain takes for malformed, so
that no rule judges it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from graphql import (
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    get_nullable_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)

from app.domain import customer_fields, group_fields, webhook_fields
from app.domain.account_fields import read_account
from app.domain.contact_fields import CONTACT
from app.domain.department_fields import DEPARTMENT
from app.domain.errors import Path, Problem
from app.domain.inputs import ID, read_input
from app.domain.member_rows import read_member_row, row_problems
from app.domain.members import MemberKind, read_change, read_new, read_removal
from app.domain.subscription_fields import read_subscription
from app.domain.transition import read_acknowledgement
from app.domain.upserts import ContactMatchKey, DepartmentMatchKey, MatchKey
from app.graphql.paths import full_message, schema_path
from app.graphql.strawberry_seam import attributes_of
from app.graphql.types import contact_input, customer_input, department_input, group_input, webhook_input
from app.graphql.types.contact_rows import UpsertContactRow, UpsertContactsInput
from app.graphql.types.customer_group_rows import UpsertCustomerGroupRow, UpsertCustomerGroupsInput
from app.graphql.types.department_rows import UpsertDepartmentRow, UpsertDepartmentsInput
from app.graphql.types.ledger_account_input import UpsertLedgerAccountRow, UpsertLedgerAccountsInput
from app.graphql.types.subscription_input import UpsertSubscriptionRow, UpsertSubscriptionsInput
from app.graphql.types.upsert_input import UpsertCustomerRow, UpsertCustomersInput
from app.services.customers.upsert_rows import match_key_problems
from app.services.idempotency import key_problems
from app.services.lists.upsert import at_row, size_problems

Given = Mapping[str, object]
"""The fields that were sent, by attribute."""
Read = Callable[[Given], Sequence[Problem]]
"""From an input to its problems."""
ReadRow = Callable[[Given, Given], Sequence[Problem]]
"""From a row and its list to the problems of the row that its list decides."""

_PROBLEMS_OF = "problems_of"
"""The extension of an input type under which the engine looks."""


def _created(given: Given) -> Sequence[Problem]:
    return customer_fields.read_fields(given, creating=True)[1]


def _changed(given: Given) -> Sequence[Problem]:
    _, malformed = read_acknowledgement(_acknowledged(given.get("subscription_transitions")))
    fields = customer_fields.read_fields(given, creating=False)[1]
    return [*read_input(given, {"id": ID})[1], *malformed, *fields]


def _acknowledged(entries: object) -> list[object] | None:
    if not isinstance(entries, list):
        return None
    named = cast("list[object]", entries)
    return [cast("Given", entry).get("subscription_id") if isinstance(entry, Mapping) else None for entry in named]


def _customer_without_key(row: Given, given: Given) -> Sequence[Problem]:
    match_by = given.get("match_by")
    if not isinstance(match_by, MatchKey):
        return ()
    return match_key_problems(row, match_by, customer_fields.read_fields(row, creating=False)[1])


def _member_of_list(kind: MemberKind) -> ReadRow:
    def read(row: Given, given: Given) -> Sequence[Problem]:
        match_by = given.get("match_by")
        if not isinstance(match_by, ContactMatchKey | DepartmentMatchKey):
            return ()
        return read_member_row(kind, row, match_by, creating=False)[1]

    return read


def _list_of(read_row: ReadRow = lambda _row, _given: ()) -> Read:
    """Return what reads a list whose rows were read before, each by itself."""

    def read(given: Given) -> Sequence[Problem]:
        rows = given.get("rows")
        if not isinstance(rows, list):
            return ()
        sent = cast("list[object]", rows)
        return size_problems(len(sent)) or [
            problem
            for index, row in enumerate(sent)
            if isinstance(row, Mapping)
            for problem in at_row(index, read_row(cast("Given", row), given))
        ]

    return read


READERS: Mapping[type, Read] = {
    customer_input.CreateCustomerInput: _created,
    customer_input.UpdateCustomerInput: _changed,
    UpsertCustomerRow: _changed,
    UpsertCustomersInput: _list_of(_customer_without_key),
    UpsertLedgerAccountRow: lambda given: read_account(given, creating=False)[1],
    UpsertLedgerAccountsInput: _list_of(),
    contact_input.CreateContactInput: lambda given: read_new(CONTACT, given)[2],
    contact_input.UpdateContactInput: lambda given: read_change(CONTACT, given)[1],
    contact_input.DeleteContactInput: lambda given: read_removal(given)[1],
    UpsertContactRow: lambda given: row_problems(CONTACT, given),
    UpsertContactsInput: _list_of(_member_of_list(CONTACT)),
    department_input.CreateDepartmentInput: lambda given: read_new(DEPARTMENT, given)[2],
    department_input.UpdateDepartmentInput: lambda given: read_change(DEPARTMENT, given)[1],
    department_input.DeleteDepartmentInput: lambda given: read_removal(given)[1],
    UpsertDepartmentRow: lambda given: row_problems(DEPARTMENT, given),
    UpsertDepartmentsInput: _list_of(_member_of_list(DEPARTMENT)),
    group_input.CreateCustomerGroupInput: group_fields.problems,
    group_input.UpdateCustomerGroupInput: group_fields.problems,
    group_input.DeleteCustomerGroupInput: group_fields.problems,
    UpsertCustomerGroupRow: lambda given: group_fields.read_group_row(given, creating=False)[1],
    UpsertCustomerGroupsInput: _list_of(),
    UpsertSubscriptionRow: lambda given: read_subscription(given, creating=False)[1],
    UpsertSubscriptionsInput: _list_of(),
    webhook_input.CreateWebhookEndpointInput: webhook_fields.problems,
    webhook_input.UpdateWebhookEndpointInput: webhook_fields.problems,
    webhook_input.DeleteWebhookEndpointInput: webhook_fields.problems,
    webhook_input.RotateWebhookSecretInput: webhook_fields.problems,
    webhook_input.TestWebhookEndpointInput: webhook_fields.problems,
    webhook_input.ReplayWebhookEndpointInput: webhook_fields.problems,
}
"""By input; inputs in them are read with them."""


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
    if isinstance(inner, GraphQLList) and isinstance(value, list):
        of_type = cast("Any", inner).of_type
        return [_value_by_attribute(of_type, item) for item in cast("list[object]", value)]
    return value
