"""The command that runs this program, for use in messages."""

import shutil
import sys
from pathlib import Path


def installed_program() -> str:
    """Return the name of this program, or its path if it isn't on PATH, as in a virtual environment."""
    name = "customer-gateway"
    installed = Path(sys.executable).with_name(name)
    if not installed.exists():
        return f"{sys.executable} -m app"
    if shutil.which(name) == str(installed):
        return name
    return str(installed.relative_to(Path.cwd()) if installed.is_relative_to(Path.cwd()) else installed)
