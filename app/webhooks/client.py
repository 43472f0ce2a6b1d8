"""Send requests to receivers, and read the beginning of what they answer.

httpcore is used rather than httpx: it follows no redirects, uses no proxies, keeps no cookies and unpacks no bodies.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import httpx
import structlog
from httpcore import URL, AsyncConnectionPool, AsyncNetworkBackend, ConnectTimeout, NetworkError, ProtocolError

from app.domain.deliveries import DeliveryError
from app.webhooks.network import AddressRefused, NameNotFound, OneConnection

_log = structlog.get_logger()

MOST_ANSWER_BYTES = 1_000
"""Number of bytes of an answer's body that are read; then the connection is closed."""

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: the receiver's answer, or why there is none."""

    error: DeliveryError | None
    """None if the receiver accepted the request."""
    status: int | None = None
    text: str | None = None
    """The beginning of the answer's body."""
    milliseconds: int = 0


class Client:
    """Sends requests to receivers, each within a time limit."""

    def __init__(
        self,
        network: AsyncNetworkBackend,
        *,
        seconds: float,
        allows_http: bool = False,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Create a client. `trust`: the authorities that may certify receivers. Default: the system's."""
        self.seconds = seconds
        """Maximum time of a request, from the look-up of the name to the end of the answer."""
        self._network = network
        self._trust = trust
        self._schemes = {"https", "http"} if allows_http else {"https"}

    @asynccontextmanager
    async def receiver(self, url: str) -> AsyncGenerator["Receiver"]:
        """Yield the receiver at a URL. Its requests share a connection while the receiver keeps it open."""
        parsed = self._parsed(url)
        if parsed is not None and parsed.scheme == b"https" and self._trust is None:
            # In a thread, because loading it takes some 50 ms.
            self._trust = await asyncio.to_thread(ssl.create_default_context)
        connection = OneConnection(self._network)
        async with (
            aclosing(connection),
            AsyncConnectionPool(
                self._trust, max_connections=1, keepalive_expiry=self.seconds, network_backend=connection
            ) as pool,
        ):
            yield Receiver(pool, parsed, seconds=self.seconds)

    def _parsed(self, url: str) -> URL | None:
        """Return a URL for httpcore; None if it may not be used."""
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            return None
        if parsed.scheme not in self._schemes or not parsed.host:
            return None
        return URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)


class Receiver:
    """The receiver at one URL; None for a URL that may not be used."""

    def __init__(self, pool: AsyncConnectionPool, url: URL | None, *, seconds: float) -> None:
        self._pool = pool
        self._url = url
        self._seconds = seconds

    async def post(self, headers: Headers, body: bytes) -> Answer:
        """Send a body and return the answer. It raises nothing: whatever a receiver does, it is tried again later."""
        if self._url is None:
            return Answer(DeliveryError.URL_NOT_ALLOWED)
        begun = time.monotonic()
        received = _Received()
        error: DeliveryError | None = None
        try:
            async with asyncio.timeout(self._seconds):
                await self._exchange(self._url, headers, body, received)
        except Exception as failure:  # noqa: BLE001 - see above
            error = _reason(failure)
        milliseconds = round((time.monotonic() - begun) * 1_000)
        if received.status is None:
            return Answer(error, milliseconds=milliseconds)
        # The status decides: the rest of an answer that is slow or breaks off isn't needed.
        return Answer(_judged(received.status), received.status, received.text(), milliseconds)

    async def _exchange(self, url: URL, headers: Headers, body: bytes, received: "_Received") -> None:
        host = b"[%b]" % url.host if b":" in url.host else url.host
        named = (b"host", host if url.port is None else b"%b:%d" % (host, url.port))
        async with self._pool.stream("POST", url, headers=[named, *headers], content=body) as response:
            received.status = response.status
            async with aclosing(cast("AsyncGenerator[bytes]", response.aiter_stream())) as parts:
                async for part in parts:
                    received.body += part[: MOST_ANSWER_BYTES - len(received.body)]
                    if len(received.body) >= MOST_ANSWER_BYTES:
                        break


class _Received:
    """What has arrived of an answer."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.body = bytearray()

    def text(self) -> str:
        """Return the body as a text that PostgreSQL can store, which holds no NUL."""
        return self.body.decode(errors="replace").replace("\0", "\ufffd")


def _judged(status: int) -> DeliveryError | None:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    return DeliveryError.REDIRECT if is_redirect else DeliveryError.HTTP_STATUS


def _reason(failure: Exception) -> DeliveryError:  # noqa: PLR0911 - one per reason
    match failure:
        case AddressRefused():
            return DeliveryError.REFUSED_ADDRESS
        case NameNotFound():
            return DeliveryError.NAME_NOT_FOUND
        case TimeoutError() | ConnectTimeout():
            return DeliveryError.TIMEOUT
        # httpcore's errors have the original one as their argument, and no cause.
        case NetworkError(args=(ssl.SSLError(), *_)):
            return DeliveryError.TLS
        case NetworkError():
            return DeliveryError.CONNECTION
        case ProtocolError():
            return DeliveryError.INVALID_ANSWER
        case _:
            _log.error("webhook_request_failed", exc_info=failure)
            return DeliveryError.CONNECTION
