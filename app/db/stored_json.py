"""Stored JSON, with its text."""

import json
from typing import Any, cast


class StoredJson(dict[str, Any]):
    """A JSON object with its text from the database, so that numbers keep all digits when they are returned."""

    __slots__ = ("text",)

    text: str


class JsonText(str):
    """JSON as the database wrote it, which is returned unchanged."""

    __slots__ = ()


def stored_json(text: str) -> Any:
    """Parse JSON text from the database."""
    value: Any = json.loads(text)
    if isinstance(value, dict):
        stored = StoredJson(cast("dict[str, Any]", value))
        stored.text = text
        return stored
    return value
