"""Log lines as JSON, for values of every type."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import orjson

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
_MAX_DEPTH = 8
_MOST_BITS = 63
"""Maximum bits of an integer that orjson can write, without the sign."""


def to_line(fields: Mapping[str, object]) -> bytes:
    """Return one line of JSON. Values that JSON can't represent become text."""
    try:
        return orjson.dumps(fields, as_text, _OPTIONS)
    except Exception:  # noqa: BLE001 - a lone surrogate, a key that is not text, a cycle, a very long number
        plain = {_key(name): _plain(value, _MAX_DEPTH) for name, value in fields.items()}
        return orjson.dumps(plain, option=_OPTIONS)


def as_text(value: object) -> str:
    """Return the text of a value that JSON can't represent."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - __str__ may raise anything
        return f"<{type(value).__name__}>"


def failure_line(event: object, level: str, error: BaseException) -> bytes:
    """Return the line that replaces one that could not be formatted."""
    now = datetime.now(UTC)
    return to_line({"event": event, "log_failure": as_text(error), "level": level, "timestamp": now})


def _plain(value: object, depth: int) -> Any:  # noqa: PLR0911 - one per kind of value
    match value:
        case str():
            return _encodable(value)
        case None | bool() | float():
            return value
        case datetime() | UUID() if type(value) in {datetime, UUID}:
            return value
        case int() if value.bit_length() <= _MOST_BITS:
            return int(value)
        case Mapping() if depth:
            entries = cast("Mapping[object, object]", value).items()
            return {_key(key): _plain(member, depth - 1) for key, member in entries}
        case list() | tuple() | set() | frozenset() if depth:
            return [_plain(item, depth - 1) for item in cast("list[object]", value)]
        case _:
            return _encodable(as_text(value))


def _key(key: object) -> str:
    return _encodable(key if isinstance(key, str) else as_text(key))


def _encodable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()
