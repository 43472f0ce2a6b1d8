"""Check rules of an object that was sent with malformed fields: each rule that needs only the other fields."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Never, TypeVar

from app.domain.errors import Problem

T = TypeVar("T")


class MalformedField(AttributeError):
    """A rule reads a field that is malformed or missing."""


def checked(*rules: Iterator[Problem]) -> Iterator[Problem]:
    """Yield the problems that rules find; a rule ends where it reads a malformed field."""
    for rule in rules:
        with suppress(MalformedField):
            yield from rule


def object_of(kind: type[T], values: Mapping[str, Any]) -> T:
    """Return an object of a dataclass with slots. Reading a field that `values` lacks raises MalformedField."""
    declared: Any = kind
    if values.keys() == declared.__dataclass_fields__.keys():
        return kind(**values)
    partial: Any = object.__new__(_partial(kind))
    for name, value in values.items():
        object.__setattr__(partial, name, value)
    return partial


@cache
def _partial(kind: type[Any]) -> type[Any]:
    # Python calls `__getattr__` only for a slot that holds nothing, so the others cost no more to read.
    return type(kind.__name__, (kind,), {"__slots__": (), "__getattr__": _raise})


def _raise(_: object, name: str) -> Never:
    raise MalformedField(name)
