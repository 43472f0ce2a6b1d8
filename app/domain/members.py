"""Inputs and rules of members: a customer's contacts and departments, of which one is the default."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from app.domain.errors import ErrorCode, Path, Problem
from app.domain.fields import read_uuid, schema_name
from app.domain.inputs import EXPECTED_VERSION, ID, Field, as_read, read_input

NEW_DEFAULT: Path = ("new_default_id",)
_CONTROLS = {"id": ID, "new_default_id": Field(read_uuid), "expected_version": EXPECTED_VERSION}


@dataclass(frozen=True, slots=True)
class MemberKind:
    """A kind of member: what differs between contacts and departments."""

    noun: str
    not_found: ErrorCode
    default: str
    """The attribute that marks the default."""
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A contact or department to update or delete."""

    id: UUID | None
    """None if it is malformed."""
    values: Mapping[str, object]
    new_default_id: UUID | None
    """Id of the member that becomes the default."""
    expected_version: int | None


def read_new(kind: MemberKind, given: Mapping[str, object]) -> tuple[UUID | None, dict[str, object], list[Problem]]:
    """Return the customer of a new member (None if it is malformed), its values, and all problems of the input."""
    values, problems = read_input(given, {"customer_id": ID, **kind.fields})
    return cast("UUID | None", values.pop("customer_id", None)), values, problems


def read_change(kind: MemberKind, given: Mapping[str, object]) -> tuple[MemberChange, list[Problem]]:
    """Return the change that an input describes, and all problems of the input."""
    values, problems = read_input(given, {**_CONTROLS, **kind.fields})
    is_readable = kind.default in values or kind.default not in given
    if is_readable and values.get("new_default_id") is not None and values.get(kind.default) is not False:
        message = f"is only allowed when {schema_name(kind.default)} is set to false; leave it out otherwise."
        problems.append(Problem(ErrorCode.FIELD_CONFLICT, NEW_DEFAULT, message))
    return _change(values, problems)


def read_removal(given: Mapping[str, object]) -> tuple[MemberChange, list[Problem]]:
    """Return the removal that an input describes, and all problems of the input."""
    return _change(*read_input(given, _CONTROLS))


def canonical(kind: MemberKind, given: Mapping[str, object]) -> dict[str, object]:
    """Return the input for a new, updated or deleted member with every value in its stored form."""
    return as_read(given, read_input(given, {"customer_id": ID, **_CONTROLS, **kind.fields})[0])


def _change(values: dict[str, object], problems: list[Problem]) -> tuple[MemberChange, list[Problem]]:
    member_id, new_default_id = values.pop("id", None), values.pop("new_default_id", None)
    if new_default_id is not None and new_default_id == member_id:
        problems.append(Problem(ErrorCode.FIELD_CONFLICT, NEW_DEFAULT, "must not be the same as id."))
    expected_version = values.pop("expected_version", None)
    change = MemberChange(
        cast("UUID | None", member_id),
        values,
        cast("UUID | None", new_default_id),
        cast("int | None", expected_version),
    )
    return change, problems


def member_not_found(kind: MemberKind, path: Path = ("id",), owner: str = "company") -> Problem:
    """Return the problem of an id that no member of the company or customer has."""
    return Problem(kind.not_found, path, f"must be the id of a {kind.noun} of the {owner}.")


def default_required(noun: str) -> Problem:
    """Return the problem of a default that goes although others remain and no new default is named."""
    message = (
        f"must be the id of the {noun} that becomes the default, because the customer has others besides this one."
    )
    return Problem(ErrorCode.DEFAULT_REQUIRED, NEW_DEFAULT, message)


def default_stays(attribute: str, noun: str) -> Problem:
    """Return the problem of a row that takes the default away while others remain and no row names a new one."""
    message = f"must stay true unless another row makes its {noun} the default: the customer has others."
    return Problem(ErrorCode.DEFAULT_REQUIRED, (attribute,), message)


def several_defaults(attribute: str, noun: str) -> Problem:
    """Return the problem of rows that each make another member the default."""
    return Problem(ErrorCode.FIELD_CONFLICT, (attribute,), f"must be true for only one {noun} of a customer in a list.")


def not_the_default(noun: str) -> Problem:
    """Return the problem of naming a new default when the deleted member isn't the default."""
    message = (
        f"must be left out: this {noun} is not the default. To change the default, update the {noun} that becomes it."
    )
    return Problem(ErrorCode.FIELD_CONFLICT, NEW_DEFAULT, message)
