"""An HTTP answer as bytes, and the one way in which the service writes JSON."""

import json
from dataclasses import dataclass

import orjson
from starlette.types import Send

from app.db.stored_json import StoredJson

JSON_TYPE = "application/json"

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)


def to_json(value: object) -> bytes:
    """JSON in UTF-8: compact, but for stored objects, which keep their text; ValueError for what JSON or UTF-8 can't say."""
    try:
        return orjson.dumps(value, _stored, orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError:
        # Integers of more than 64 bits, which a history may hold; and what can't be said, so that it is said why.
        return _ENCODER.encode(value).encode()


def _stored(value: object) -> orjson.Fragment:
    if isinstance(value, StoredJson):
        return orjson.Fragment(value.text)
    raise TypeError


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Its error codes are for the log."""

    status: int
    body: bytes
    media_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    codes: tuple[str, ...] = ()

    async def send(self, send: Send) -> None:
        """Send it, uncacheable: every answer belongs to one caller and one moment."""
        headers = [
            (b"content-type", f"{self.media_type}; charset=utf-8".encode()),
            (b"content-length", str(len(self.body)).encode()),
            (b"cache-control", b"no-store"),
            *((name.encode(), value.encode()) for name, value in self.headers),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})
