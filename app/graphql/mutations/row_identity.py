"""Identify a row that a mutation wrote. An error includes this if the payload can't be read after the write."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.db import graph
from app.domain.fields import schema_name

_TYPES = {entity.row: entity.name for entity in graph.NODES}
_ATTRIBUTES = ("version", "customer_number", "external_system_id", "number")
"""The attributes that are shown besides the id, if the row has them."""


def row_identity(row: Any) -> Mapping[str, object]:
    """Return the type, id, version and numbers of a row, by the schema's names."""
    shown = {schema_name(name): getattr(row, name) for name in _ATTRIBUTES if getattr(row, name, None) is not None}
    return {"type": _TYPES[type(row)], "id": str(row.id), **shown}


def result_index(path: Sequence[str | int]) -> int | None:
    """Return the index in a payload's list of results that a path leads through."""
    return next((part for part in path if isinstance(part, int)), None)
