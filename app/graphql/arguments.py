"""Checking arguments: all faults of a field's arguments are found, then reported together, each at its path."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from uuid import UUID

from graphql import GraphQLError
from strawberry import Some
from strawberry.types.unset import UnsetType

from app.domain import fields
from app.domain.texts import stored_form
from app.graphql.codes import FieldCode

Path = tuple[str | int, ...]
ValueT = TypeVar("ValueT")


def given(value: ValueT | UnsetType | None) -> ValueT | None:
    """An optional argument; for a reading field, left out and null are the same."""
    return None if isinstance(value, UnsetType) else value


def sent_fields(sent: Any) -> dict[str, object]:
    """The fields of an input that were sent, by attribute; null is None, and what was left out is not there."""
    values = {each.name: getattr(sent, each.name) for each in dataclasses.fields(sent)}
    return {
        name: cast("Some[object]", value).value if isinstance(value, Some) else value
        for name, value in values.items()
        if value is not None
    }


MOST_IDS = 500
"""Maximum number of ids in a filter."""
MOST_FAULTS = 10
"""Maximum number of faults that one error holds; its message says that there are more."""


@dataclass(slots=True)
class Faults:
    """The first faults in the arguments of one field, and the number of all found so far."""

    found: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0

    def add(self, path: Path, message: str, code: FieldCode = FieldCode.BAD_USER_INPUT) -> None:
        """Note a fault; `path` leads from the argument to the value."""
        self.count += 1
        if self.count <= MOST_FAULTS:
            self.found.append({"code": code, "path": list(path), "message": message})

    def refuse_if_any(self) -> None:
        """Raise the error, if there are faults."""
        if self.found:
            raise self.error()

    def error(self) -> GraphQLError:
        """Return one error that holds the faults; its code is theirs where they agree."""
        codes = {fault["code"] for fault in self.found}
        return GraphQLError(
            " ".join(f"{_dotted(fault['path'])}: {fault['message']}" for fault in self.found)
            + (" There are more faults." if self.count > MOST_FAULTS else ""),
            extensions={"code": codes.pop() if len(codes) == 1 else FieldCode.BAD_USER_INPUT, "faults": self.found},
        )


def _dotted(path: list[str | int]) -> str:
    return ".".join(str(part) for part in path)


def identifier(value: str, path: Path, faults: Faults) -> UUID | None:
    """A UUID in its usual form, or a fault."""
    found = fields.identifier(value, path)
    if isinstance(found, UUID):
        return found
    faults.add(path, "must be a UUID, such as 0198c0de-0000-7000-8000-000000000000.")
    return None


def identifiers(values: list[str], path: Path, faults: Faults, *, most: int = MOST_IDS) -> tuple[UUID, ...]:
    """UUIDs without repetition, or faults."""
    if len(values) > most:
        faults.add(path, f"has {len(values)} ids; at most {most} are allowed.")
        return ()
    found: dict[UUID, None] = {}
    for place, value in enumerate(values):
        if faults.count > MOST_FAULTS:
            # Nothing more would be said of those that follow.
            break
        each = identifier(value, (*path, place), faults)
        if each is not None:
            found[each] = None
    return tuple(found)


def filled(value: str, path: Path, faults: Faults, *, advice: str = "", most: int = 255) -> str | None:
    """A string as it would be stored, or a fault: one without a visible character is never taken for "all"."""
    stored = stored_form(value)
    if not stored:
        faults.add(path, f"must not be blank{advice}.")
    elif "\0" in stored:
        faults.add(path, "must not contain U+0000.")
    elif len(stored) > most:
        faults.add(path, f"has {len(stored)} characters; at most {most} are allowed.")
    else:
        return stored
    return None


def bounded(value: int, path: Path, faults: Faults, *, most: int, least: int = 0) -> int:
    """A number of rows within its bounds, or a fault."""
    if not least <= value <= most:
        faults.add(path, f"must be between {least} and {most}, not {value}.")
    return value
