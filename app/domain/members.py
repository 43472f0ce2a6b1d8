"""What belongs to a customer and has a default among it, contacts and departments: their inputs, and how a default may go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from app.domain.errors import ErrorCode, Path, Problem
from app.domain.fields import identifier, schema_name
from app.domain.inputs import EXPECTED_VERSION, ID, Field, as_read, read_input, reject_if_any

NEW_DEFAULT: Path = ("input", "newDefaultId")
_CONTROLS = {"id": ID, "new_default_id": Field(identifier), "expected_version": EXPECTED_VERSION}


@dataclass(frozen=True, slots=True)
class MemberKind:
    """What the rules of contacts and departments differ in."""

    noun: str
    not_found: ErrorCode
    default: str
    """The attribute that marks the default."""
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class NewMember:
    """A contact or department to create."""

    customer_id: UUID
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A contact or department to change or to remove."""

    id: UUID
    values: Mapping[str, object]
    new_default_id: UUID | None
    """The one that becomes the default."""
    expected_version: int | None


def read_new(kind: MemberKind, given: Mapping[str, object]) -> NewMember:
    """The member that an input describes, or all of the input's problems."""
    values, problems = read_input(given, {"customer_id": ID, **kind.fields})
    reject_if_any(problems)
    return NewMember(cast("UUID", values.pop("customer_id")), values)


def read_change(kind: MemberKind, given: Mapping[str, object]) -> MemberChange:
    """The change that an input describes, or all of the input's problems."""
    values, problems = read_input(given, {**_CONTROLS, **kind.fields})
    if values.get("new_default_id") is not None and values.get(kind.default) is not False:
        message = f"is only for setting {schema_name(kind.default)} to false; leave it out."
        problems.append(Problem(ErrorCode.FIELD_CONFLICT, NEW_DEFAULT, message))
    return _change(values, problems)


def read_removal(given: Mapping[str, object]) -> MemberChange:
    """The removal that an input describes, or all of the input's problems."""
    return _change(*read_input(given, _CONTROLS))


def canonical(kind: MemberKind, given: Mapping[str, object]) -> dict[str, object]:
    """Return the input of any of the three by what it means."""
    return as_read(given, read_input(given, {"customer_id": ID, **_CONTROLS, **kind.fields})[0])


def _change(values: dict[str, object], problems: list[Problem]) -> MemberChange:
    member_id, heir_id = values.pop("id", None), values.pop("new_default_id", None)
    if heir_id is not None and heir_id == member_id:
        problems.append(Problem(ErrorCode.FIELD_CONFLICT, NEW_DEFAULT, "must name another one than the id."))
    reject_if_any(problems)
    expected = values.pop("expected_version", None)
    return MemberChange(cast("UUID", member_id), values, cast("UUID | None", heir_id), cast("int | None", expected))


def default_required(noun: str) -> Problem:
    """Why the default may not go: others remain, and none of them was named to follow."""
    message = f"must name the {noun} that becomes the default: this one is it, and the customer has others."
    return Problem(ErrorCode.DEFAULT_REQUIRED, NEW_DEFAULT, message)


def not_the_default(noun: str) -> Problem:
    """Why another one can't become the default: the one that goes is not it."""
    message = (
        f"must be left out: this {noun} is not the default. To change the default, update the {noun} that becomes it."
    )
    return Problem(ErrorCode.FIELD_CONFLICT, NEW_DEFAULT, message)
