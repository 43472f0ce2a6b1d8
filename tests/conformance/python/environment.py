"""A Python environment of its own for programs whose dependencies are not the service's."""

import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.conformance_page import ROOT
from tests.support.node import RUN_SECONDS, once, succeed

_FOLDER = Path(__file__).parent / ".venv"
_LOCK = ROOT / "requirements" / "conformance.txt"
_PIP = ("-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check")
_INSTALL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment where exactly the locked packages are installed."""

    python: Path

    def run(
        self,
        *arguments: str | Path,
        within: Path,
        environment: Mapping[str, str] | None = None,
        seconds: int = RUN_SECONDS,
    ) -> str:
        """What Python prints; it must succeed."""
        return succeed(self.python, *arguments, folder=within, environment=environment, seconds=seconds)

    def program(self, name: str) -> Path:
        """The script of a package's command."""
        return self.python.with_name(name)

    def version(self, package: str) -> str:
        """The version of a package that is installed."""
        code = f"from importlib.metadata import version; print(version({package!r}), end='')"
        return self.run("-c", code, within=_FOLDER)


def installed() -> Environment:
    """The environment, made by whichever test asks first, and anew when the lock file has changed."""
    python = _FOLDER / "bin" / "python"
    with once(_LOCK, _FOLDER / "installed") as missing:
        if missing:
            venv.create(_FOLDER, clear=True, symlinks=True)
            options = ("install", "--no-compile", "--require-hashes", "--requirement", _LOCK)
            succeed(sys.executable, *_PIP, "--python", python, *options, folder=ROOT, seconds=_INSTALL_SECONDS)
    return Environment(python)
