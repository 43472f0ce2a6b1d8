"""Subscriptions over graphql-transport-ws."""

import json
import struct
from collections.abc import Iterator

from bench.live.wire import END_OF_HEAD, Ended, Message, Reply, Subscribed, Update, read, shown
from bench.load import HOST

_SUBPROTOCOL = "graphql-transport-ws"
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_FINAL, _MASKED = 0x80, 0x80
_SHORT, _TWO_BYTES, _EIGHT_BYTES = 125, 126, 127
# A mask of zeros leaves the payload as it is. Random ones protect proxies, and there is none.
_MASK = bytes(4)


class WebSocket:
    """A subscription over graphql-transport-ws."""

    def __init__(self, port: int, document: str, token: str | None) -> None:
        head = [
            "GET /graphql HTTP/1.1",
            f"Host: {HOST}:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: YmVuY2htYXJrIG9mIG9uZQ==",
            f"Sec-WebSocket-Protocol: {_SUBPROTOCOL}",
            *([f"Authorization: Bearer {token}"] if token else []),
        ]
        self.greeting = "\r\n".join(head).encode() + END_OF_HEAD
        self._document = document
        self._received = b""
        self._is_open = False

    @property
    def is_between(self) -> bool:
        """Whether the next byte begins a message."""
        return self._is_open and not self._received

    def feed(self, data: bytes) -> Iterator[Message]:
        """Return the messages that received bytes complete."""
        self._received += data
        if not self._is_open:
            head, end, rest = self._received.partition(END_OF_HEAD)
            if not end:
                return
            lower = head.lower()
            protocol = f"\r\nsec-websocket-protocol: {_SUBPROTOCOL}".encode()
            if not lower.startswith(b"http/1.1 101 ") or protocol not in lower:
                yield Ended(shown(self._received))
                return
            self._is_open, self._received = True, rest
            yield _message({"type": "connection_init"})
        while (frame := _first_frame(self._received)) is not None:
            kind, payload, length = frame
            self._received = self._received[length:]
            yield from self._of_frame(kind, payload)

    def _of_frame(self, kind: int, payload: bytes) -> Iterator[Message]:
        match kind:
            case _ if kind == _FINAL | _TEXT:
                yield from self._of_text(payload)
            case _ if kind == _FINAL | _PING:
                yield Reply(_frame(_PONG, payload))
            case _ if kind == _FINAL | _PONG:
                return
            case _ if kind == _FINAL | _CLOSE:
                code = int.from_bytes(payload[:2])
                yield Ended(f"The connection was closed with {code} {shown(payload[2:])}")
            case _:
                yield Ended(f"A frame begins with {kind:#x}, which no measured server sends.")

    def _of_text(self, text: bytes) -> Iterator[Message]:
        message = read(text)
        match message["type"]:
            case "next":
                yield Update(message["payload"])
            case "connection_ack":
                yield _message({"id": "1", "type": "subscribe", "payload": {"query": self._document}})
                yield Subscribed()
            case "ping":
                yield _message({"type": "pong"})
            case "pong":
                return
            case _:
                yield Ended(shown(text))


def _first_frame(received: bytes) -> tuple[int, bytes, int] | None:
    """Return the first byte, the payload and the length of the first frame; None if it is incomplete."""
    begin = 2
    if len(received) < begin:
        return None
    length = received[1]
    if length == _TWO_BYTES:
        begin = 4
        length = int.from_bytes(received[2:begin])
    elif length == _EIGHT_BYTES:
        begin = 10
        length = int.from_bytes(received[2:begin])
    end = begin + length
    return (received[0], received[begin:end], end) if len(received) >= end else None


def _message(content: object) -> Reply:
    return Reply(_frame(_TEXT, json.dumps(content).encode()))


def _frame(kind: int, payload: bytes) -> bytes:
    length = len(payload)
    if length <= _SHORT:
        head = struct.pack("!BB", _FINAL | kind, _MASKED | length)
    else:
        head = struct.pack("!BBH", _FINAL | kind, _MASKED | _TWO_BYTES, length)
    return head + _MASK + payload
