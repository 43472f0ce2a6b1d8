"""Files that are replaced atomically: readers find the old content or the new one."""

import os
import stat
import tempfile
from pathlib import Path

from app.cli.failures import CommandError, ExitCode


def require_writable(path: Path) -> None:
    """Raise CommandError if a file can't be replaced, before work is done whose result it gets."""
    if path.is_dir():
        msg = f"{path} can't be written: it is a folder."
        raise CommandError(msg, ExitCode.SETTINGS)
    try:
        with tempfile.TemporaryFile(dir=path.resolve().parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Replace a file, or the target of a link. Raise CommandError if that is impossible; the old content stays."""
    target = path.resolve()
    temporary: str | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            temporary = file.name
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(stat.S_IMODE(mode))
        Path(temporary).replace(target)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> CommandError:
    return CommandError(f"{path} can't be written: {error.strerror}.", ExitCode.SETTINGS)
