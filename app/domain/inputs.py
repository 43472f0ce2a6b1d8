"""Reading of a whole input: every field that was sent, with all problems together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from app.domain.errors import ErrorCode, Path, Problem, Rejected, VersionProblem
from app.domain.fields import Reader, missing, read_uuid, whole

_MOST_VERSIONS = 2**31 - 1
_CONDITIONS = frozenset({"expected_version", "new_default_id"})


@dataclass(frozen=True, slots=True)
class Field:
    """The definition of one field of an input."""

    read: Reader
    clearable: bool = True
    """Whether null or blank text unsets the field."""
    required: bool = False
    """Whether a new object must have the field."""
    default: object = None
    """Value of a new object if the field is left out; the same as the column's default."""
    touches_family: bool = False
    """Whether rules about a customer's parent and children depend on the field."""


ID = Field(read_uuid, clearable=False)
"""The id of the object that an input concerns."""
EXPECTED_VERSION = Field(whole(1, _MOST_VERSIONS))
"""The version that the caller expects; null expects no version in particular."""


def read_input(
    given: Mapping[str, object], fields: Mapping[str, Field], *, creating: bool = False
) -> tuple[dict[str, object], list[Problem]]:
    """Return the values of the valid fields that were sent, by attribute, and all problems, in the order of `fields`.

    `given` holds only fields that were sent; None is null. With `creating`, missing required fields are problems too.
    """
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for name, field in fields.items():
        path = (name,)
        if name in given:
            found = _read(field, given[name], path, creating=creating)
            if isinstance(found, Problem):
                problems.append(found)
            elif isinstance(found, list):
                problems += cast("list[Problem]", found)
            else:
                values[name] = found
        elif creating and field.required:
            problems.append(missing(path))
    return values, problems


def _read(field: Field, value: object, path: Path, *, creating: bool) -> object:
    if value is None and not field.clearable:
        if creating and field.required:
            return missing(path)
        return Problem(ErrorCode.FIELD_NOT_CLEARABLE, path, "can't be null; leave it out instead.")
    found = None if value is None else field.read(value, path)
    return missing(path) if found is None and not field.clearable else found


def as_read(given: Mapping[str, object], values: Mapping[str, object]) -> dict[str, object]:
    """Return an input's fields with their values as they were read; fields with a problem stay as they were sent.

    Conditions that are null are removed, because they mean the same as conditions that are left out.
    """
    return {
        name: values.get(name, value) for name, value in given.items() if value is not None or name not in _CONDITIONS
    }


def find_changes(before: Any, values: Mapping[str, object]) -> dict[str, object]:
    """Return the values that differ from those of a stored row."""
    return {name: value for name, value in values.items() if getattr(before, name) != value}


def reject_if_any(problems: list[Problem]) -> None:
    """Raise Rejected if there are problems."""
    if problems:
        raise Rejected(problems)


def version_problem(expected: int | None, actual: int) -> VersionProblem | None:
    """Return the problem of a version that the caller doesn't expect, without the fields that changed since."""
    if expected is None or expected == actual:
        return None
    message = f"is {expected}, but version {actual} is stored: read the object again, then retry with that version."
    return VersionProblem(ErrorCode.VERSION_CONFLICT, ("expected_version",), message, expected, actual, ())
