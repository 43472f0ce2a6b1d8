"""Builds what the Dockerfile builds: the locked dependencies and this project's wheel, in an environment of their
own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from tests.deployed.compose import ROOT
from tests.deployed.sandbox import INSTALLED
from tests.support.node import once

_SECONDS = 900
_LOCK = ROOT / "requirements" / "service.txt"
_KEPT = Path(__file__).parent / ".venv"
_MARKER = "installed"


def build_wheel(folder: Path) -> Path:
    """The wheel, as the image's stage makes it."""
    _succeed([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)])
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """An environment that holds the service and nothing else; its programs expect it at INSTALLED."""

    def install_dependencies(into: Path) -> None:
        _succeed([*_in_place(into), sys.executable, "-m", "venv", INSTALLED])
        _succeed([*_pip(into), "--require-hashes", "--requirement", str(_LOCK)])

    copy_dependencies(f"{sys.version} {sys.base_prefix}", folder, install_dependencies)
    _succeed([*_pip(folder), "--no-deps", str(wheel)])
    return folder


def copy_dependencies(what: str, folder: Path, install: Callable[[Path], None]) -> None:
    """Copy an environment of the locked dependencies, which is installed once for each lock file, and `what` it is of.

    It stays from run to run: installing it takes longer than many tests.
    """
    kept = _KEPT / sha256(what.encode()).hexdigest()[:16]
    with once(_LOCK, kept / _MARKER) as missing:
        if missing:
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir(mode=0o755, parents=True)
            install(kept)
    shutil.copytree(kept, folder, symlinks=True, copy_function=_link, dirs_exist_ok=True)
    (folder / _MARKER).unlink()


def _link(source: str, target: str) -> None:
    """Copy a file that is only read, by a link on the same file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _pip(folder: Path) -> Sequence[str]:
    options = ("--disable-pip-version-check", "--quiet", "--no-input")
    return [*_in_place(folder), f"{INSTALLED}/bin/pip", *options, "install"]


def _in_place(folder: Path) -> Sequence[str]:
    """What a command begins with that is to find the folder at INSTALLED."""
    above = str(Path(INSTALLED).parent)
    return ["bwrap", "--dev-bind", "/", "/", "--tmpfs", above, "--bind", str(folder), INSTALLED]


def _succeed(command: Sequence[str]) -> None:
    result = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False, umask=0o022
    )
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}"
