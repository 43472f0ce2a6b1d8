"""A TCP proxy in front of PostgreSQL that drops connections silently, as a failover or a firewall does."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any


class SilentNetwork:
    """Forwards bytes in both directions until it is told to stop; the connections stay open."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.passes_ends = True
        """Whether the end of a connection is forwarded, or only the bytes before it."""
        self._is_closed = False
        self._target = target
        self._passes = asyncio.Event()
        self._passes.set()
        self._new_passes = asyncio.Event()
        self._new_passes.set()
        self._writers = set[asyncio.StreamWriter]()
        self._tasks = set[asyncio.Task[Any]]()

    def freeze_open(self) -> None:
        """Forward nothing more over the connections that are open now; new ones work."""
        self._passes.clear()
        self._passes = asyncio.Event()
        self._passes.set()

    def freeze(self) -> None:
        """Forward nothing until `thaw`; new connections are accepted and stay silent."""
        self._passes.clear()
        self._new_passes.clear()

    def thaw(self) -> None:
        """Forward everything again."""
        self._passes.set()
        self._new_passes.set()

    def cut(self) -> None:
        """Reset every connection that is open now; new ones work."""
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
    """Run a proxy in front of a port of this machine, on a free port or the given one."""
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
