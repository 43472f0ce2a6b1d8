"""JSON for people to read: what fits into a line stays on one, and lists of values fill their lines."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

_WIDTH = 120
_STEP = "  "


def laid_out(value: object, indent: str = "", used: int = 0) -> str:
    """Return the JSON of a value. `used`: the number of characters before it on its first line, beside the indent."""
    flat = _flat(value)
    if not isinstance(value, dict | list) or len(indent) + used + len(flat) < _WIDTH:
        return flat
    inner = indent + _STEP
    if isinstance(value, dict):
        keyed = ((_flat(name) + ": ", entry) for name, entry in cast("Mapping[str, Any]", value).items())
        entries = [f"{key}{laid_out(entry, inner, len(key))}" for key, entry in keyed]
        return _lines("{", [f"{inner}{entry}" for entry in entries], f"{indent}}}")
    items = cast("list[object]", value)
    if any(isinstance(item, dict | list) for item in items):
        return _lines("[", [f"{inner}{laid_out(item, inner)}" for item in items], f"{indent}]")
    return _lines("[", _filled(map(_flat, items), inner), f"{indent}]")


def _filled(texts: Iterable[str], indent: str) -> list[str]:
    """Return lines with as many of the texts as fit into each."""
    lines: list[str] = []
    for text in texts:
        longer = f"{lines[-1]}, {text}" if lines else ""
        if longer and len(longer) < _WIDTH:
            lines[-1] = longer
        else:
            lines.append(f"{indent}{text}")
    return lines


def _lines(opening: str, entries: list[str], closing: str) -> str:
    return f"{opening}\n" + ",\n".join(entries) + f"\n{closing}"


def _flat(value: object) -> str:
    if isinstance(value, dict):
        members = [f"{_flat(name)}: {_flat(entry)}" for name, entry in cast("Mapping[str, Any]", value).items()]
        return f"{{ {', '.join(members)} }}" if members else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flat, cast('list[object]', value)))}]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
