"""Stored JSON, with its text, and JSON to store."""

import json
from typing import Any, cast

import orjson


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


def json_text(value: Any) -> str:
    """Return the JSON text of a value to store."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        # Such as an integer of more than 64 bits, which metadata may hold.
        return json.dumps(value)
