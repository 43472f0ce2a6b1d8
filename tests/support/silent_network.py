"""A TCP proxy before PostgreSQL that loses connections without telling, as a failover or a firewall does."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any


class SilentNetwork:
    """Passes bytes on in both directions until it is told not to; the connections stay open all the while."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.passes_ends = True
        """Whether the end of a connection is passed on, or only what was sent before."""
        self._is_closed = False
        self._target = target
        self._passes = asyncio.Event()
        self._passes.set()
        self._new_passes = asyncio.Event()
        self._new_passes.set()
        self._writers = set[asyncio.StreamWriter]()
        self._tasks = set[asyncio.Task[Any]]()

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
            if self._is_closed:
                return
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(back)
            passes = self._passes
            for source, sink in ((reader, back), (there, writer)):
                self._keep(asyncio.create_task(self._pump(source, sink, passes)))

    def close(self) -> None:
        """End all connections."""
        self._is_closed = True
        self._new_passes.set()
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, passes: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                await passes.wait()
                sink.write(data)
                await sink.drain()
            await passes.wait()
            if self.passes_ends:
                sink.close()


@asynccontextmanager
async def silent_network(target: int, port: int = 0) -> AsyncGenerator[SilentNetwork]:
    """A proxy before a port of this machine, on a free port or the one that is given."""
    network = SilentNetwork(target)
    server = await asyncio.start_server(network.serve, "127.0.0.1", port)
    network.port = server.sockets[0].getsockname()[1]
    try:
        yield network
    finally:
        server.close()
        network.close()
        # The tasks that were canceled end in the next turns.
        await asyncio.sleep(0.05)
