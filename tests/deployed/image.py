"""Builds what the Dockerfile builds: the locked dependencies and this project's wheel, in an environment of their
own."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tests.deployed.compose import ROOT
from tests.deployed.sandbox import INSTALLED
from tests.support.node import once

_SECONDS = 900
_LOCK = ROOT / "requirements" / "service.txt"
_PYTHON = sha256(f"{sys.version} {sys.base_prefix}".encode()).hexdigest()[:16]
_DEPENDENCIES = Path(__file__).parent / ".venv" / _PYTHON
"""The locked dependencies, which stay from run to run: installing them takes longer than many tests."""


def build_wheel(folder: Path) -> Path:
    """The wheel, as the image's stage makes it."""
    _succeed([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)])
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """An environment that holds the service and nothing else; its programs expect it at INSTALLED."""
    with once(_LOCK, _DEPENDENCIES / "installed") as missing:
        if missing:
            shutil.rmtree(_DEPENDENCIES, ignore_errors=True)
            _DEPENDENCIES.mkdir(mode=0o755, parents=True)
            _succeed([*_in_place(_DEPENDENCIES), sys.executable, "-m", "venv", INSTALLED])
            _succeed([*_pip(_DEPENDENCIES), "--require-hashes", "--requirement", str(_LOCK)])
    shutil.copytree(_DEPENDENCIES, folder, symlinks=True)
    (folder / "installed").unlink()
    _succeed([*_pip(folder), "--no-deps", str(wheel)])
    return folder


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
