"""Look up the addresses of a host, without using threads that others need."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from threading import Thread

from app.domain.network_addresses import Address

LookUp = Callable[[str, int], Awaitable[Sequence[Address]]]
"""Returns the addresses of a host, in the order in which to try them. Raises OSError if it has none."""


async def addresses_of(host: str, port: int) -> Sequence[Address]:
    """Return the addresses of a host, from the system's resolver. Raise OSError if there are none.

    Each look-up has its own thread: one for a name whose servers don't answer can't be canceled, and the threads of the
    event loop's pool are needed for the database's names. It doesn't delay the end of the process.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Sequence[Address]] = loop.create_future()

    def tell(result: Sequence[Address] | Exception) -> None:
        if found.done():
            return
        if isinstance(result, Exception):
            found.set_exception(result)
        else:
            found.set_result(result)

    def look_up() -> None:
        try:
            result = _resolved(host, port)
        except (OSError, UnicodeError) as error:
            result = error if isinstance(error, OSError) else OSError(f"{error}")
        # The loop is closed if the process ends meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, result)

    Thread(target=look_up, name="look-up", daemon=True).start()
    return await found


def _resolved(host: str, port: int) -> Sequence[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [*dict.fromkeys(ip_address(address[0]) for *_, address in found)]
