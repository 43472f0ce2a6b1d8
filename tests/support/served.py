"""`serve` as it is deployed, and a client that takes little CPU time."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import api_keys
from app.domain.identity import Scope
from tests.support.commands import ROOT, free_port
from tests.support.trust import TRUST


@dataclass(frozen=True)
class Served:
    """A running service."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def workers(self) -> list[int]:
        """Return the ids of the processes that serve: with `--workers`, the children without multiprocessing's own."""
        return _children(self.process.pid)[1:] or [self.process.pid]

    def memory_mb(self) -> float:
        """Return the resident memory of the process and its workers, in MB."""
        return sum(_resident(pid) for pid in [self.process.pid, *_children(self.process.pid)]) / 1e6

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process and its workers so far."""
        return sum(_cpu_seconds(pid) for pid in [self.process.pid, *_children(self.process.pid)])


@contextmanager
def served(log: Path, *options: str, files: str | None = None, **environment: str) -> Generator[Served]:
    """Start `serve` with these settings and this limit of open files, wait for all workers, and end it on exit."""
    port = free_port()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    command = [sys.executable, "-m", "app", "serve", "--port", str(port), *options]
    if files is not None:
        command = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *command]
    workers = int(options[options.index("--workers") + 1]) if "--workers" in options else 1
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command, env=kept | environment, cwd=ROOT, stderr=stderr, stdout=stderr, stdin=subprocess.DEVNULL
        )
        try:
            running = Served(port, process, log)
            _wait_until_ready(running, workers)
            yield running
        finally:
            process.terminate()
            process.wait(60)


async def api_key_headers(engine: AsyncEngine, company_id: UUID) -> dict[str, str]:
    """Create an API key with all scopes, and return the headers of its client."""
    async with engine.begin() as connection:
        _, plaintext = await api_keys.create(connection, company_id, "Pressure", tuple(Scope), None)
    return {"x-api-key": plaintext, "accept": "application/graphql-response+json"}


async def post(port: int, headers: dict[str, str], body: dict[str, Any]) -> tuple[float, int, bytes]:
    """Send one operation over a new connection; return its duration in seconds, the status and the body."""
    content = json.dumps(body).encode()
    named = {"host": f"127.0.0.1:{port}", "content-type": "application/json", "connection": "close", **headers}
    lines = [*(f"{name}: {value}" for name, value in named.items()), f"content-length: {len(content)}"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    begun = time.perf_counter()
    try:
        writer.write("\r\n".join(["POST /graphql HTTP/1.1", *lines, "", ""]).encode() + content)
        answer = await reader.read()
    finally:
        writer.close()
    head, _, answered = answer.partition(b"\r\n\r\n")
    return time.perf_counter() - begun, int(head.split(None, 2)[1]), answered


def _wait_until_ready(running: Served, workers: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            is_ready = httpx.get(f"{running.url}/readyz", verify=TRUST).status_code == 200
            if is_ready and running.log.read_text().count("startup complete") == workers:
                return
        except httpx.TransportError:
            pass
        assert running.process.poll() is None, running.log.read_text()
        assert time.monotonic() < deadline, running.log.read_text()
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(process_id) for process_id in listed.read_text().split()]


def _cpu_seconds(pid: int) -> float:
    # Of all threads, in ticks of 10 ms.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
