"""Parsing of JSON in files to import: exact numbers, repeated names, limited nesting."""

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple, cast

from app.domain.decimals import WrittenFloat

_MAX_DEPTH = 50
# Doubles have at most 309 digits before the decimal point. Python converts at most 4,300 to an integer.
_MAX_DIGITS = 310


class NotJson(ValueError):
    """A text is not JSON. The message says why, and where."""


class FoundJson(NamedTuple):
    """A value, and names that occur more than once in one of its objects."""

    value: object
    repeated: tuple[str, ...]


def read_json(text: str) -> FoundJson:
    """Parse a text. Numbers with a point or an exponent become WrittenFloat, which keeps their text."""
    repeated: list[str] = []

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated.extend(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        return found

    try:
        value = json.loads(text, object_pairs_hook=object_of, parse_int=_whole, parse_float=WrittenFloat)
    except json.JSONDecodeError as error:
        msg = f"{error.msg}, character {error.pos + 1}"
        raise NotJson(msg) from None
    except RecursionError:
        raise NotJson(_too_deep()) from None
    if text.count("[") + text.count("{") > _MAX_DEPTH and _depth(value) > _MAX_DEPTH:
        raise NotJson(_too_deep())
    return FoundJson(value, tuple(repeated))


def _too_deep() -> str:
    return f"more than {_MAX_DEPTH} levels of brackets"


def _whole(digits: str) -> object:
    return int(digits) if len(digits) <= _MAX_DIGITS else Decimal(digits)


def _depth(value: object) -> int:
    """Return the depth of nested lists and objects. Not recursive, because Python limits recursion."""
    depth, level = 0, [value]
    while level := [inner for outer in level for inner in _inner(outer)]:
        depth += 1
    return depth


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()
