"""JSON as it is stored: read into Python, and kept as the text that it was."""

import json
from typing import Any, cast


class StoredJson(dict[str, Any]):
    """A JSON object, with its text as the database writes it: no digit of a number is lost when it is shown."""

    __slots__ = ("text",)

    text: str


def stored_json(text: str) -> Any:
    """The value of a JSON text that the database has written."""
    value: Any = json.loads(text)
    if isinstance(value, dict):
        stored = StoredJson(cast("dict[str, Any]", value))
        stored.text = text
        return stored
    return value
