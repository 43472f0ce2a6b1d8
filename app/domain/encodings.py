"""Named encodings: a value by the names of its type and fields, so that fields can be reordered and added later.

Used by stored outcomes, fingerprints, digests and cursors (docs/adr/0020-named-encodings.md).
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple, cast
from uuid import UUID

TYPE = "type"
"""Member of an encoded object that holds the name of its type."""
STORED_NAME = "stored_name"
"""Key in the metadata of a dataclass's field: its name in encodings, if another than in code."""


class Member(NamedTuple):
    """A field of a dataclass or named tuple, as it is encoded."""

    attribute: str
    name: str
    """Its name in encodings."""
    default: object
    """MISSING if there is none."""


def named(value: object, mapping: Callable[[Mapping[str, object]], Any] = dict[str, object]) -> Any:
    """Return a value as JSON: dataclasses and named tuples as objects with their type's name, unknown types as text.

    `mapping` encodes mappings, such as metadata.
    """
    return _Encoder(mapping).encode(value)


def digest(value: object) -> bytes:
    """Return the SHA-256 of a value's canonical text.

    Names are sorted and fields equal to their default are left out, so that a new optional field keeps the digest.
    """

    def mapping(entries: Mapping[str, object]) -> dict[str, Any]:
        return {key: encoder.encode(entry) for key, entry in entries.items()}

    encoder = _Encoder(mapping, has_defaults=False)
    return sha256(json.dumps(encoder.encode(value), sort_keys=True, separators=(",", ":")).encode()).digest()


@lru_cache
def members_of(kind: Any) -> tuple[Member, ...]:
    """Return the fields of a dataclass or named tuple."""
    if hasattr(kind, "__dataclass_fields__"):
        return tuple(
            Member(field.name, field.metadata.get(STORED_NAME, field.name), field.default)
            for field in dataclasses.fields(kind)
        )
    defaults: dict[str, object] = getattr(kind, "_field_defaults", {})
    return tuple(Member(name, name, defaults.get(name, MISSING)) for name in getattr(kind, "_fields", ()))


class _Encoder:
    """Encodes values recursively."""

    def __init__(self, mapping: Callable[[Mapping[str, object]], Any], *, has_defaults: bool = True) -> None:
        self._mapping = mapping
        self._has_defaults = has_defaults

    def encode(self, value: object) -> Any:  # noqa: PLR0911 - one per kind of value
        match value:
            case Enum():
                return value.value
            case None | bool() | int() | float() | str():
                return value
            case UUID() | Decimal():
                return str(value)
            case datetime() | date():
                return value.isoformat()
            case bytes():
                return value.hex()
            case Mapping():
                return self._mapping(cast("Mapping[str, object]", value))
            case _:
                return self._structure(value)

    def _structure(self, value: object) -> Any:
        kind = type(value)
        if dataclasses.is_dataclass(value) or hasattr(kind, "_fields"):
            return {TYPE: kind.__name__} | dict(self._members(value))
        if isinstance(value, tuple | list):
            return [self.encode(element) for element in cast("tuple[object, ...]", value)]
        msg = f"no encoding is known for {kind.__name__}"
        raise TypeError(msg)

    def _members(self, value: object) -> Iterator[tuple[str, Any]]:
        for attribute, name, default in members_of(type(value)):
            member = getattr(value, attribute)
            if self._has_defaults or default is MISSING or member != default:
                yield name, self.encode(member)
