"""What a person types to run this program again."""

import shutil
import sys
from pathlib import Path


def installed_program() -> str:
    """Return the name or the path of this program, for a shell in the current folder."""
    # A virtual environment's programs may not be on the path.
    name = "customer-gateway"
    installed = Path(sys.executable).with_name(name)
    if not installed.exists():
        return f"{sys.executable} -m app"
    if shutil.which(name) == str(installed):
        return name
    return str(installed.relative_to(Path.cwd()) if installed.is_relative_to(Path.cwd()) else installed)
