"""Connect to hosts that callers name, unless an address of theirs is not public."""

from collections.abc import Iterable
from contextlib import suppress

from httpcore import SOCKET_OPTION, AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream, ConnectError, ConnectTimeout
from typing_extensions import override

from app.domain.network_addresses import is_public
from app.webhooks.names import LookUp, addresses_of

_CONNECT_SECONDS = 3.0
"""How long to wait for a connection to one of several addresses, in seconds, before the next one is tried."""
_MOST_TRIED = 4


class NameNotFound(ConnectError):
    """The host has no address."""


class AddressRefused(ConnectError):
    """An address of the host is not public."""


class PublicNetwork(AsyncNetworkBackend):
    """Opens TCP connections for httpcore.

    A name is looked up once, and the connection is opened to an address that was checked, so a DNS server can't answer
    with a public address first and a private one afterwards.
    """

    def __init__(
        self,
        *,
        allows_private: bool = False,
        look_up: LookUp = addresses_of,
        connections: AsyncNetworkBackend | None = None,
    ) -> None:
        self._allows_private = allows_private
        self._look_up = look_up
        self._connections = connections or AnyIOBackend()

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Return a connection to the first address that accepts one. Raise NameNotFound or AddressRefused."""
        try:
            addresses = await self._look_up(host, port)
        except OSError as error:
            raise NameNotFound from error
        if not addresses:
            raise NameNotFound
        if not self._allows_private and not all(map(is_public, addresses)):
            raise AddressRefused
        *others, last = map(str, addresses[:_MOST_TRIED])
        for address in others:
            with suppress(ConnectError, ConnectTimeout):
                return await self._connections.connect_tcp(
                    address, port, _CONNECT_SECONDS, local_address, socket_options
                )
        return await self._connections.connect_tcp(last, port, timeout, local_address, socket_options)


class OneConnection(AsyncNetworkBackend):
    """Opens one connection at a time, and closes it at the end.

    httpcore leaves a connection open whose TLS handshake is canceled, as after the time limit of a request.
    """

    def __init__(self, network: AsyncNetworkBackend) -> None:
        self._network = network
        self._stream: AsyncNetworkStream | None = None

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Return a new connection."""
        await self.aclose()
        self._stream = await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        return self._stream

    async def aclose(self) -> None:
        """Close the connection."""
        if self._stream is not None:
            await self._stream.aclose()
            self._stream = None
