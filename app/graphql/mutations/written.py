"""What a mutation wrote, told from the write itself: an error says it where the payload can't be read back."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.db import graph
from app.domain.fields import schema_name

_TYPES = {entity.row: entity.name for entity in graph.NODES}
_SHOWN = ("version", "customer_number", "external_system_id", "number")
"""What is told beside the id, of what a row has of it."""


def identity_of(row: Any) -> Mapping[str, object]:
    """Return the type, id, version and numbers of a row, by the schema's names."""
    shown = {schema_name(name): getattr(row, name) for name in _SHOWN if getattr(row, name, None) is not None}
    return {"type": _TYPES[type(row)], "id": str(row.id), **shown}


def place_in(path: Sequence[str | int]) -> int | None:
    """Return the place in a payload's list of results that a path leads through."""
    return next((part for part in path if isinstance(part, int)), None)
