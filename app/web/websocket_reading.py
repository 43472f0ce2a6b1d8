"""Reading from a WebSocket: no more than the application has handled and the client has read answers to (ADR 33)."""

import asyncio
from typing import Any

from typing_extensions import override
from uvicorn._types import ASGIReceiveEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode as LibraryCode
from websockets.frames import Frame

PIECE_BYTES = 2_048
"""Bytes parsed per turn of the event loop: up to 340 frames, which take 5 µs each."""
_MIN_FRAGMENTS = 1_000
"""Maximum number of fragments of a short message. Each takes a hundred bytes, even if it is empty."""
_FRAGMENT_BYTES = 1_024
"""Size of a fragment on which the maximum for long messages is based, in bytes."""


class ReadingProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which parses received data in pieces.

    The next piece is parsed, and more is read, once the application has handled all messages, and the client has read
    what was sent to it: each message and each ping has an answer.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._ahead = b""
        """Received data that must not be parsed yet."""
        self._is_continuing = False
        """Whether the next piece will be parsed in a turn of the event loop."""
        self._max_fragments = max(_MIN_FRAGMENTS, config.ws_max_size // _FRAGMENT_BYTES)
        self.unread_bytes = 0
        """Number of received bytes that the application has not handled, at least in part."""
        self.incomplete_since: float | None = None
        """The time since when the rest of a message is awaited; None if none is."""

    @override
    def data_received(self, data: bytes) -> None:
        self.unread_bytes += len(data)
        if self._ahead or (self.handshake_initiated and len(data) > PIECE_BYTES):
            self._ahead += data
            self._pause_reading()
            self._continue()
        else:
            self._parse(data)

    @override
    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < self._max_fragments:
            super().handle_cont(event)
            return
        self._fail(LibraryCode.MESSAGE_TOO_BIG, f"a message has more than {self._max_fragments} fragments")

    @override
    def send_receive_event_to_app(self) -> None:
        data = b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "text":
            try:
                self.queue.put_nowait({"type": "websocket.receive", "text": data.decode()})
            except UnicodeDecodeError as error:
                # uvicorn logs a traceback for what any client may send.
                self._fail(LibraryCode.INVALID_DATA, f"text isn't UTF-8 at byte {error.start}")
                return
        else:
            self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        self._pause_reading()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._pause_reading()

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._continue()

    @override
    async def receive(self) -> ASGIReceiveEvent:
        message = await self.queue.get()
        self._continue()
        return message

    def _parse(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_within_message():
            self.incomplete_since = None
        elif self.incomplete_since is None:
            self.incomplete_since = self.loop.time()
        self._continue()

    def _is_within_message(self) -> bool:
        """Return whether a part of a message has arrived."""
        return bool(self.frames or self.conn.reader.buffer)

    def _fail(self, code: LibraryCode, reason: str) -> None:
        """Close the connection because the client has sent what it must not."""
        self.frames = []
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    def _forget_unread(self) -> None:
        """Note that the application has handled all that was received."""
        self.unread_bytes = 0

    def _pause_reading(self) -> None:
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def _continue(self) -> None:
        """Parse the next piece in the next turn, or read more, if all messages are handled and answers are read."""
        if not (self.queue.empty() or self.close_sent) or not self.writable.is_set():
            return
        if self._ahead:
            if not self._is_continuing:
                self._is_continuing = True
                self.loop.call_soon(self._parse_next)
            return
        if self.unread_bytes and not self._is_within_message():
            self._forget_unread()
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def _parse_next(self) -> None:
        self._is_continuing = False
        if self.transport.is_closing():
            return
        data, self._ahead = self._ahead[:PIECE_BYTES], self._ahead[PIECE_BYTES:]
        self._parse(data)
