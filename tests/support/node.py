"""Node for tests: third-party programs, installed from a lock file by the first test that needs them."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

import pytest

_INSTALL_SECONDS = 900
RUN_SECONDS = 120
"""Time that a program has, in seconds."""


@dataclass(frozen=True, slots=True)
class NodePackages:
    """A folder whose packages are installed, and the Node that runs them."""

    folder: Path
    node: str

    def run(
        self,
        script: str | Path,
        *arguments: str | Path,
        within: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Run a script that must succeed, and return what it prints."""
        return succeed(self.node, script, *arguments, folder=within or self.folder, environment=environment)

    def version(self, package: str) -> str:
        """Return the version of an installed package."""
        return json.loads((self.folder / "node_modules" / package / "package.json").read_text())["version"]

    def program(self, name: str) -> Path:
        """Return the script of a package's command."""
        return self.folder / "node_modules" / ".bin" / name


def node_packages(folder: Path, what: str) -> NodePackages:
    """Install what the folder's lock file lists, once; without Node skip the test, or fail it where Node is
    required."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        reason = f"node and npm are not installed: {what.upper()} DID NOT RUN"
        if os.environ.get("CUSTOMER_GATEWAY_REQUIRE_NODE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with once(folder / "package-lock.json", folder / "node_modules" / ".installed") as missing:
        if missing:
            options = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--loglevel=error")
            succeed(npm, "ci", *options, folder=folder, seconds=_INSTALL_SECONDS)
    return NodePackages(folder, node)


def succeed(
    *command: str | Path, folder: Path, environment: Mapping[str, str] | None = None, seconds: int = RUN_SECONDS
) -> str:
    """Run a command and return what it prints; if it fails, fail the test with all of its output."""
    result = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        timeout=seconds,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{' '.join(map(str, command))}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@contextmanager
def once(lock: Path, installed: Path) -> Generator[bool]:
    """Yield whether the packages of a lock file are missing; other processes of a parallel run wait meanwhile."""
    listed = sha256(lock.read_bytes()).hexdigest()
    name = sha256(str(lock.resolve()).encode()).hexdigest()[:16]
    with (Path(gettempdir()) / f"customer-gateway-{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        missing = not installed.exists() or installed.read_text() != listed
        yield missing
        if missing:
            installed.write_text(listed)
