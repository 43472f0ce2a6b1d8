"""TCP options that detect dead connections to the database."""

import socket
from typing import Any

_OPTIONS = (
    # After five idle seconds, send a keepalive probe every second, three at most …
    ("TCP_KEEPIDLE", 5),
    ("TCP_KEEPINTVL", 1),
    ("TCP_KEEPCNT", 3),
    # … and require sent data to be acknowledged within 5,000 milliseconds.
    ("TCP_USER_TIMEOUT", 5_000),
)


def watch_socket(connection: Any) -> None:
    """Make the kernel close a connection whose peer is gone, with the options that the platform has."""
    found = connection._transport.get_extra_info("socket")  # noqa: SLF001 - the driver has no public attribute
    if found is None or found.family == socket.AF_UNIX:
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS:
        option = getattr(socket, name, None)
        if option is not None:
            found.setsockopt(socket.IPPROTO_TCP, option, value)
