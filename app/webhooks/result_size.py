"""Tell that a result is too large before its JSON is written, which would take as much memory."""

from collections.abc import Mapping
from typing import cast

from app.db.stored_json import StoredJson

_AROUND_KEY = 3
"""Two quotation marks and a colon."""


def is_longer(value: object, most: int) -> bool:
    """Return whether the JSON of a value certainly has more than a number of bytes.

    What is counted is at most as long as the JSON: text has as many bytes as characters, or more. Counting ends as soon
    as the answer is known, so it takes a few milliseconds at most, however large the value is.
    """
    size, left = 0, [value]
    while left and size <= most:
        item = left.pop()
        if isinstance(item, StoredJson):
            size += len(item.text)
        elif isinstance(item, dict):
            members = cast("Mapping[str, object]", item)
            size += sum(map(len, members)) + _AROUND_KEY * len(members)
            left += members.values()
        elif isinstance(item, list):
            left += cast("list[object]", item)
        else:
            size += len(item) if isinstance(item, str) else 1
    return size > most
