"""JSON as files to import hold it: exact numbers, no name twice, bounded nesting."""

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple, cast

from app.domain.decimals import WrittenFloat

_MOST_NESTED = 50
# No double has more digits before the point. Python converts 4,300 at most.
_MOST_DIGITS = 310


class NotJson(ValueError):
    """A text is not JSON; the message says why, and where."""


class FoundJson(NamedTuple):
    """A value, and the names that an object in it has more than once."""

    value: object
    repeated: tuple[str, ...]


def read_json(text: str) -> FoundJson:
    """Return the value of a text. Numbers with a point or an exponent keep their text, as WrittenFloat."""
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
    if text.count("[") + text.count("{") > _MOST_NESTED and _depth(value) > _MOST_NESTED:
        raise NotJson(_too_deep())
    return FoundJson(value, tuple(repeated))


def _too_deep() -> str:
    return f"more than {_MOST_NESTED} levels of brackets"


def _whole(digits: str) -> object:
    return int(digits) if len(digits) <= _MOST_DIGITS else Decimal(digits)


def _depth(value: object) -> int:
    """Return how deeply lists and objects are nested; without recursion, which has its own limit."""
    depth, level = 0, [value]
    while level := [each for outer in level for each in _inner(outer)]:
        depth += 1
    return depth


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()
