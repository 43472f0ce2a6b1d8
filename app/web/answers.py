"""An HTTP answer as bytes, and the one way in which the service writes JSON."""

import json
from dataclasses import dataclass

from starlette.types import Send

JSON_TYPE = "application/json"

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)


def to_json(value: object) -> bytes:
    """Compact JSON in UTF-8; ValueError for what JSON or UTF-8 can't say."""
    return _ENCODER.encode(value).encode()


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
