"""Reading a whole input: each field that was sent by its reader, all problems together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from app.domain.errors import ErrorCode, Path, Problem, Rejected, VersionProblem
from app.domain.fields import Reader, identifier, schema_name, whole

_MOST_VERSIONS = 2**31 - 1
_CONDITIONS = frozenset({"expected_version", "new_default_id"})


@dataclass(frozen=True, slots=True)
class Field:
    """Everything that is said of one field of an input."""

    read: Reader
    clearable: bool = True
    """Whether null or a blank text unsets it."""
    required: bool = False
    """Whether a new object can't be without it."""
    default: object = None
    """What a new object has where the input doesn't say, as the table's column does."""
    touches_family: bool = False
    """Whether rules about a customer's parent and children read it."""


ID = Field(identifier, clearable=False)
"""The id of what an input is about."""
EXPECTED_VERSION = Field(whole(1, _MOST_VERSIONS))
"""The version that a caller has seen; null is no expectation."""


def read_input(
    given: Mapping[str, object], fields: Mapping[str, Field], *, creating: bool = False
) -> tuple[dict[str, object], list[Problem]]:
    """Return the values of the fields that were sent, by attribute, and all problems of the others, in the fields' order.

    `given` holds only what was sent; None is null. With `creating`, required fields that were not sent are problems too.
    """
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for name, field in fields.items():
        path = ("input", schema_name(name))
        if name in given:
            found = _read(field, given[name], path, creating=creating)
            if isinstance(found, Problem):
                problems.append(found)
            elif isinstance(found, list):
                problems += cast("list[Problem]", found)
            else:
                values[name] = found
        elif creating and field.required:
            problems.append(_missing(path))
    return values, problems


def _read(field: Field, value: object, path: Path, *, creating: bool) -> object:
    if value is None and not field.clearable:
        if creating and field.required:
            return _missing(path)
        return Problem(ErrorCode.FIELD_NOT_CLEARABLE, path, "can't be null; leave it out instead.")
    found = None if value is None else field.read(value, path)
    return _missing(path) if found is None and not field.clearable else found


def _missing(path: Path) -> Problem:
    return Problem(ErrorCode.FIELD_REQUIRED, path, "must be given and not be blank.")


def as_read(given: Mapping[str, object], values: Mapping[str, object]) -> dict[str, object]:
    """Return an input's fields by the values that were read, however they were written; what has a problem stays as it was sent.

    A condition that is null is none, as if it had been left out.
    """
    return {
        name: values.get(name, value) for name, value in given.items() if value is not None or name not in _CONDITIONS
    }


def reject_if_any(problems: list[Problem]) -> None:
    """Refuse the input for all of its problems."""
    if problems:
        raise Rejected(problems)


def version_problem(expected: int | None, actual: int) -> Problem | None:
    """Why a change of what has moved on does not happen; there is no history that tells which fields moved."""
    if expected is None or expected == actual:
        return None
    message = (
        f"is {expected}, but version {actual} is stored: look at what it is now, then try again with that version."
    )
    return VersionProblem(ErrorCode.VERSION_CONFLICT, ("input", "expectedVersion"), message, expected, actual, ())
