"""Make bodies of the engine's answers, by cutting the bytes: nothing is parsed when a request succeeds.

The documents select `version` last, and the problems of a payload first. So what surrounds the object has a fixed form
at the beginning and, read from the end, a number: the values of the object, which may contain anything, are not
searched.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

_VERSION = b',"version":'


@dataclass(frozen=True, slots=True)
class One:
    """The body is one object, or the answer is 404."""

    field: str
    """The root field."""
    status: int = 200

    def shown(self, answer: bytes) -> "Shown | None":
        """Return the object of an answer; None if there is none."""
        return _object(answer, b'{"data":{"%b":' % self.field.encode(), b"}}")


@dataclass(frozen=True, slots=True)
class Written:
    """The body is the object that a mutation wrote, or the answer has the problems of its payload."""

    field: str
    """The root field; its payload has `errors` and then `customer`."""
    status: int = 200
    location: str | None = None
    """The path of a new object, with `{id}`. The answer refers to it, and only shows its keys."""

    def shown(self, answer: bytes) -> "Shown | None":
        """Return the object of an answer; None if there is none, because of problems or of the credential's scopes."""
        return _object(answer, b'{"data":{"%b":{"errors":[],"customer":' % self.field.encode(), b"}}}")

    def problems(self, answer: bytes) -> list[dict[str, Any]]:
        """Return the problems of the payload."""
        return orjson.loads(answer)["data"][self.field]["errors"]


@dataclass(frozen=True, slots=True)
class Pages:
    """The body is an array of the rows of a connection."""

    path: tuple[str, ...]
    """The fields that lead to the connection. If one above it is null, the answer is 404."""
    status: int = 200


class Shown(NamedTuple):
    """An object as the body shows it, and its version."""

    body: bytes
    version: bytes


def _object(answer: bytes, beginning: bytes, end: bytes) -> Shown | None:
    if not answer.startswith(beginning + b"{"):
        return None
    cut = answer.rindex(_VERSION)
    version = answer[cut + len(_VERSION) : -len(end) - 1]
    return Shown(answer[len(beginning) : cut] + b"}", version)
