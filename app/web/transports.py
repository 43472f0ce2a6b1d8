"""The sockets of connections, which may be closed: asyncio and uvloop tell that differently."""

import asyncio
import socket
from fcntl import ioctl
from termios import FIONREAD

_RESET = b"\1\0\0\0\0\0\0\0"
"""The value of SO_LINGER with which closing a connection resets it: on, zero seconds."""


def reset(transport: asyncio.Transport) -> None:
    """Close a connection at once. Its client sees a reset, not an end."""
    if (found := _socket_of(transport)) is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


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
