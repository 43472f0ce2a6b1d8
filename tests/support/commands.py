"""Running the command line as a person does: in a process of its own, with an environment of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.support.prepared import ROOT, Started, prepared

Process = subprocess.Popen[bytes] | Started

_SECONDS = 60


def run(
    *arguments: str | Path, program: str | Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, of this checkout or of another program; a traceback is a failure whatever the exit code is."""
    if program is not None:
        return _finished(_command(program, *arguments), environment)
    result = prepared(_environment({})).run([*map(str, arguments)], _environment(environment), _SECONDS)
    assert "Traceback" not in result.stderr, result.stderr
    return result


def run_anew(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same by a new interpreter, for what a copy of one that has imported everything can't prove."""
    return _finished(_command(None, *arguments), environment)


def messages(result: subprocess.CompletedProcess[str]) -> str:
    """What a command wrote to standard error after the line that names its database."""
    named, _, others = result.stderr.partition("\n")
    return others if re.match(r"Using the database \S+ on .+ \((OWNER_)?DATABASE_URL\)\.", named) else result.stderr


@contextmanager
def running(
    *arguments: str | Path, output: Path, program: str | Path | None = None, **environment: str
) -> Generator[Process]:
    """A command that is ended in the end; what it prints, to both streams, is written to a file."""
    with output.open("wb") as file:
        if program is None:
            process = prepared(_environment({})).start([*map(str, arguments)], _environment(environment), file, file)
        else:
            process = _started(_command(program, *arguments), environment, file)
        yield from _ended(process)


@contextmanager
def running_anew(*arguments: str | Path, output: Path, **environment: str) -> Generator[Process]:
    """The same by a new interpreter, for how a command starts."""
    with output.open("wb") as file:
        yield from _ended(_started(_command(None, *arguments), environment, file))


def wait_for_text(process: Process, output: Path, text: str) -> str:
    """What the command has printed by the time that it has printed this text."""
    deadline = time.monotonic() + _SECONDS
    while text not in (printed := output.read_text()):
        assert process.poll() is None, printed
        assert time.monotonic() < deadline, printed
        time.sleep(0.05)
    return printed


@contextmanager
def taken_port() -> Generator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with taken_port() as port:
        return port


def is_running(pid: int) -> bool:
    """Whether the process lives; a zombie, whose exit code nobody has asked for yet, does not."""
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
