"""Rows of lists of contacts and departments: how a row is matched, and how its fields are read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, cast
from uuid import UUID

from app.domain.customer_keys import CUSTOMER, CustomerKey
from app.domain.errors import Problem
from app.domain.fields import missing, read_uuid
from app.domain.inputs import EXPECTED_VERSION, Field, as_read, read_input
from app.domain.members import MemberKind
from app.domain.texts import prefix_form
from app.domain.upserts import ContactMatchKey, DepartmentMatchKey

MemberMatchKey = ContactMatchKey | DepartmentMatchKey
_OWN: Mapping[str, Field] = {"id": Field(read_uuid), "customer": CUSTOMER}
_CONDITION: Mapping[str, Field] = {"expected_version": EXPECTED_VERSION}


def row_attributes(kind: MemberKind) -> tuple[str, ...]:
    """Return the attributes of a row."""
    return (*_OWN, *kind.fields, *_CONDITION)


class MemberKeys(NamedTuple):
    """What finds a row's member; None for what the row lacks or what can't be read."""

    id: UUID | None
    customer: CustomerKey | None
    key: str | None
    """The form of the natural key, which is unique among the members of a customer; not used with an id."""


def read_member_keys(kind: MemberKind, given: Mapping[str, object], match_by: MemberMatchKey) -> MemberKeys:
    """Return the keys of a row; `read_member_row` finds their problems."""
    named = {**_OWN, match_by.attribute: kind.fields[match_by.attribute]}
    values, _ = read_input({name: given[name] for name in named if name in given}, named)
    member_id = cast("UUID | None", values.get("id"))
    key = None if given.get("id") is not None else cast("str | None", values.get(match_by.attribute))
    form = None if key is None else key_form(match_by, key)
    return MemberKeys(member_id, cast("CustomerKey | None", values.get("customer")), form)


def key_form(match_by: MemberMatchKey, value: str) -> str:
    """Return the form in which values of a natural key are compared: of emails that of searches, ignoring case."""
    return prefix_form(value) if match_by is ContactMatchKey.EMAIL else value


def read_member_row(
    kind: MemberKind, given: Mapping[str, object], match_by: MemberMatchKey, *, creating: bool
) -> tuple[dict[str, object], list[Problem]]:
    """Return the member's values that were sent and the expected version, by attribute, and all problems of the row.

    Without an id, the customer and the natural key are required. A new member needs a name.
    """
    required = {"customer", match_by.attribute} if given.get("id") is None else set[str]()
    required |= {"name"} if creating else set[str]()
    fields = {
        name: _required(field, required=name in required)
        for name, field in {**_OWN, **kind.fields, **_CONDITION}.items()
    }
    values, problems = read_input(given, fields, creating=True)
    if match_by.attribute in required and values.get(match_by.attribute, "") is None:
        problems.append(missing((match_by.attribute,)))
    return {name: value for name, value in values.items() if name not in _OWN}, problems


def row_problems(kind: MemberKind, given: Mapping[str, object]) -> list[Problem]:
    """Return the problems of the fields that were sent, whatever key the list is matched by."""
    return read_input(given, {**_OWN, **kind.fields, **_CONDITION})[1]


def canonical_row(kind: MemberKind, given: Mapping[str, object]) -> dict[str, object]:
    """Return a row with every value in its stored form."""
    return as_read(given, read_input(given, {**_OWN, **kind.fields, **_CONDITION})[0])


def _required(field: Field, *, required: bool) -> Field:
    return replace(field, required=required)
