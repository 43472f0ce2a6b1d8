"""The load as wrk sends it: a process per window, with a script that checks each answer."""

import asyncio
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path

from bench.failures import BenchError
from bench.load import DRAIN_SECONDS, HOST, Length, Window

_SCRIPT = Path(__file__).with_name("wrk.lua")
_MISSING = "wrk is not installed: install it (on Debian, `apt-get install wrk`), or choose `--load python`."
_MARK = b"bench "
# More than any window takes: the script's last line ends the process.
_MOST_SECONDS = 600


def find_wrk() -> str | None:
    """Return the path of the program; None if it isn't installed."""
    return shutil.which("wrk")


def version() -> str:
    """Return the name and version of the program."""
    program = find_wrk()
    if program is None:
        raise BenchError(_MISSING)
    output = subprocess.run((program, "-v"), capture_output=True, text=True, check=False).stdout  # noqa: S603 - the arguments are fixed
    return " ".join(output.split()[:2]) or "wrk"


class WrkLoad:
    """A rotation of requests to one server, sent by wrk."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        program = find_wrk()
        if program is None:
            raise BenchError(_MISSING)
        self._program = program
        self._url = f"http://{HOST}:{port}/graphql"
        self._file = tempfile.NamedTemporaryFile(prefix="bench-", suffix=".requests")  # noqa: SIM115 - kept as long as this object
        self._file.writelines(b"%d\n%s" % (len(request), request) for request in requests)
        self._file.flush()
        self._count = len(requests)
        self._sent = 0

    async def run(self, connections: int, length: Length) -> Window:
        """Keep connections busy for the length of a window, and wait for the open requests."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        lines = await self._lines(connections, length)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if int(lines["broken"]):
            msg = f"{lines['broken']} requests of wrk failed: a connection broke or the server did not answer in time."
            raise BenchError(msg)
        seconds, requests, errors = lines["window"].split()
        p50, p99 = lines["latency"].split()
        self._sent += int(requests)
        return Window(
            seconds=float(seconds),
            requests=int(requests),
            p50_ms=int(p50) / 1000,
            p99_ms=int(p99) / 1000,
            errors=int(errors),
            first_error=lines["failure"],
            load_cpu_seconds=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        )

    async def _lines(self, connections: int, length: Length) -> dict[str, str]:
        """Return the lines of the script's result by their first word."""
        options = ("--threads", "1", "--connections", str(connections), "--timeout", f"{DRAIN_SECONDS}s")
        window = (length.seconds, length.requests, length.most_seconds)
        arguments = (self._file.name, self._sent % self._count, *window, time.time_ns() // 1_000)
        process = await asyncio.create_subprocess_exec(
            self._program,
            *options,
            *("--duration", f"{_MOST_SECONDS}s", "--script", str(_SCRIPT), "--", self._url),
            *(str(argument) for argument in arguments),
            stdin=DEVNULL,
            stdout=PIPE,
        )
        try:
            async with asyncio.timeout(max(length.seconds, length.most_seconds) + DRAIN_SECONDS):
                return await _result(process)
        except TimeoutError:
            msg = f"The server did not answer the last requests within {DRAIN_SECONDS} seconds."
            raise BenchError(msg) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _result(process: Process) -> dict[str, str]:
    found: dict[str, str] = {}
    if process.stdout is None:
        return found
    async for line in process.stdout:
        if line.startswith(_MARK):
            word, _, rest = line[len(_MARK) :].decode(errors="replace").strip().partition(" ")
            found[word] = rest
            if word == "window":
                # All answers are there: wrk's own duration is only a limit.
                process.send_signal(signal.SIGINT)
    await process.wait()
    if not {"window", "latency", "broken", "failure"} <= found.keys():
        msg = f"wrk ended with exit code {process.returncode} and without a result."
        raise BenchError(msg)
    return found
