"""The lock on a data folder, and the private file with the addresses of a running `dev`, for other commands."""

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from app.cli.failures import CommandError, ExitCode

DEVELOPMENT_FOLDER = Path(".dev")
DATA_FOLDER_VARIABLE = "DATA_FOLDER"
_LOCK_NAME, _FILE_NAME = "dev.lock", "running.json"
_LOCK_SECONDS = 0.5


class Running(BaseModel):
    """A running `dev`."""

    model_config = ConfigDict(frozen=True)

    address: str
    """The service's URL, such as http://127.0.0.1:8000."""
    database_url: str
    owner_database_url: str
    company_id: UUID | None = None
    """Its demo company."""


def find_running(folder: Path) -> Running | None:
    """Return the `dev` that runs on a data folder; None if there is none, or if it is still starting."""
    path = folder / _FILE_NAME
    if not _is_held(folder) or not _is_private(path):
        return None
    try:
        return Running.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def require_free(folder: Path, command: str = "dev") -> None:
    """Raise CommandError if the command already runs on the data folder."""
    if _is_held(folder):
        raise _in_use(folder, command)


@contextmanager
def hold(folder: Path, command: str = "dev") -> Generator[Callable[[Running], None]]:
    """Lock a data folder, and yield a function that writes the file for other commands.

    Raise CommandError if the folder is locked already.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _FILE_NAME
    # The kernel releases the lock when the process ends, so the file of a `dev` that was killed is ignored.
    with (folder / _LOCK_NAME).open("ab") as lock:
        if not _take(lock):
            raise _in_use(folder, command)
        try:
            path.unlink(missing_ok=True)
            yield lambda running: _write(path, running)
        finally:
            path.unlink(missing_ok=True)


def _in_use(folder: Path, command: str) -> CommandError:
    running = find_running(folder)
    # Only `dev` writes its address.
    state = "" if command != "dev" else " and is starting" if running is None else f" and serves {running.address}"
    msg = (
        f"`{command}` already runs on the data folder {folder.absolute()}{state}. Use that one, stop it, or"
        " set another "
        f"folder and another port: {DATA_FOLDER_VARIABLE}={_other(folder)} PORT=8001"
    )
    return CommandError(msg, ExitCode.IN_USE)


def _other(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-2")


def _is_held(folder: Path) -> bool:
    try:
        with (folder / _LOCK_NAME).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass
    return False


def _take(lock: BinaryIO) -> bool:
    # Another command may hold the lock briefly, to check it.
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _is_private(path: Path) -> bool:
    # A file that another user can write could name that user's database.
    try:
        status = path.stat()
    except OSError:
        return False
    return status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077


def _write(path: Path, running: Running) -> None:
    """Write the file atomically, readable only by its owner."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".running-", delete=False) as file:
        file.write(running.model_dump_json())
    Path(file.name).replace(path)
