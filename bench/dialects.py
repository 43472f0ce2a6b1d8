"""The documents for each server: this service's, except for PostGraphile, which derives its schema from the tables."""

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
    """The documents of a server. All servers accept the same variables, and return the same data."""

    documents: Mapping[str, str]
    walk: str
    forms: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Values in another form: by query, their paths and the name of the form."""

    def normalized(self, query: str, data: Any) -> Any:
        """Return an answer in this service's form."""
        for path, form in self.forms.get(query, {}).items():
            _convert(data, path.split("."), form)
        return data


def dialect_of(server: str) -> Dialect:
    """Return the dialect of a server by its name."""
    if server != _POSTGRAPHILE:
        return Dialect(documents(), WALK)
    folder = PEERS / "postgraphile-queries"
    forms = json.loads((PEERS / "postgraphile-answers.json").read_text(encoding="utf-8"))
    return Dialect(documents(folder), (folder / "cursors.graphql").read_text(encoding="utf-8"), forms)


def _convert(at: Any, path: list[str], form: str) -> None:
    """Convert the values at a path in place. Lists on the path stand for all their items."""
    if isinstance(at, list):
        for item in cast("list[Any]", at):
            _convert(item, path, form)
    elif at is not None and len(path) > 1:
        _convert(at[path[0]], path[1:], form)
    elif at is not None:
        at[path[0]] = _FORMS[form](at[path[0]])


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


_FORMS = {"timestamp": _moment}
