"""Checking arguments: all problems of a field's arguments are found, then reported together, each at its path."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from uuid import UUID

from graphql import GraphQLError
from strawberry import Some

from app.domain import fields
from app.domain.errors import Path
from app.domain.labels import path_texts, subject_of_argument
from app.domain.texts import stored_form
from app.graphql.codes import FieldCode
from app.graphql.strawberry_seam import UnsetType

ValueT = TypeVar("ValueT")


def given(value: ValueT | UnsetType | None) -> ValueT | None:
    """Return the value of an optional argument; None if it is null or left out, which are the same in queries."""
    return None if isinstance(value, UnsetType) else value


def sent_fields(sent: Any) -> dict[str, object]:
    """Return the fields of an input that were sent, by attribute; null is None, other fields are missing."""
    values = {field.name: getattr(sent, field.name) for field in dataclasses.fields(sent)}
    return {
        name: cast("Some[object]", value).value if isinstance(value, Some) else value
        for name, value in values.items()
        if value is not None
    }


MOST_CHARACTERS = 255
"""Maximum length of a text in a filter or key."""
MOST_IDS = 500
"""Maximum number of ids in a filter."""
MOST_PROBLEMS = 10
"""Maximum number of problems that one error holds; its message says that there are more."""


@dataclass(slots=True)
class Problems:
    """The first problems in the arguments of one field, and the number of all found so far."""

    found: list[dict[str, Any]] = field(default_factory=list)
    """As `extensions.problems` shows them: each message has its subject in front, so that it can be shown alone."""
    count: int = 0
    brief: list[str] = field(default_factory=list)
    """What the message of the error says of each: its path, and the message without subject."""

    def add(self, path: Path, message: str, code: FieldCode = FieldCode.BAD_USER_INPUT) -> None:
        """Note a problem; `path` leads from the argument to the value."""
        self.count += 1
        if self.count <= MOST_PROBLEMS:
            self.found.append(
                {"code": code, "path": path_texts(path), "message": f"{subject_of_argument(path)} {message}"}
            )
            self.brief.append(f"{'.'.join(map(str, path))}: {message}")

    def reject_if_any(self) -> None:
        """Raise the error, if there are problems."""
        if self.found:
            raise self.error()

    def error(self) -> GraphQLError:
        """Return one error that holds the problems; its code is theirs where they agree."""
        codes = {problem["code"] for problem in self.found}
        return GraphQLError(
            " ".join(self.brief) + (" There are more problems." if self.count > MOST_PROBLEMS else ""),
            extensions={"code": codes.pop() if len(codes) == 1 else FieldCode.BAD_USER_INPUT, "problems": self.found},
        )


def identifier(value: str, path: Path, problems: Problems) -> UUID | None:
    """Return a UUID in its usual form, or note a problem."""
    found = fields.read_uuid(value, path)
    if isinstance(found, UUID):
        return found
    problems.add(path, "must be a UUID, such as 0198c0de-0000-7000-8000-000000000000.")
    return None


def identifiers(values: Sequence[str], path: Path, problems: Problems, *, most: int = MOST_IDS) -> tuple[UUID, ...]:
    """Return UUIDs without repetition, or note problems."""
    return _distinct(values, path, problems, identifier, f"ids; at most {most} are allowed.", most)


def stored_keys(values: list[str], path: Path, problems: Problems) -> tuple[str, ...]:
    """Return keys in their stored form without repetition, or note problems."""
    return _distinct(values, path, problems, filled, f"items; at most {MOST_IDS} are allowed.", MOST_IDS)


def _distinct(
    values: Sequence[str],
    path: Path,
    problems: Problems,
    read: Callable[[str, Path, Problems], ValueT | None],
    too_many: str,
    most: int,
) -> tuple[ValueT, ...]:
    if len(values) > most:
        problems.add(path, f"has {len(values)} {too_many}")
        return ()
    found: dict[ValueT, None] = {}
    for place, value in enumerate(values):
        if problems.count > MOST_PROBLEMS:
            # Later problems would not be reported.
            break
        item = read(value, (*path, place), problems)
        if item is not None:
            found[item] = None
    return tuple(found)


def filled(value: str, path: Path, problems: Problems, *, advice: str = "", most: int = MOST_CHARACTERS) -> str | None:
    """Return a string in its stored form, or note a problem: a blank string never means "all"."""
    stored = stored_form(value, most=most)
    if not stored:
        problems.add(path, f"must not be blank{advice}.")
    elif len(stored) > most:
        problems.add(path, f"has {len(stored)} characters; at most {most} are allowed.")
    elif "\0" in stored:
        problems.add(path, "must not contain U+0000.")
    else:
        return stored
    return None


def check_bounds(value: int, path: Path, problems: Problems, *, most: int, least: int = 0) -> int:
    """Return a number of rows, and note a problem if it is out of bounds."""
    if not least <= value <= most:
        problems.add(path, f"must be between {least} and {most}, not {value}.")
    return value
