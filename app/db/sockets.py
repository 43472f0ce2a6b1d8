"""TCP's own means to notice a dead connection, set on each connection to the database."""

import socket
from typing import Any

_OPTIONS = (
    # After five idle seconds the server's kernel is asked once a second whether it still has the connection …
    ("TCP_KEEPIDLE", 5),
    ("TCP_KEEPINTVL", 1),
    ("TCP_KEEPCNT", 3),
    # … and what is sent has to be acknowledged within as many milliseconds.
    ("TCP_USER_TIMEOUT", 5_000),
)


def watch_socket(connection: Any) -> None:
    """Have the kernel end a driver's connection whose other end is gone; each platform as far as it can."""
    found = connection._transport.get_extra_info("socket")  # noqa: SLF001 - the driver tells nowhere else
    if found is None or found.family == socket.AF_UNIX:
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS:
        option = getattr(socket, name, None)
        if option is not None:
            found.setsockopt(socket.IPPROTO_TCP, option, value)
