"""A service, its database and the network between them, with faults that can be injected."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from app.db.embedded import EmbeddedServer, EmbeddedServerError
from tests.support.commands import ROOT, free_port
from tests.support.databases import execute
from tests.support.silent_network import SilentNetwork, silent_network
from tests.support.trust import TRUST

_READY_SECONDS = 60
_REST_SECONDS = 2.0


class Deployment:
    """A database over TCP, a network before it, and a service with two workers."""

    def __init__(self, folder: Path, server: EmbeddedServer, database_port: int, network: SilentNetwork) -> None:
        self.port = free_port()
        self.log = folder / "log"
        self.network = network
        self.environment: dict[str, str] = {}
        self.owner_dsn = f"postgresql://postgres@127.0.0.1:{database_port}/postgres"
        self._server = server
        self._service: subprocess.Popen[bytes] | None = None

    def dsn(self, role: str) -> str:
        """Return where a role connects, through the network."""
        return f"postgresql://{role}@127.0.0.1:{self.network.port}/postgres?sslmode=disable"

    async def start(self) -> None:
        """Start the service, and wait until it serves."""
        command = [sys.executable, "-m", "app", "serve", "--port", str(self.port), "--workers", "2"]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        with self.log.open("ab") as log:
            self._service = await asyncio.to_thread(
                subprocess.Popen, command, env=kept | self.environment, cwd=ROOT, stderr=log, stdout=log
            )
        await self.is_ready()

    async def is_ready(self) -> None:
        """Wait until the service says that it is ready."""
        async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(verify=TRUST) as client:
            while True:
                try:
                    if (await client.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5)).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """End the service as an operator does."""
        await self._end(signal.SIGTERM)

    async def kill_service(self) -> None:
        """Kill the service's parent process, and start another one."""
        await self._end(signal.SIGKILL)
        await self._start_again()

    async def restart_service(self) -> None:
        """End the service as a deployment does, and start another one."""
        await self.stop()
        await self._start_again()

    async def kill_worker(self) -> None:
        """Kill one of the workers."""
        assert self._service is not None
        os.kill(next(pid for pid in _children(self._service.pid) if _is_worker(pid)), signal.SIGKILL)

    async def kill_database(self) -> None:
        """Kill the database's main process, as a lack of memory does, and start it again."""
        assert self._server.pid is not None
        os.kill(self._server.pid, signal.SIGKILL)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(self._server.stop)
        async with asyncio.timeout(_READY_SECONDS):
            while True:
                try:
                    await asyncio.to_thread(self._server.start)
                except EmbeddedServerError:
                    # Its children are still on their way out.
                    await asyncio.sleep(0.2)
                else:
                    return

    async def restart_database(self) -> None:
        """Stop the database, and start it again."""
        await asyncio.to_thread(self._server.stop)
        await asyncio.to_thread(self._server.start)

    async def pause_database(self) -> None:
        """Stop the database's processes for some seconds where they are."""
        assert self._server.pid is not None
        pids = [self._server.pid, *_children(self._server.pid)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(3)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    async def end_connections(self) -> None:
        """End every connection of the service, as an operator or a failover does."""
        await execute(
            self.owner_dsn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'serving'"
        )

    async def fail_over(self) -> None:
        """Lose all open connections without telling; new ones pass."""
        self.network.freeze_open()

    async def lose_network(self) -> None:
        """Pass nothing for some seconds."""
        self.network.freeze()
        await asyncio.sleep(3)
        self.network.thaw()

    async def cut_network(self) -> None:
        """Reset all connections to the database."""
        self.network.cut()

    @property
    def faults(self) -> list[Callable[[], Awaitable[None]]]:
        """The faults, in the order in which they are injected."""
        return [
            self.kill_database,
            self.fail_over,
            self.kill_worker,
            self.cut_network,
            self.pause_database,
            self.restart_service,
            self.end_connections,
            self.lose_network,
            self.kill_service,
            self.restart_database,
        ]

    async def inject_faults(self, seconds: float) -> int:
        """Inject one fault after the other for some seconds, each after the service has recovered; return their
        number."""
        end = asyncio.get_running_loop().time() + seconds
        happened = 0
        while asyncio.get_running_loop().time() < end:
            await self.faults[happened % len(self.faults)]()
            happened += 1
            await self.is_ready()
            await asyncio.sleep(_REST_SECONDS)
        return happened

    async def _end(self, number: signal.Signals) -> None:
        assert self._service is not None
        self._service.send_signal(number)
        await asyncio.to_thread(self._service.wait, 60)

    async def _start_again(self) -> None:
        async with asyncio.timeout(_READY_SECONDS):
            # Workers whose parent was killed still answer what they have begun.
            while await asyncio.to_thread(_listens, self.port):  # noqa: ASYNC110 - a port says nothing when it is left
                await asyncio.sleep(0.1)
        await self.start()


@asynccontextmanager
async def deployment(folder: Path) -> AsyncGenerator[Deployment]:
    """A database that keeps what it commits, reached through a network; the service is yet to be started."""
    port = free_port()
    # Without fsync: no trial here ends the machine itself.
    options = {"listen_addresses": "127.0.0.1", "port": str(port), "fsync": "off"}
    server = EmbeddedServer(folder / "database", options=options)
    await asyncio.to_thread(server.start)
    try:
        async with silent_network(port) as network:
            built = Deployment(folder, server, port, network)
            try:
                yield built
            finally:
                await built.stop()
    finally:
        await asyncio.to_thread(server.stop)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_worker(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _listens(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/livez", timeout=2, verify=TRUST)
    except httpx.ConnectError:
        return False
    except httpx.TransportError:
        return True
    return True
