"""Reading JSON to the letter: every digit of a number, no key twice, no half of a character, and a bounded depth."""

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

# The request and its `variables` are objects around the values themselves.
_MAX_JSON_DEPTH = MAX_VALUE_DEPTH + 2
_SIMPLE_JSON_DEPTH = 10
_SHOWN_CHARACTERS = 40
_ESCAPED_COLON = b"\\u003"
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def json_of(data: bytes | bytearray | str, where: str) -> object:
    """Return the value of JSON; Refusal (400) that says what is wrong with it, and where it came from."""
    value = _simple_json(data.encode() if isinstance(data, str) else data)
    return _json(data if isinstance(data, str) else text_of(data, where), where) if value is None else value


def text_of(data: bytes | bytearray, where: str) -> str:
    """Return the text of UTF-8, or Refusal (400)."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        msg = f"The {where} isn't UTF-8."
        raise bad(msg) from None


def repeated_in(names: Iterable[str]) -> str:
    """Return the name that is there most often."""
    return Counter(names).most_common(1)[0][0]


def shortened(text: str) -> str:
    """Return the beginning of a text from outside, as a message quotes it."""
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _simple_json(data: bytes | bytearray) -> object:
    """The value of JSON that orjson reads as the standard library does; None where only the latter does, or says what is wrong."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    # Every key has a colon. More of them than keys and texts account for belong to a key that is there twice.
    return value if _ESCAPED_COLON not in data and _colons(value) == data.count(b":") else None


def _colons(value: object) -> int | None:
    """How many colons the JSON of a value has; None for one that orjson may have read in another way.

    That is a number that may have lost digits, and deep nesting.
    """
    found, level = 0, [value]
    for _ in range(_SIMPLE_JSON_DEPTH):
        below: list[object] = []
        for each in level:
            if isinstance(each, str):
                found += each.count(":")
            elif isinstance(each, dict):
                members = cast("dict[str, object]", each)
                found += len(members) + "".join(members).count(":")
                below += members.values()
            elif isinstance(each, list):
                below += cast("list[object]", each)
            elif isinstance(each, float):
                return None
        if not below:
            return found
        level = below
    return None


def _json(text: str, where: str) -> object:
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        msg = f"The {where} isn't JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        raise bad(msg) from None
    except ValueError:
        msg = f"The {where} holds a number that has too many digits."
        raise bad(msg) from None
    except RecursionError:
        value = None
        too_deep = True
    else:
        # Counting brackets is cheap and bounds the depth; only where it allows for too much is the value walked.
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
        msg = f"The {where} holds half of a surrogate pair (\\ud800 to \\udfff alone), which is no character."
        raise bad(msg) from None


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(_MAX_JSON_DEPTH + 1):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(value: object) -> Iterable[object]:
    """The members of a list or object; an empty one has itself counted by a stand-in."""
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values() or (None,)
    if isinstance(value, list):
        return cast("list[object]", value) or (None,)
    return ()


def _refuse_constant(name: str) -> Never:
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
        msg = f"The key {shortened(json.dumps(repeated))} is there more than once: which one is meant can't be told."
        raise bad(msg)
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_object)
