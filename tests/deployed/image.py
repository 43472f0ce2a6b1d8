"""Builds what the Dockerfile builds: the locked dependencies and this project's wheel, in an environment of their own."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.deployed.compose import ROOT
from tests.deployed.sandbox import INSTALLED

_SECONDS = 900


def build_wheel(folder: Path) -> Path:
    """The wheel, as the image's stage makes it."""
    _succeed([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)])
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """An environment that holds the service and nothing else; its programs expect it at INSTALLED."""
    folder.mkdir(mode=0o755)
    in_place = [
        "bwrap",
        "--dev-bind",
        "/",
        "/",
        "--tmpfs",
        str(Path(INSTALLED).parent),
        "--bind",
        str(folder),
        INSTALLED,
    ]
    pip = [*in_place, f"{INSTALLED}/bin/pip", "--disable-pip-version-check", "--quiet", "--no-input", "install"]
    _succeed([*in_place, sys.executable, "-m", "venv", INSTALLED])
    _succeed([*pip, "--require-hashes", "--requirement", str(ROOT / "requirements" / "service.txt")])
    _succeed([*pip, "--no-deps", str(wheel)])
    return folder


def _succeed(command: Sequence[str]) -> None:
    result = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False, umask=0o022
    )
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}"
