"""Requests and their answers, which the OpenAPI document shows. Tests send them to the service, on the demo data."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

FOLDER = Path(__file__).parent / "recorded"
"""A file for each document, with the examples of its endpoint."""


class Example(NamedTuple):
    """One request and its answer."""

    name: str
    """Its name in the document, unique among those of the endpoint."""
    summary: str
    target: str
    """The path and the query."""
    status: int = 0
    scopes: Sequence[str] = ("customers-read", "customers-write")
    """The scopes of the credential; without any, there is no credential."""
    headers: Mapping[str, str] = {}
    """Headers of the request, beside its credential and the type of its body."""
    body: Any = None
    """The body of the request; None if there is none."""
    fault: Literal["", "database", "deadline", "failure", "headers", "slowness", "url"] = ""
    """What is wrong with the service, or with what the client sends before its request reaches an endpoint."""
    answer_headers: Mapping[str, str] = {}
    answer: Any = None

    @property
    def is_error(self) -> bool:
        """Whether the request fails."""
        return self.status >= 400  # noqa: PLR2004 - the first status of errors

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> Iterable[tuple[str, str]]:
        """The parameters of the query."""
        return parse_qsl(urlsplit(self.target).query)


def examples_of(document: str) -> tuple[Example, ...]:
    """Return the examples of the endpoint that runs a document; one whose file is missing has none."""
    path = FOLDER / f"{document}.json"
    if not path.exists():
        return ()
    text = path.read_text(encoding="utf-8")
    # With the digits that the service writes: 1500.50 would become 1500.5.
    entries: list[Any] = json.loads(text, parse_float=Decimal)
    return tuple(Example(**entry) for entry in entries)
