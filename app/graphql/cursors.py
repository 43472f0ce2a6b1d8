"""Cursors: a row's position in one list, opaque to callers and bound to that list's company, sort and filter.

In plans, the database makes the same cursors: app/db/plans/cursors.py.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Uuid
from sqlalchemy.types import TypeEngine

from app.db.declarations import SortKey
from app.db.paging import Position
from app.db.plans.cursors import CURSOR_DIGEST_BYTES, CURSOR_VERSION
from app.domain.encodings import digest
from app.domain.errors import Path
from app.graphql.arguments import Problems
from app.graphql.codes import FieldCode

MAX_CHARACTERS = 4_000
MIN_CHARACTERS = 4 * CURSOR_DIGEST_BYTES // 3
"""Every cursor begins with a digest."""
PATTERN = "^[A-Za-z0-9_-]+$"
"""What all cursors match; they are opaque otherwise."""
_MOST_INTEGER = 2**31 - 1
_MOST_BIG_INTEGER = 2**63 - 1
_BOOLEANS = {"true": True, "false": False}


class Cursors:
    """The cursors of one list. A cursor is valid for another list only if the order and `identity` are equal."""

    def __init__(self, order: tuple[SortKey, ...], *identity: object) -> None:
        self.order = order
        self.identity = _identity(order, identity)

    def encode(self, position: Position) -> str:
        """Return the cursor of a row."""
        named = {key.column.name: _plain(value) for key, value in zip(self.order, position, strict=True)}
        values = json.dumps({"v": CURSOR_VERSION, **named}, ensure_ascii=False, separators=(",", ":")).encode()
        return _text(self._digest(values) + values)

    def decode(self, cursor: str | None, path: Path, problems: Problems) -> Position | None:
        """Return the position of a cursor, or note a problem if it isn't a cursor of this list."""
        if cursor is None:
            return None
        position = self.read(cursor)
        if position is None:
            problems.add(
                path,
                "is not a cursor of this list: it comes from another sort order or filter, or was altered."
                " Start again without it.",
                FieldCode.INVALID_CURSOR,
            )
        return position

    def read(self, cursor: str) -> Position | None:
        """Return the position of a cursor; None if it isn't a cursor of this list."""
        try:
            return self._position(cursor)
        except (KeyError, ValueError, TypeError, OverflowError, RecursionError):
            return None

    def _position(self, cursor: str) -> Position:
        if len(cursor) > MAX_CHARACTERS:
            msg = "longer than any cursor"
            raise ValueError(msg)
        content = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        digest, values = content[:CURSOR_DIGEST_BYTES], content[CURSOR_DIGEST_BYTES:]
        # The digest isn't a secret: a forged cursor could only change where a caller's own list begins.
        # Base64 has several texts for the same bytes; only the one that `encode` returns is valid.
        if digest != self._digest(values) or cursor != _text(content):
            msg = "of another list, or altered"
            raise ValueError(msg)
        named = orjson.loads(values)
        return tuple([read(named[name]) for name, read in _readers(self.order)])

    def _digest(self, values: bytes) -> bytes:
        return sha256(self.identity + values).digest()[:CURSOR_DIGEST_BYTES]


@lru_cache(maxsize=256)
def _identity(order: tuple[SortKey, ...], identity: tuple[object, ...]) -> bytes:
    sorts = [{"column": key.column.name, "descending": key.descending} for key in order]
    return digest({"version": CURSOR_VERSION, "order": sorts, "list": identity})


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return str(value).lower() if isinstance(value, bool) else str(value)


@lru_cache(maxsize=256)
def _readers(order: tuple[SortKey, ...]) -> tuple[tuple[str, Callable[[str], Any]], ...]:
    """Return, for each key of an order, its name in a cursor and the reader of its value."""
    return tuple((key.column.name, _reader(key.column.type)) for key in order)


def _reader(kind: TypeEngine[Any]) -> Callable[[str], Any]:
    if isinstance(kind, Uuid):
        return lambda value: UUID(_words(value))
    if isinstance(kind, DateTime):
        return lambda value: datetime.fromisoformat(_words(value)).astimezone(UTC)
    if isinstance(kind, Date):
        return lambda value: date.fromisoformat(_words(value))
    if isinstance(kind, Boolean):
        return lambda value: _BOOLEANS[_words(value)]
    if isinstance(kind, Integer):
        return partial(_integer, most=_MOST_BIG_INTEGER if isinstance(kind, BigInteger) else _MOST_INTEGER)
    return _words


def _words(value: str) -> str:
    if type(value) is not str or "\0" in value:
        msg = "not what a cursor holds"
        raise TypeError(msg)
    return value


def _integer(value: str, most: int) -> int:
    number = int(_words(value))
    if abs(number) > most:
        msg = "more than an integer column holds"
        raise ValueError(msg)
    return number
