"""The words that a server is asked in: this service's, but for PostGraphile, which derives its schema from the tables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from bench.documents import WALK, documents
from bench.node import PEERS

_POSTGRAPHILE = "postgraphile"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The documents of a server; all of them take the same variables and give the same data."""

    documents: Mapping[str, str]
    walk: str
    forms: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Values that are written in another form: by query, a path to them and which form it is."""

    def normalized(self, query: str, data: Any) -> Any:
        """An answer in this service's form."""
        for path, form in self.forms.get(query, {}).items():
            _convert(data, path.split("."), form)
        return data


def dialect_of(server: str) -> Dialect:
    """The dialect of a server, by its name."""
    if server != _POSTGRAPHILE:
        return Dialect(documents(), WALK)
    folder = PEERS / "postgraphile-queries"
    forms = json.loads((PEERS / "postgraphile-answers.json").read_text(encoding="utf-8"))
    return Dialect(documents(folder), (folder / "cursors.graphql").read_text(encoding="utf-8"), forms)


def _convert(at: Any, path: list[str], form: str) -> None:
    """Convert the values at a path in place; a list on the way stands for each of its elements."""
    if isinstance(at, list):
        for each in cast("list[Any]", at):
            _convert(each, path, form)
    elif at is not None and len(path) > 1:
        _convert(at[path[0]], path[1:], form)
    elif at is not None:
        at[path[0]] = _FORMS[form](at[path[0]])


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


_FORMS = {"timestamp": _moment}
