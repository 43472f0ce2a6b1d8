"""HTTP answers as bytes, and the service's JSON encoder."""

import json
from dataclasses import dataclass
from typing import cast

import orjson
from starlette.types import Send

from app.db.stored_json import JsonText, StoredJson

JSON_TYPE = "application/json"

# orjson writes integers of up to 64 bits, the sign included.
_MOST_BITS = 64
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)


def to_json(value: object) -> bytes:
    """Return compact JSON in UTF-8; stored JSON keeps its text.

    Raise ValueError for text that UTF-8 can't encode.
    """
    try:
        return orjson.dumps(value, _stored, orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError:
        pass
    try:
        return orjson.dumps(_with_long_integers(value), _stored, orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError:
        # Raises an error that says which value can't be encoded.
        return _ENCODER.encode(value).encode()


def _with_long_integers(value: object) -> object:
    """Return the value with integers of more than 64 bits as fragments: orjson doesn't write them."""
    if isinstance(value, StoredJson):
        return value
    if isinstance(value, dict):
        return {key: _with_long_integers(member) for key, member in cast("dict[object, object]", value).items()}
    if isinstance(value, list):
        return [_with_long_integers(item) for item in cast("list[object]", value)]
    is_long = isinstance(value, int) and value.bit_length() >= _MOST_BITS
    return orjson.Fragment(str(value)) if is_long else value


def _stored(value: object) -> orjson.Fragment:
    if isinstance(value, StoredJson):
        return orjson.Fragment(value.text)
    if isinstance(value, JsonText):
        return orjson.Fragment(str(value))
    raise TypeError


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP response. `codes`: its error codes, for the log."""

    status: int
    body: bytes
    media_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    codes: tuple[str, ...] = ()
    caching: bytes = b"no-store"
    """Responses must not be cached if they depend on the caller or the time, as most do."""

    def fields(self) -> list[tuple[bytes, bytes]]:
        """Return the header fields."""
        headers = [
            (b"content-type", b"%b; charset=utf-8" % self.media_type.encode()),
            (b"content-length", b"%d" % len(self.body)),
            (b"cache-control", self.caching),
        ]
        if self.headers:
            headers += [(name.encode(), value.encode()) for name, value in self.headers]
        return headers

    async def send(self, send: Send) -> None:
        """Send the response."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.fields()})
        await send({"type": "http.response.body", "body": self.body})
