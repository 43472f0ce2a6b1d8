"""The measured servers: starting them, pinning them to cores, and stopping them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.arrangement import LARGE_COMPANY
from bench.cpu import Cores, held_to
from bench.database import ROOT, Cluster
from bench.failures import BenchError
from bench.node import PEERS, node
from bench.options import MetadataBy, Mode
from bench.tokens import Issuer

_START_SECONDS = 60
_STOP_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Server:
    """A server that can be measured."""

    name: str
    command: tuple[str | Path, ...]
    is_peer: bool
    """Whether it is one of the servers with which this service is compared."""
    is_ours: bool = False
    """Whether it is this service, which always verifies tokens and uses row-level security."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    can_write: bool = False
    """Whether it has the mutations."""
    folder: Path = ROOT
    """The folder that it is started in."""

    @property
    def needs_node(self) -> bool:
        """Whether it runs on Node."""
        return PEERS in Path(self.command[-1]).parents


def ours(name: str, *, plans: bool, workers: int = 1, checkout: Path = ROOT) -> Server:
    """Return this service, without its list cache, which would hide the cost of lists.

    Nor does it work for the feed meanwhile: that would take time from the servers that are measured beside it.
    """
    python = sys.executable if checkout == ROOT else checkout.absolute() / ".venv" / "bin" / "python"
    command = (python, "-m", "app", "serve", "--workers", str(workers))
    environment = {"QUERY_PLANS": str(plans).lower(), "LIST_CACHE_SECONDS": "0", "BACKGROUND_WORK": "false"}
    return Server(name, command, is_peer=False, is_ours=True, can_write=True, environment=environment, folder=checkout)


def _in_python(name: str, module: str, *, is_peer: bool = True) -> Server:
    command = (sys.executable, "-m", f"bench.peers.python.{module}")
    return Server(name, command, is_peer, can_write=not is_peer)


def _in_node(name: str) -> Server:
    command = (node(), PEERS / f"{name}.mjs")
    environment = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    return Server(name, command, is_peer=True, can_write=name == "mercurius", environment=environment)


def known_servers() -> dict[str, Server]:
    """Return all servers by name."""
    servers = (
        ours("planned", plans=True),
        ours("loaders", plans=False),
        _in_node("mercurius"),
        _in_node("postgraphile"),
        _in_node("apollo"),
        _in_python("ariadne", "ariadne_peer"),
        _in_python("strawberry", "plain_strawberry"),
        _in_python("floor", "floor", is_peer=False),
    )
    return {server.name: server for server in servers}


@dataclass(frozen=True, slots=True)
class Stage:
    """The environment in which servers are started."""

    cluster: Cluster
    issuer: Issuer
    logs: Path
    cores: Cores


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    server: Server
    port: int
    pid: int
    token: str | None
    """The token for every request; None if the server requires none."""


@contextmanager
def running(server: Server, stage: Stage, mode: Mode, metadata: MetadataBy) -> Generator[Running]:
    """Start a server, wait until it answers, and stop it and its child processes at the end."""
    port = _free_port()
    production = server.is_ours or mode is Mode.PRODUCTION
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        **stage.issuer.environment,
        "PORT": str(port),
        "DATABASE_URL": stage.cluster.service_dsn if production else stage.cluster.owner_dsn,
        "COMPANY_ID": str(LARGE_COMPANY),
        "MODE": Mode.PRODUCTION if production else Mode.BARE,
        "METADATA": metadata,
        **server.environment,
    }
    log = stage.logs / f"{server.name}-{mode}-{metadata}.log"
    process = _start(server, environment, log, stage.cores.server)
    try:
        _wait_until_answering(process, server.name, port, log)
        yield Running(server, port, process.pid, stage.issuer.token(LARGE_COMPANY) if production else None)
    finally:
        _end(process)


def _start(server: Server, environment: Mapping[str, str], log: Path, cores: frozenset[int]) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, held_to(cores):
        # In a new session, so that Ctrl-C reaches only this process, which stops the server.
        return subprocess.Popen(  # noqa: S603 - programs of this project
            server.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=server.folder,
            env=dict(environment),
            start_new_session=True,
        )


def _wait_until_answering(process: subprocess.Popen[bytes], name: str, port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text(errors="replace").splitlines()[-15:]
            msg = "\n".join((f"The server {name} did not start; the end of its log ({log}):", *lines))
            raise BenchError(msg)
        time.sleep(0.05)


def _answers(port: int) -> bool:
    request = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request)
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _end(process: subprocess.Popen[bytes]) -> None:
    # The process group contains only the server and its workers.
    for number, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, _STOP_SECONDS)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        break
    process.wait()
