"""The user that runs the embedded PostgreSQL if the current user is root, and its access to files."""

import os
import pwd
from pathlib import Path


def server_user() -> pwd.struct_passwd | None:
    """Return the user to change to; None if the current user isn't root."""
    # PostgreSQL refuses to run as root. `nobody` exists everywhere, so no user has to be created.
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def make_owner_of(folder: Path) -> None:
    """Make the server's user the owner of a folder."""
    user = server_user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)


def let_in(data: Path, package: Path) -> None:
    """Let the server's user reach its data and run its binaries, which root's home or umask may prevent."""
    if server_user() is None:
        return
    for path in (*data.parents, *package.parents):
        _allow(path, 0o001)
    # A wheel for Linux contains its libraries in a folder next to the package.
    for folder in (package, package.with_name(f"{package.name}.libs")):
        for path in (folder, *folder.rglob("*")) if folder.exists() else ():
            _allow(path, 0o005 if path.is_dir() or path.stat().st_mode & 0o100 else 0o004)


def _allow(path: Path, rights: int) -> None:
    mode = path.stat().st_mode
    if mode & rights != rights:
        path.chmod(mode | rights)
