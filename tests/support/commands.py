"""Run the command line as a person does: in a separate process with a separate environment."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import IO

from tests.support.prepared import ROOT, Started, prepared

Process = subprocess.Popen[bytes] | Started

_SECONDS = 60
_PORTS_EACH = 200
_first = 10_000 + os.getpid() % 100 * _PORTS_EACH
_ports = cycle(range(_first, _first + _PORTS_EACH))
"""The ports of this process: others of the tests have others. The kernel's own begin at 32,768 or above."""


def run(
    *arguments: str | Path, program: str | Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of this checkout or another program to its end; fail the test if it prints a traceback."""
    if program is not None:
        return _finished(_command(program, *arguments), environment)
    result = prepared(_environment({})).run([*map(str, arguments)], _environment(environment), _SECONDS)
    assert "Traceback" not in result.stderr, result.stderr
    return result


def run_anew(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a new interpreter, for tests that depend on what is imported."""
    return _finished(_command(None, *arguments), environment)


def messages(result: subprocess.CompletedProcess[str]) -> str:
    """Return what a command wrote to standard error after the line that names its database."""
    named, _, others = result.stderr.partition("\n")
    return others if re.match(r"Using the database \S+ on .+ \((OWNER_)?DATABASE_URL\)\.", named) else result.stderr


@contextmanager
def running(
    *arguments: str | Path, output: Path, program: str | Path | None = None, **environment: str
) -> Generator[Process]:
    """Start a command that writes both streams to a file, and end it on exit."""
    with output.open("wb") as file:
        if program is None:
            process = prepared(_environment({})).start([*map(str, arguments)], _environment(environment), file, file)
        else:
            process = _started(_command(program, *arguments), environment, file)
        yield from _ended(process)


def run_into(output: Path, *arguments: str) -> tuple[int, str]:
    """Run a command whose standard output is a file; return its exit code and what it writes to standard error."""
    with output.open("wb") as file, tempfile.TemporaryFile("w+") as errors:
        code = prepared(_environment({})).start(arguments, _environment({}), file, errors).wait(_SECONDS)
        errors.seek(0)
        return code, errors.read()


@contextmanager
def running_anew(*arguments: str | Path, output: Path, **environment: str) -> Generator[Process]:
    """Start a command in a new interpreter, for tests of how it starts."""
    with output.open("wb") as file:
        yield from _ended(_started(_command(None, *arguments), environment, file))


def wait_for_text(process: Process, output: Path, text: str) -> str:
    """Wait until the command has printed a text, and return all that it has printed."""
    deadline = time.monotonic() + _SECONDS
    while text not in (printed := output.read_text()):
        assert process.poll() is None, printed
        assert time.monotonic() < deadline, printed
        time.sleep(0.05)
    return printed


@contextmanager
def taken_port() -> Generator[int]:
    """Return a port on which a process listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def free_port() -> int:
    """Return a port on which nobody listens, and which this process doesn't return again soon.

    It is outside the range from which the kernel chooses ports. From that range, another process of the tests could get
    the same port before a command listens there.
    """
    for port in _ports:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError


def is_running(pid: int) -> bool:
    """Return whether the process runs; a zombie, whose exit code was not read yet, does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def _command(program: str | Path | None, *arguments: str | Path) -> list[str | Path]:
    if program is not None:
        return [program, *arguments]
    return [sys.executable, "-W", "error", "-m", "app", *arguments]


def _started(command: list[str | Path], environment: dict[str, str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=_environment(environment),
        cwd=ROOT,
        stdout=output,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        # A new process group, as a shell makes it: a signal to the group is then what Ctrl-C sends.
        start_new_session=True,
    )


def _ended(process: Process) -> Generator[Process]:
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_SECONDS)


def _finished(command: list[str | Path], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        command,
        env=_environment(environment),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result


def _environment(environment: dict[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    # Wide and plain, so that no message is broken into lines.
    # Nowhere, so that a `dev` that runs in this checkout is not what a test writes to.
    return {**kept, "COLUMNS": "200", "NO_COLOR": "1", "DATA_FOLDER": os.devnull, **environment}
