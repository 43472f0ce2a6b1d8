"""Accepting connections from a listening socket."""

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
"""Maximum number of connections accepted per turn of the event loop, so that requests and other processes get turns."""
_PAUSE_SECONDS = 0.5
"""How long to wait, in seconds, after the system failed to accept a connection, as for lack of file descriptors."""
_GONE_BEFORE = {errno.EAGAIN, errno.EINTR, errno.ECONNABORTED, errno.EPROTO}
_SO_ATTACH_FILTER = 26
# Classic BPF on the TCP header: drop packets with SYN but not ACK (in byte 13, the flags), and accept all others.
_DROP_SYN = (
    struct.pack("HBBI", 0x30, 0, 0, 13)  # load the flags
    + struct.pack("HBBI", 0x54, 0, 0, 0x12)  # keep SYN and ACK
    + struct.pack("HBBI", 0x15, 0, 1, 0x02)  # is it SYN alone?
    + struct.pack("HBBI", 0x06, 0, 0, 0)  # drop it
    + struct.pack("HBBI", 0x06, 0, 0, 0xFFFFFFFF)  # accept it
)
_INSTRUCTIONS = 5


class Acceptor:
    """Accepts the connections of a listening socket and gives each to a new protocol.

    uvloop's own servers stop accepting permanently, without an error, when the system has no file descriptor left.
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
        """Accept the connections that are waiting, then close the socket."""
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
        """Accept the next connection, and return whether there was one."""
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
    """Make the kernel ignore new connections to a listening socket, for all processes, before it is closed.

    Closing the socket resets connections that are not accepted yet or still being established. Where the system has no
    such filter, connections that arrive while the last ones are accepted are lost.
    """
    if sys.platform != "linux":
        return
    program = create_string_buffer(_DROP_SYN)
    with suppress(OSError):
        filter_ = struct.pack("HP", _INSTRUCTIONS, addressof(program))
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)
