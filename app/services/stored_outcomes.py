"""Stored form of outcomes, which are replayed under idempotency keys: a version, and fields by name.

Outcomes that older releases stored can be read: unknown members are ignored, missing ones get their field's default.
"""

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, is_dataclass
from functools import lru_cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from app.db.stored_json import StoredJson, stored_json
from app.domain.encodings import TYPE, members_of, named

OUTCOME_VERSION = 2
"""Version that is written and read.

Raise it when the format changes (tests/contract/test_stored_encodings.py).
"""

_VERSION, _OUTCOME = "version", "outcome"
_NOW_NAMED = {
    f"{kind}Fault": f"{kind}Problem" for kind in ("", "Limit", "Metadata", "Customers", "Subscriptions", "Version")
}
"""Current names of types that earlier releases stored under other names."""
_UNIONS = {Union, types.UnionType}
OutcomeT = TypeVar("OutcomeT")


class UnreadableOutcome(Exception):
    """A stored outcome can't be read, for example because a later release stored it."""


def encode(outcome: object) -> dict[str, Any]:
    """Return an outcome in its stored form."""
    return {_VERSION: OUTCOME_VERSION, _OUTCOME: named(outcome, _text_of)}


def decode(kind: type[OutcomeT], stored: Any) -> OutcomeT:
    """Return a stored outcome. Raise UnreadableOutcome."""
    try:
        return cast("OutcomeT", _read(kind, _outcome_of(stored)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableOutcome from error


def _text_of(entries: Mapping[str, object]) -> str:
    """Return metadata as JSON text, because its numbers can have more digits than a float."""
    return entries.text if isinstance(entries, StoredJson) else json.dumps(dict(entries))


def _outcome_of(stored: Any) -> Any:
    if stored[_VERSION] != OUTCOME_VERSION:
        msg = "of another release"
        raise ValueError(msg)
    return stored[_OUTCOME]


def _read(kind: Any, value: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in _UNIONS:
        return _read_one(arguments, value)
    if origin is tuple and arguments[-1] is Ellipsis and _is_structure(arguments[0]):
        return tuple(_read(arguments[0], element) for element in value)
    if origin is Mapping:
        return stored_json(value)
    if _is_structure(kind):
        return _read_structure(kind, value)
    return _leaf(kind).validate_python(value)


def _read_one(kinds: tuple[Any, ...], value: Any) -> Any:
    """Return a value of a union: None, a structure found by its type's name, or a value of the remaining kind."""
    if value is None:
        return _leaf(Union[kinds]).validate_python(None)  # noqa: UP007 - the kinds are known at run time only
    structures = {structure.__name__: structure for structure in kinds if _is_structure(structure)}
    if structures:
        name = value[TYPE]
        return _read(structures[_NOW_NAMED.get(name, name)], value)
    return _leaf(Union[kinds]).validate_python(value)  # noqa: UP007 - as above


def _is_structure(kind: Any) -> bool:
    plain: Any = get_origin(kind) or kind
    if get_origin(kind) in _UNIONS:
        return any(_is_structure(argument) for argument in get_args(kind))
    return is_dataclass(plain) or hasattr(plain, "_fields")


def _read_structure(kind: Any, value: Mapping[str, Any]) -> Any:
    plain, hints = _structure(kind)
    members: dict[str, Any] = {}
    for attribute, name, default in members_of(plain):
        if name in value:
            members[attribute] = _read(hints[attribute], value[name])
        elif default is MISSING:
            raise KeyError(name)
    return plain(**members)


@lru_cache
def _structure(kind: Any) -> tuple[Any, dict[str, Any]]:
    """Return a dataclass or named tuple and the types of its fields, with type variables replaced."""
    plain: Any = get_origin(kind) or kind
    closed = dict(zip(getattr(plain, "__parameters__", ()), get_args(kind), strict=True))
    return plain, {name: closed.get(hint, hint) for name, hint in get_type_hints(plain).items()}


@lru_cache
def _leaf(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
