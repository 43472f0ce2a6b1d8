"""A TCP proxy before PostgreSQL that loses connections without telling, as a failover or a firewall does."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress


class SilentNetwork:
    """Passes bytes on in both directions until it is told not to; the connections stay open all the while."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._passes = asyncio.Event()
        self._passes.set()
        self._new_passes = asyncio.Event()
        self._new_passes.set()
        self._writers = set[asyncio.StreamWriter]()
        self._pumps = set[asyncio.Task[None]]()

    def freeze_open(self) -> None:
        """Pass nothing more over connections that are open now, ever; new ones pass."""
        self._passes.clear()
        self._passes = asyncio.Event()
        self._passes.set()

    def freeze(self) -> None:
        """Pass nothing more, until `thaw`; new connections are accepted and stay silent."""
        self._passes.clear()
        self._new_passes.clear()

    def thaw(self) -> None:
        """Pass everything on again."""
        self._passes.set()
        self._new_passes.set()

    def cut(self) -> None:
        """Reset every connection that is open now; new ones pass."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        self._writers.add(writer)
        with suppress(OSError):
            await self._new_passes.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(back)
            passes = self._passes
            for source, sink in ((reader, back), (there, writer)):
                task = asyncio.create_task(self._pump(source, sink, passes))
                self._pumps.add(task)
                task.add_done_callback(self._pumps.discard)

    def close(self) -> None:
        """End all connections."""
        for task in self._pumps:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()

    @staticmethod
    async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, passes: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                await passes.wait()
                sink.write(data)
                await sink.drain()
            await passes.wait()
            sink.close()


@asynccontextmanager
async def silent_network(target: int) -> AsyncGenerator[SilentNetwork]:
    """A proxy before a port of this machine."""
    network = SilentNetwork(target)
    server = await asyncio.start_server(network.serve, "127.0.0.1", 0)
    network.port = server.sockets[0].getsockname()[1]
    try:
        yield network
    finally:
        server.close()
        network.close()
