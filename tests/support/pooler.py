"""PgBouncer in front of the tests' server, in any of its modes and with the settings that docs/database.md shows."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from app.db.dsn import parse
from tests.support.browser import missing
from tests.support.commands import ROOT, free_port

_SECONDS = 20


@contextmanager
def pooler(*dsns: str, mode: str, size: int) -> Generator[list[str]]:
    """Start PgBouncer before the server of these URLs; yield the URLs that lead through it.

    Each role and database shares `size` connections to the server.
    """
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        missing("pgbouncer is not installed", "CUSTOMER_GATEWAY_REQUIRE_PGBOUNCER", "the service behind a pooler was")
    server, port = parse(dsns[0]).hosts[0], free_port()
    user = _user(server.name)
    with tempfile.TemporaryDirectory(prefix="customer-gateway-pooler-") as name:
        folder = Path(name)
        configuration, users, log = folder / "pgbouncer.ini", folder / "users.txt", folder / "log"
        users.write_text("".join(f'"{parse(dsn).user}" "{parse(dsn).password or ""}"\n' for dsn in dsns))
        documented = _documented()
        documented["databases"] = {"*": f"host={server.name} port={server.port or 5432}"}
        own = {
            "listen_port": str(port),
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": str(users),
            "pool_mode": mode,
            "default_pool_size": str(size),
        }
        documented.read_dict({"pgbouncer": own})
        with configuration.open("w") as file:
            documented.write(file)
        if user is not None:
            for path in (folder, configuration, users):
                os.chown(path, user.pw_uid, user.pw_gid)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [program, configuration],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=None if user is None else user.pw_uid,
                group=None if user is None else user.pw_gid,
                extra_groups=None if user is None else [],
            )
        try:
            _wait_until_it_listens(process, port, log)
            yield [_through(dsn, port) for dsn in dsns]
        finally:
            process.kill()
            process.wait(_SECONDS)


def _documented() -> ConfigParser:
    """Return the configuration that docs/database.md shows."""
    guide = (ROOT / "docs/database.md").read_text(encoding="utf-8")
    documented = ConfigParser(interpolation=None)
    _, begin, following = guide.partition("[databases]")
    documented.read_string(begin + following.partition("```")[0])
    return documented


def _user(host: str) -> pwd.struct_passwd | None:
    """Return the user that PgBouncer runs as if this process is root, which it rejects: one with access to the
    socket."""
    if os.geteuid() != 0:
        return None
    owner = Path(host).stat().st_uid if host.startswith("/") else 0
    return pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")


def _through(dsn: str, port: int) -> str:
    parts = parse(dsn)
    password = "" if parts.password is None else f":{quote(parts.password, safe='')}"
    return (
        f"postgresql://{quote(parts.user or '', safe='')}{password}@127.0.0.1:{port}/{parts.database}?sslmode=disable"
    )


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        else:
            return
