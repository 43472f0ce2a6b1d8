"""Node for tests: programs of other people, installed from a lock file by whichever test asks first."""

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
_RUN_SECONDS = 120


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
        """What a script prints; it must succeed."""
        return succeed(self.node, script, *arguments, folder=within or self.folder, environment=environment)

    def version(self, package: str) -> str:
        """The version of a package that is installed."""
        return json.loads((self.folder / "node_modules" / package / "package.json").read_text())["version"]

    def program(self, name: str) -> Path:
        """The script of a command that a package brings."""
        return self.folder / "node_modules" / ".bin" / name


def node_packages(folder: Path, what: str) -> NodePackages:
    """Install what the folder's lock file lists, unless that is there; without Node the test is skipped, or fails where it must run."""
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
    *command: str | Path, folder: Path, environment: Mapping[str, str] | None = None, seconds: int = _RUN_SECONDS
) -> str:
    """What a command prints; when it fails, all that it said is the reason."""
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
    """Whether what a lock file lists has yet to be installed; the other processes of a parallel run wait meanwhile."""
    listed = sha256(lock.read_bytes()).hexdigest()
    name = sha256(str(lock.resolve()).encode()).hexdigest()[:16]
    with (Path(gettempdir()) / f"customer-gateway-{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        missing = not installed.exists() or installed.read_text() != listed
        yield missing
        if missing:
            installed.write_text(listed)
