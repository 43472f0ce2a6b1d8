"""Clients that send requests to a service until it ends, and count what became of each."""

import asyncio
from collections import Counter
from contextlib import suppress
from urllib.parse import quote

QUERY = "{customers(first: 5) {totalCount nodes {customerNumber name}}}"
_PATIENCE_SECONDS = 20


class Clients:
    """Bounded clients of both kinds: those that connect for each request, and those that keep their connections."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._port = port
        lines = [f"{name}: {value}" for name, value in {"Host": "localhost", **headers}.items()]
        self._head = "\r\n".join([f"GET /graphql?query={quote(QUERY)} HTTP/1.1", *lines])
        self.outcomes = Counter[str]()
        """What became of requests: "200", another status, "refused" (no connection), "retried", "reset" or
        "silence"."""

    async def run(self, number: int, seconds: float) -> None:
        """Send requests with as many clients of each kind, until nobody listens or the time is over."""
        end = asyncio.get_running_loop().time() + seconds
        async with asyncio.TaskGroup() as group:
            for _ in range(number):
                group.create_task(self._connect_for_each(end))
                group.create_task(self._keep_connection(end))

    async def _connect_for_each(self, end: float) -> None:
        while asyncio.get_running_loop().time() < end:
            connection = await self._connect()
            if connection is None:
                return
            try:
                self.outcomes[(await self._ask(*connection, "Connection: close") or "reset").split()[0]] += 1
            finally:
                connection[1].close()

    async def _keep_connection(self, end: float) -> None:
        connection = None
        is_new = True
        while asyncio.get_running_loop().time() < end:
            if connection is None:
                connection, is_new = await self._connect(), True
            if connection is None:
                return
            outcome = await self._ask(*connection, "Connection: keep-alive")
            if outcome is None or outcome.endswith("close"):
                connection[1].close()
                connection = None
            # A server may close an idle connection at any time, and a client repeat what is safe to repeat.
            kind = ("reset" if is_new else "retried") if outcome is None else outcome.split()[0]
            self.outcomes[kind] += 1
            is_new = False
            await asyncio.sleep(0.005)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        try:
            return await asyncio.open_connection("127.0.0.1", self._port)
        except ConnectionRefusedError:
            self.outcomes["refused"] += 1
            return None

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: str) -> str | None:
        """Return the status, and " close" if the connection is closed; None if it was before an answer began."""
        begun = b""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                writer.write(f"{self._head}\r\n{connection}\r\n\r\n".encode())
                with suppress(ConnectionError):
                    await writer.drain()
                begun = await reader.readexactly(1)
                head = (begun + await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = head.partition("content-length: ")[2].partition("\r\n")[0]
                await reader.readexactly(int(length))
        except TimeoutError:
            return "silence close"
        except (ConnectionError, asyncio.IncompleteReadError):
            return "torn close" if begun else None
        return head.split()[1] + (" close" if "connection: close" in head else "")
