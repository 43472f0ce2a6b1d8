"""A process that has imported the command line and runs each command in a copy of itself.

Most of what a command costs until it does something is its imports. A copy has done them, and is otherwise a process as
any other: it has its own group, arguments, environment, output and exit code. It ends as children of multiprocessing
do: threads are waited for, functions of atexit run, and modules are not taken apart, which costs ten times as much as
all other things of a short command. What a copy can't prove is how a command starts: which modules it imports, and what
depends on the hashes of texts, which all copies share.
"""

import atexit
import gc
import json
import os
import pkgutil
import runpy
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from signal import SIGKILL
from typing import IO, Any

ROOT = Path(__file__).parents[2]
_PACKAGES = ("app.cli", "app.web")
"""Packages that commands import when they start or later."""
_ANSWER = struct.Struct("i")
"""A process id, and later an exit code."""


class Started:
    """A command that runs in a copy, seen as `subprocess.Popen` shows a process."""

    def __init__(self, arguments: Sequence[str], answers: socket.socket) -> None:
        self._arguments = arguments
        self._answers = answers
        self.returncode: int | None = None
        self.pid = self._answer()

    def poll(self) -> int | None:
        """Return the exit code; None while the command runs."""
        return self._awaited(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once the command has ended; TimeoutExpired if that takes more seconds."""
        code = self._awaited(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self._arguments, timeout)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the command has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End the command at once."""
        self.send_signal(SIGKILL)

    def _awaited(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._answers], [], [], seconds)[0]:
            with self._answers:
                self.returncode = self._answer()
        return self.returncode

    def _answer(self) -> int:
        (number,) = _ANSWER.unpack(self._answers.recv(_ANSWER.size))
        return number


class Prepared:
    """The process as tests use it; it runs until `close`, or until the test run ends."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._requests, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", __name__, str(theirs.fileno())],
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def close(self) -> None:
        """End the process; no command may run."""
        self._requests.close()
        self._process.wait()

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; raises TimeoutExpired when it takes longer."""
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            started = self.start(arguments, environment, output, errors)
            try:
                code = started.wait(seconds)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()
                raise
            return subprocess.CompletedProcess(arguments, code, _whole(output), _whole(errors))

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: IO[Any], errors: IO[Any]
    ) -> Started:
        """Start a command in a new process group; it writes to these files."""
        ours, theirs = socket.socketpair()
        with tempfile.TemporaryFile("w+") as request, theirs:
            json.dump({"arguments": arguments, "environment": environment}, request)
            request.seek(0)
            files = [file.fileno() for file in (request, output, errors, theirs)]
            # One byte takes the files along.
            socket.send_fds(self._requests, [b"!"], files)
        return Started(arguments, ours)


def _whole(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


_lock = threading.Lock()
_started: list[Prepared] = []


def prepared(environment: Mapping[str, str]) -> Prepared:
    """Return the process of this test run; the first call starts it in this environment."""
    with _lock:
        if not _started:
            _started.append(Prepared(environment))
            atexit.register(_started[0].close)
        return _started[0]


def _serve(requests: socket.socket) -> None:
    """Fork a copy for each request; in a copy, return when its command has ended."""
    with requests:
        while (received := socket.recv_fds(requests, 1, 4))[0]:
            if os.fork() == 0:
                break
            for file in received[1]:
                os.close(file)
            _forget_ended()
        else:
            return
    _run(*received[1])


def _forget_ended() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return  # none is left


def _run(request: int, output: int, errors: int, answers: int) -> None:
    pid = os.fork()
    if pid:
        os.write(answers, _ANSWER.pack(pid))
        _, status = os.waitpid(pid, 0)
        os.write(answers, _ANSWER.pack(os.waitstatus_to_exitcode(status)))
        os._exit(0)
    os.close(answers)
    os.setsid()
    with os.fdopen(request) as file:
        command = json.load(file)
    for given, usual in ((output, 1), (errors, 2)):
        os.dup2(given, usual)
        os.close(given)
    os.environ.clear()
    os.environ.update(command["environment"])
    sys.argv[1:] = command["arguments"]
    try:
        runpy.run_module("app", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, int):
            _end(end.code)
        raise


def _end(code: int) -> None:
    """End this process, unless its output can't be written: what the interpreter does about that is tested too."""
    threading._shutdown()  # noqa: SLF001  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    atexit._run_exitfuncs()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    # Garbage that warns when it is freed, such as an open connection, does so.
    gc.collect()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _import_all() -> None:
    for package in map(import_module, _PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)


if __name__ == "__main__":
    _import_all()
    # Threads don't come along into a copy.
    assert threading.active_count() == 1
    # What the collector doesn't look at isn't written to, and stays shared with the copies.
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
