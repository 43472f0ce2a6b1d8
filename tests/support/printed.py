"""Answers that a page prints, compared with those of this run: ids, digests and cursors differ, but are the same where
they are the same."""

import json
import re
from typing import Any, cast

MADE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|<digest>|<cursor \d>")
"""Ids, digests and cursors. A digest is printed as `<digest>`, a cursor as `<cursor 1>`."""


def pairs(printed: Any, answer: Any) -> dict[str, str]:
    """Return what an answer has for each id, digest and cursor that is printed, where the two have the same form."""
    if isinstance(printed, dict) and isinstance(answer, dict):
        ours, theirs = cast("dict[str, Any]", printed), cast("dict[str, Any]", answer)
        found = [pairs(value, theirs[key]) for key, value in ours.items() if key in theirs]
    elif isinstance(printed, list) and isinstance(answer, list):
        found = [pairs(*pair) for pair in zip(cast("list[Any]", printed), cast("list[Any]", answer), strict=False)]
    elif isinstance(printed, str) and isinstance(answer, str) and MADE.fullmatch(printed):
        found = [{printed: answer}]
    else:
        found = []
    return {key: value for pair in found for key, value in pair.items()}


def translated(printed: Any, real: dict[str, str]) -> Any:
    """Return what is printed, with the ids, digests and cursors of this run."""
    return json.loads(MADE.sub(lambda found: real.get(found[0], found[0]), json.dumps(printed)))
