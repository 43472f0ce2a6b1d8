"""A process that has imported the command line and runs each command in a copy of itself.

Most of what a short command costs is its imports. A copy has done them, and is otherwise a process as any other: it has its own
arguments, environment, output and exit code, and ends as the interpreter ends it. What a copy can't prove is how a command
starts: which modules it imports, and what depends on the hashes of texts, which all copies share.
"""

import atexit
import gc
import json
import os
import pkgutil
import runpy
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from signal import SIGKILL
from typing import IO

ROOT = Path(__file__).parents[1]
_PACKAGES = ("app.cli", "app.web")
"""What commands import, as soon as they start or later."""


class Prepared:
    """The process as its user sees it: it lives until `close`, or until its user ends."""

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
        """End the process, which runs no command any more."""
        self._requests.close()
        self._process.wait()

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; raises TimeoutExpired when it takes longer."""
        with (
            tempfile.TemporaryFile("w+") as request,
            tempfile.TemporaryFile("w+") as output,
            tempfile.TemporaryFile("w+") as errors,
        ):
            json.dump({"arguments": arguments, "environment": environment}, request)
            request.seek(0)
            code = self._exit_code([request, output, errors], arguments, seconds)
            return subprocess.CompletedProcess(arguments, code, *(_whole(file) for file in (output, errors)))

    def _exit_code(self, files: Sequence[IO[str]], arguments: Sequence[str], seconds: float) -> int:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                # One byte takes the files along.
                socket.send_fds(self._requests, [b"!"], [*(file.fileno() for file in files), theirs.fileno()])
            ours.settimeout(seconds)
            with ours.makefile() as answers:
                pid = int(answers.readline())
                try:
                    return int(answers.readline())
                except TimeoutError:
                    os.kill(pid, SIGKILL)
                    raise subprocess.TimeoutExpired(arguments, seconds) from None


def _whole(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


_lock = threading.Lock()
_started: list[Prepared] = []


def prepared(environment: Mapping[str, str]) -> Prepared:
    """The process of this test run, started in this environment when it is first asked for."""
    with _lock:
        if not _started:
            _started.append(Prepared(environment))
            atexit.register(_started[0].close)
        return _started[0]


def _serve(requests: socket.socket) -> None:
    """Start a copy for each request; in a copy, return when its command has ended."""
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
        os.write(answers, b"%d\n" % pid)
        _, status = os.waitpid(pid, 0)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    os.close(answers)
    with os.fdopen(request) as file:
        command = json.load(file)
    for given, usual in ((output, 1), (errors, 2)):
        os.dup2(given, usual)
        os.close(given)
    os.environ.clear()
    os.environ.update(command["environment"])
    sys.argv[1:] = command["arguments"]
    runpy.run_module("app", run_name="__main__", alter_sys=True)


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
