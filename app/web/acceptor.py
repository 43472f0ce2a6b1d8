"""Taking connections from a listening socket."""

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from ctypes import addressof, create_string_buffer

import structlog

_log = structlog.get_logger()

_MAX_AT_ONCE = 8
"""How many connections are taken before requests get their turn, and other processes theirs at what is left."""
_PAUSE_SECONDS = 0.5
"""How long none is taken after the system has refused one for want of something, such as open files."""
_GONE_BEFORE = {errno.EAGAIN, errno.EINTR, errno.ECONNABORTED, errno.EPROTO}
_SO_ATTACH_FILTER = 26
# Classic BPF, on the TCP header: SYN without ACK (of byte 13, the flags) is dropped, all else is let through.
_DROP_SYN = (
    struct.pack("HBBI", 0x30, 0, 0, 13)  # load the flags
    + struct.pack("HBBI", 0x54, 0, 0, 0x12)  # keep SYN and ACK
    + struct.pack("HBBI", 0x15, 0, 1, 0x02)  # is it SYN alone?
    + struct.pack("HBBI", 0x06, 0, 0, 0)  # drop it
    + struct.pack("HBBI", 0x06, 0, 0, 0xFFFFFFFF)  # let it through
)
_INSTRUCTIONS = 5


class Acceptor:
    """Hands each connection of a listening socket to a protocol.

    uvloop's own servers stop for good, without a word, when the system has no file descriptor left for a connection.
    """

    def __init__(self, listener: socket.socket, make_protocol: Callable[[], asyncio.Protocol]) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._make_protocol = make_protocol
        self._loop = asyncio.get_running_loop()
        self._starting: set[asyncio.Task[None]] = set()
        self._resuming: asyncio.TimerHandle | None = None
        self._resume()

    def close(self) -> None:
        """Take the connections that are there already, and no more."""
        if self._resuming is not None:
            self._resuming.cancel()
        self._loop.remove_reader(self._listener)
        while self._take():
            pass
        self._listener.close()

    def _resume(self) -> None:
        self._resuming = None
        self._loop.add_reader(self._listener, self._take_some)

    def _take_some(self) -> None:
        for _ in range(_MAX_AT_ONCE):
            if not self._take():
                return

    def _take(self) -> bool:
        """Take the next connection; whether there was one."""
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno not in _GONE_BEFORE:
                _log.error("connection_not_accepted", reason=error.strerror)
                self._loop.remove_reader(self._listener)
                self._resuming = self._loop.call_later(_PAUSE_SECONDS, self._resume)
            return False
        connection.setblocking(False)
        task = self._loop.create_task(self._start(connection))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)
        return True

    async def _start(self, connection: socket.socket) -> None:
        # The client may have left already.
        with suppress(OSError):
            await self._loop.connect_accepted_socket(self._make_protocol, connection)


def refuse_new_connections(listener: socket.socket) -> None:
    """Have the kernel begin no more connections on a listening socket, in whichever process, before it is closed.

    Closing it resets the connections that nobody has accepted yet, and some that are just being made. Without this
    function, as where the system has no such filter, those that come while the last ones are accepted are lost.
    """
    if sys.platform != "linux":
        return
    program = create_string_buffer(_DROP_SYN)
    with suppress(OSError):
        filter_ = struct.pack("HP", _INSTRUCTIONS, addressof(program))
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)
