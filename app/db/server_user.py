"""The user that the embedded PostgreSQL runs as where we are root, and what it must be let in to."""

import os
import pwd
from pathlib import Path


def server_user() -> pwd.struct_passwd | None:
    """The user to change to; None where we are nobody special."""
    # PostgreSQL refuses to run as root; `nobody` is there already, so nothing is added to the machine.
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def make_owner_of(folder: Path) -> None:
    """Give a folder to the server."""
    user = server_user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)


def let_in(data: Path, package: Path) -> None:
    """Where root's home or umask shuts the server out: the right to pass through to its data, and to run its binaries."""
    if server_user() is None:
        return
    for path in (*data.parents, *package.parents):
        _allow(path, 0o001)
    # A wheel for Linux keeps the libraries that it brings in a folder beside the package.
    for folder in (package, package.with_name(f"{package.name}.libs")):
        for path in (folder, *folder.rglob("*")) if folder.exists() else ():
            _allow(path, 0o005 if path.is_dir() or path.stat().st_mode & 0o100 else 0o004)


def _allow(path: Path, rights: int) -> None:
    mode = path.stat().st_mode
    if mode & rights != rights:
        path.chmod(mode | rights)
