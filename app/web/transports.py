"""The sockets of connections, which may be closed: asyncio and uvloop tell that differently."""

import asyncio
import socket
from fcntl import ioctl
from termios import FIONREAD

_RESET, _END = b"\1\0\0\0\0\0\0\0", bytes(8)
"""Values of SO_LINGER: closing a connection resets it (on, zero seconds), or ends it after what was sent (off)."""


def end_with_reset(transport: asyncio.Transport, *, is_on: bool) -> None:
    """Determine what the client sees when the connection is closed, for any reason: a reset, or an end."""
    if (found := _socket_of(transport)) is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET if is_on else _END)


def has_unread(transport: asyncio.Transport) -> bool:
    """Return whether the kernel has data of a connection that this process has not read yet."""
    found = _socket_of(transport)
    return found is not None and any(ioctl(found.fileno(), FIONREAD, bytes(4)))


def _socket_of(transport: asyncio.Transport) -> socket.socket | None:
    """Return the socket of a connection, or None if it is closed."""
    try:
        found: socket.socket | None = transport.get_extra_info("socket")
    except (OSError, ValueError):
        # uvloop makes the socket when it is first asked for, which fails for a closed connection.
        return None
    # uvloop forgets the socket, asyncio keeps it without a file.
    return found if found is not None and found.fileno() >= 0 else None
