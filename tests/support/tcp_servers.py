"""PostgreSQL over TCP with passwords: without TLS, behind a terminator of TLS, and with TLS of its own where one is
installed."""

import asyncio
import ssl
import struct
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import BinaryIO, Self

import pytest

from app.db.embedded import EmbeddedServer
from app.db.server_user import make_owner_of, server_user
from tests.support.certificates import Authority
from tests.support.commands import free_port
from tests.support.databases import execute

PASSWORD = "correct"  # noqa: S105 - of a server that lives as long as its test
_ROLES = ("anybody", "tls_only", "plain_only")
_ACCESS = "local all all trust\nhost all all all scram-sha-256\n"
_ACCESS_BY_TLS = """
local     all all        trust
hostnossl all tls_only   all reject
hostssl   all plain_only all reject
hostssl   all certified  all cert
host      all all        all scram-sha-256
"""
_TLS_REQUEST = struct.pack("!ii", 8, 80_877_103)


@dataclass(frozen=True)
class TcpServer:
    """Addresses of a running server."""

    port: int
    socket_folder: Path
    socket_port: int
    direct_port: int | None = None
    """Port where TLS begins without a request; None if the server has none."""

    def url(self, query: str = "", *, user: str = "anybody", host: str = "localhost", port: int | None = None) -> str:
        """Return the URL of a role with its password and these parameters."""
        return f"postgresql://{user}:{PASSWORD}@{host}:{port or self.port}/postgres?{query}".rstrip("?")

    @property
    def superuser_url(self) -> str:
        """Return the URL of the superuser, over the Unix socket."""
        return f"postgresql://postgres@/postgres?host={self.socket_folder}&port={self.socket_port}"


@contextmanager
def plain_server(folder: Path) -> Generator[TcpServer]:
    """Run the embedded server, which has no TLS."""
    port = free_port()
    with EmbeddedServer(folder / "data", durable=False, options=_options(folder, port, _ACCESS)):
        server = TcpServer(port, folder / "data", port)
        asyncio.run(execute(server.superuser_url, *_statements()))
        yield server


@contextmanager
def terminated_server(folder: Path, authority: Authority) -> Generator[TcpServer]:
    """Run the embedded server behind a proxy that terminates TLS, as database hosts do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("localhost", folder))
    context.set_alpn_protocols(["postgresql"])
    with plain_server(folder) as server, _Terminator(server.port, context) as terminator:
        yield TcpServer(terminator.port, server.socket_folder, server.socket_port, terminator.direct_port)


@contextmanager
def installed_server(folder: Path, authority: Authority) -> Generator[TcpServer]:
    """Run the machine's PostgreSQL if it was built with TLS; skip the test otherwise."""
    binaries = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))), None)
    if binaries is None:
        pytest.skip("no PostgreSQL with TLS is installed: Debian's package postgresql")
    certificate, key = authority.issue("localhost", folder)
    make_owner_of(key)
    make_owner_of(folder)
    port = free_port()
    options = {
        **_options(folder, port, _ACCESS_BY_TLS),
        "ssl": "on",
        "ssl_cert_file": str(certificate),
        "ssl_key_file": str(key),
        "ssl_ca_file": str(authority.file),
        "unix_socket_directories": str(folder),
        "fsync": "off",
    }
    data = folder / "data"
    initdb = [binaries.with_name("initdb"), "-D", data, "--username=postgres", "--auth=trust", "--no-sync"]
    with (folder / "log").open("wb") as log:
        assert _start([*initdb, "--locale=C.UTF-8", "--encoding=UTF8"], log).wait() == 0
        written = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        process = _start([binaries, "-D", data, *written], log)
    try:
        _wait_until_ready(data / "postmaster.pid", process)
        server = TcpServer(port, folder, port)
        asyncio.run(execute(server.superuser_url, *_statements(), "CREATE ROLE certified LOGIN"))
        yield server
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()


def _options(folder: Path, port: int, access: str) -> Mapping[str, str]:
    file = folder / "access.conf"
    file.write_text(access)
    return {"listen_addresses": "127.0.0.1,::1", "port": str(port), "hba_file": str(file)}


def _statements() -> list[str]:
    return [f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'" for name in _ROLES]


def _start(command: Sequence[str | Path], log: BinaryIO) -> subprocess.Popen[bytes]:
    user = server_user()
    return subprocess.Popen(
        command,
        stdout=log,
        stderr=log,
        cwd="/",
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else [],
    )


def _wait_until_ready(pid_file: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not (pid_file.exists() and "ready" in pid_file.read_text()):
        assert process.poll() is None, "PostgreSQL did not start"
        assert time.monotonic() < deadline
        time.sleep(0.05)


class _Terminator:
    """Answers the request for TLS as PostgreSQL does, and forwards bytes; in a thread, because tests may block
    theirs."""

    def __init__(self, upstream: int, context: ssl.SSLContext) -> None:
        self.port, self.direct_port = free_port(), free_port()
        self._upstream = upstream
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        self._servers = [
            await asyncio.start_server(self._answer, ["127.0.0.1"], self.port),
            await asyncio.start_server(self._forward, ["127.0.0.1"], self.direct_port, ssl=self._context),
        ]

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(len(_TLS_REQUEST))
            if first == _TLS_REQUEST:
                first = b""
                writer.write(b"S")
                await writer.start_tls(self._context)
        except (OSError, EOFError):
            # The client did not accept the certificate.
            writer.close()
            return
        await self._forward(reader, writer, first)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes = b"") -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        server_writer.write(first)
        await asyncio.gather(_copy(reader, server_writer), _copy(server_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.close()
