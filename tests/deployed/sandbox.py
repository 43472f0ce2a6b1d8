"""Runs a container of docker-compose.yml without an engine: in namespaces of its own, by bubblewrap."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from tests.deployed.compose import Container

INSTALLED = "/opt/service"
"""Where the image has the service."""
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache", "/etc/alternatives")
_ROOT = PurePosixPath("/")
_SECONDS = 120


def require_sandbox() -> None:
    """Skip the test loudly where no sandbox can be made, or fail where it must run."""
    reason = _missing()
    if reason is not None:
        unavailable(reason)


def unavailable(reason: str) -> None:
    """Skip, or fail where the machine is to have it."""
    message = f"{reason}: THE SERVICE WAS NOT TESTED AS IT IS DEPLOYED"
    if os.environ.get("CUSTOMER_GATEWAY_REQUIRE_DEPLOYMENT") == "1":
        pytest.fail(message)
    pytest.skip(message)


def _missing() -> str | None:
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "setpriv is not installed"
    tried = subprocess.run([*_namespaces(), "--ro-bind", "/", "/", "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"bubblewrap can't make a sandbox here ({tried.stderr.strip()})"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The machine that containers run on: the installed service, and the names of the network."""

    installed: Path | None
    """What is at INSTALLED."""
    hosts: Mapping[str, str]
    """Addresses by host name."""
    scratch: Path

    def run(self, container: Container) -> subprocess.CompletedProcess[str]:
        """Run a container to its end."""
        return subprocess.run(
            self.command(container), capture_output=True, text=True, timeout=_SECONDS, check=False, cwd="/"
        )

    @contextmanager
    def running(self, container: Container, output: Path) -> Generator["Running"]:
        """A container that is ended as `docker stop` does; what it prints is written to a file."""
        reading, writing = os.pipe()
        with output.open("wb") as file, os.fdopen(reading) as status:
            process = subprocess.Popen(
                self.command(container, "--info-fd", str(writing)),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd="/",
                pass_fds=[writing],
            )
            os.close(writing)
            try:
                running = Running(process, json.loads(status.read())["child-pid"])
                yield running
                running.stop()
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait(_SECONDS)

    def command(self, container: Container, *options: str) -> list[str]:
        """The whole command line."""
        return [
            *_namespaces(as_user=container.user),
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--as-pid-1",
            "--die-with-parent",
            *options,
            *self._file_system(container),
            "--clearenv",
            *(part for name, value in container.environment.items() for part in ("--setenv", name, value)),
            "--chdir",
            container.folder,
            *_as_user(container.user),
            *container.command,
        ]

    def _file_system(self, container: Container) -> Iterable[str]:
        # Made first, since bubblewrap would make folders above a mount for root alone.
        for folder in _above(INSTALLED, sys.base_prefix, "/etc/hosts", f"{container.folder}/any", *container.mounts):
            yield from ("--perms", "0755", "--dir", folder)
        for path in (*_SYSTEM, sys.base_prefix):
            yield from copied(Path(path))
        if self.installed is not None:
            yield from ("--ro-bind", str(self.installed), INSTALLED)
        for name, content in self._etc().items():
            path = self.scratch / name
            path.write_text(content)
            yield from ("--ro-bind", str(path), f"/etc/{name}")
        yield from ("--proc", "/proc", "--dev", "/dev")
        for target, source in container.mounts.items():
            yield from ("--ro-bind", source, target)
        for folder in container.tmpfs:
            yield from ("--perms", "1777", "--tmpfs", folder)
        if container.is_read_only:
            yield from ("--remount-ro", "/", "--remount-ro", "/dev")

    def _etc(self) -> dict[str, str]:
        return {
            "hosts": "".join(f"{address} {name}\n" for name, address in self.hosts.items()),
            "nsswitch.conf": "hosts: files\n",
        }


@dataclass(frozen=True, slots=True)
class Running:
    """A container that runs."""

    process: subprocess.Popen[bytes]
    pid: int
    """The process id, seen from outside, of what is process 1 inside."""

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(_SECONDS)


def _namespaces(*, as_user: int | None = None) -> list[str]:
    if os.geteuid() == 0:
        # Root keeps what it needs to become the user of the image, which setpriv then gives up.
        return [
            "bwrap",
            *(part for capability in ("SETUID", "SETGID", "SETPCAP") for part in ("--cap-add", f"CAP_{capability}")),
        ]
    user = [] if as_user is None else ["--uid", str(as_user), "--gid", str(as_user)]
    return ["bwrap", "--unshare-user", *user]


def _as_user(user: int) -> Sequence[str]:
    if os.geteuid() != 0:
        return ()
    return (
        *("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"),
        *("--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"),
    )


def _above(*paths: str) -> list[str]:
    """All folders above some paths, the outer ones first."""
    return sorted({str(folder) for path in paths for folder in PurePosixPath(path).parents if folder != _ROOT})


def copied(path: Path) -> Iterable[str]:
    """The options for a part of the machine's system, whether it is a folder, a file or a link to one."""
    if path.is_symlink():
        return ("--symlink", str(path.readlink()), str(path))
    return ("--ro-bind", str(path), str(path)) if path.exists() else ()
