"""Strict JSON parsing: numbers keep all digits; repeated keys, lone surrogates and deep nesting are rejected."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from math import isinf
from typing import Never, cast

import orjson

from app.domain.decimals import WrittenFloat
from app.engine.limits import MAX_VALUE_DEPTH
from app.web.answers import to_json
from app.web.malformed import bad

# The request and its `variables` are two objects around the values.
_MAX_JSON_DEPTH = MAX_VALUE_DEPTH + 2
_SIMPLE_JSON_DEPTH = 10
_SHOWN_CHARACTERS = 40
_BYTE_ORDER_MARK = "\ufeff"
_ESCAPED_COLON = b"\\u003"
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def json_of(data: bytes | bytearray | str, where: str) -> object:
    """Return the value of JSON. Raise HttpError (400) if it is invalid; `where` is its source, for the message."""
    value = _simple_json(data.encode() if isinstance(data, str) else data)
    return _json(data if isinstance(data, str) else decode_utf8(data, where), where) if value is None else value


def decode_utf8(data: bytes | bytearray, where: str) -> str:
    """Decode UTF-8. Raise HttpError (400) if it is invalid; `where` is its source, for the message."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        msg = f"The {where} isn't UTF-8."
        raise bad(msg) from None


def repeated_in(names: Iterable[str]) -> str:
    """Return the most frequent name."""
    return Counter(names).most_common(1)[0][0]


def shortened(text: str) -> str:
    """Return the beginning of a caller's text, for quoting in a message."""
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _simple_json(data: bytes | bytearray) -> object:
    """Return the value if orjson parses it as the standard library does; None if it is invalid or may differ."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    # Each key has a colon. If there are more than the value's keys and texts contain, a key was repeated.
    return value if _ESCAPED_COLON not in data and _colons(value) == data.count(b":") else None


def _colons(value: object) -> int | None:
    """Return the number of colons in a value's JSON; None if it nests deeply or has a float, which may lose digits."""
    found, level = 0, [value]
    for _ in range(_SIMPLE_JSON_DEPTH):
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                found += item.count(":")
            elif isinstance(item, dict):
                members = cast("dict[str, object]", item)
                found += len(members) + "".join(members).count(":")
                below += members.values()
            elif isinstance(item, list):
                below += cast("list[object]", item)
            elif isinstance(item, float):
                return None
        if not below:
            return found
        level = below
    return None


def _json(text: str, where: str) -> object:
    if text.startswith(_BYTE_ORDER_MARK):
        msg = f"The {where} begins with a byte order mark (U+FEFF), which JSON in UTF-8 doesn't have: leave it out."
        raise bad(msg)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        msg = f"The {where} isn't JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        raise bad(msg) from None
    except ValueError:
        msg = f"The {where} contains a number with too many digits."
        raise bad(msg) from None
    except RecursionError:
        value = None
        too_deep = True
    else:
        # The number of brackets is an upper bound of the depth; the value is traversed only if that is too high.
        too_deep = text.count("[") + text.count("{") > _MAX_JSON_DEPTH and _is_too_deep(value)
    if too_deep:
        msg = f"The {where} nests more than {_MAX_JSON_DEPTH} lists and objects."
        raise bad(msg)
    if _SURROGATE_ESCAPE.search(text):
        _check_unicode(value, where)
    return value


def _check_unicode(value: object, where: str) -> None:
    try:
        to_json(value)
    except UnicodeEncodeError:
        msg = f"The {where} contains a lone surrogate (\\ud800 to \\udfff), which is not a character."
        raise bad(msg) from None


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(_MAX_JSON_DEPTH + 1):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(value: object) -> Iterable[object]:
    """Return the members of a list or object; for an empty one a placeholder, so that it counts as a level."""
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values() or (None,)
    if isinstance(value, list):
        return cast("list[object]", value) or (None,)
    return ()


def _reject_constant(name: str) -> Never:
    msg = f"{name} isn't JSON: numbers are finite."
    raise bad(msg)


def _finite(text: str) -> WrittenFloat:
    value = WrittenFloat(text)
    if isinf(value):
        msg = f"The number {text[:40]} is too large."
        raise bad(msg)
    return value


def _object(members: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(members)
    if len(value) < len(members):
        repeated = repeated_in(name for name, _ in members)
        msg = f"The key {shortened(json.dumps(repeated))} occurs more than once in an object: send it once."
        raise bad(msg)
    return value


_DECODER = json.JSONDecoder(parse_constant=_reject_constant, parse_float=_finite, object_pairs_hook=_object)
