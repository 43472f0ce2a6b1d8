"""Subscribers of one server, all in this process: they answer what they must, and record the events they receive."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self, cast

from typing_extensions import override

from bench.failures import BenchError
from bench.live.ledger import Expected, Ledger, Refused
from bench.live.sse import EventStream
from bench.live.websocket import WebSocket
from bench.live.wire import Ended, Message, Reply, Subscribed, Transport, Update, Wire
from bench.load import HOST

_AT_ONCE = 50
"""Connections that are opened at the same time."""
_SECONDS = 30
_QUIET_SECONDS = 0.3
_MOST_KNOWN = 2_000


class Audience:
    """Subscribers of one server with one document and one credential, which all receive the same events."""

    def __init__(
        self, transport: Transport, port: int, document: str, token: str | None, ledger: Ledger | None = None
    ) -> None:
        self.ledger = ledger or Ledger()
        # What was received and read once is recognized by its bytes: they are the same for all subscribers.
        self.known: dict[bytes, tuple[Expected, ...]] = {}
        kind = EventStream if transport is Transport.SSE else WebSocket
        self._new_wire: Callable[[], Wire] = lambda: kind(port, document, token)
        self._port = port
        self._subscribers: list[_Subscriber] = []

    async def grow(self, to: int) -> None:
        """Subscribe until there are this many."""
        while len(self._subscribers) < to:
            count = min(_AT_ONCE, to - len(self._subscribers))
            new = [_Subscriber(len(self._subscribers) + place, self, self._new_wire()) for place in range(count)]
            self._subscribers += new
            self.ledger.subscribers = len(self._subscribers)
            try:
                async with asyncio.timeout(_SECONDS):
                    await asyncio.gather(*(self._connected(subscriber) for subscriber in new))
            except TimeoutError:
                msg = f"The server did not accept subscribers within {_SECONDS} seconds."
                raise BenchError(msg) from None
            self.ledger.check()

    async def _connected(self, subscriber: "_Subscriber") -> None:
        await asyncio.get_running_loop().create_connection(lambda: subscriber, HOST, self._port)
        await subscriber.subscribed

    async def quiet(self) -> None:
        """Wait until nothing was received for a moment."""
        before = -1
        while before != self.ledger.receipts:
            before = self.ledger.receipts
            await asyncio.sleep(_QUIET_SECONDS)
        self.ledger.check()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        for subscriber in self._subscribers:
            subscriber.close()
        # The event loop closes them soon.
        await asyncio.sleep(0.01)

    def learn(self, data: bytes, events: tuple[Expected, ...]) -> None:
        """Recognize these bytes as these events from now on."""
        if len(self.known) >= _MOST_KNOWN:
            self.known.clear()
        self.known[data] = events


class _Subscriber(asyncio.Protocol):
    """One subscription on one connection."""

    __slots__ = ("_audience", "_number", "_transport", "_wire", "is_closing", "subscribed")

    def __init__(self, number: int, audience: Audience, its_wire: Wire) -> None:
        self._number = number
        self._audience = audience
        self._wire = its_wire
        self._transport: asyncio.Transport | None = None
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_closing = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._wire.greeting)

    @override
    def data_received(self, data: bytes) -> None:
        audience, was_between = self._audience, self._wire.is_between
        if was_between and (known := audience.known.get(data)) is not None:
            audience.ledger.receive(self._number, known)
            return
        messages = list(self._wire.feed(data))
        events = tuple(event for message in messages if (event := self._event(message)) is not None)
        if events:
            audience.ledger.receive(self._number, events)
            if was_between and self._wire.is_between and len(events) == len(messages):
                audience.learn(data, events)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self.is_closing:
            self._failed(f"The server disconnected a subscriber: {exc or 'closed'}")

    def close(self) -> None:
        """Close the connection."""
        self.is_closing = True
        if self.subscribed.done() and not self.subscribed.cancelled():
            # Known by the ledger, also if nothing waited for it.
            self.subscribed.exception()
        if self._transport is not None:
            self._transport.abort()

    def _event(self, message: Message) -> Expected | None:
        """Return the event of a message; None if it is another message, which is answered."""
        match message:
            case Update(result):
                return self._audience.ledger.identified(result)
            case Reply(reply):
                if self._transport is not None:
                    self._transport.write(reply)
            case Subscribed():
                self.subscribed.set_result(None)
            case Ended(reason):
                self._failed(f"The server ended a subscription: {reason}")
        return None

    def _failed(self, reason: str) -> None:
        if not self.subscribed.done():
            self.subscribed.set_exception(Refused(reason))
        self._audience.ledger.fail(Refused(reason))
