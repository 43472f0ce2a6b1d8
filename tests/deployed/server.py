"""The PostgreSQL of docker-compose.yml: reached by name over TCP, with TLS and passwords."""

import asyncio
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from app.db.server_user import make_owner_of, server_user
from tests.deployed.sandbox import unavailable
from tests.support.certificates import Authority
from tests.support.databases import execute

_DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian has its servers, one folder for each version; the embedded one is built without TLS."""
_OLDEST = 15
_LOCALE = ("--locale=C.UTF-8", "--encoding=UTF8", "--no-sync")
HBA = "local all all trust\nhostssl all all all scram-sha-256\n"


@asynccontextmanager
async def postgres_with_tls(
    folder: Path, host: str, address: str, password: str, *statements: str
) -> AsyncGenerator[Path]:
    """A server on the standard port of an address; yields the certificate of its authority.

    Its administrator has the password, and runs the statements.
    """
    authority = Authority.make(folder / "authority.pem")
    certificate, key = authority.issue(host, folder)
    data = folder / "data"
    data.mkdir(mode=0o700)
    make_owner_of(data)
    make_owner_of(key)
    make_owner_of(folder)
    await asyncio.to_thread(_run, "initdb", f"--pgdata={data}", "--username=postgres", "--auth=trust", *_LOCALE)
    (data / "pg_hba.conf").write_text(HBA)
    settings = {
        "listen_addresses": address,
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "ssl": "on",
        "ssl_cert_file": str(certificate),
        "ssl_key_file": str(key),
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    control = ("pg_ctl", f"--pgdata={data}", "--silent", "--wait")
    await asyncio.to_thread(_run, *control, f"--log={folder / 'postgres.log'}", f"--options={options}", "start")
    try:
        await execute(
            f"postgresql://postgres@/postgres?host={folder}",
            f"ALTER ROLE postgres PASSWORD '{password}'",
            *statements,
        )
        yield authority.file
    finally:
        await asyncio.to_thread(_run, *control, "--mode=immediate", "stop")


def require_server() -> None:
    """Skip the test loudly where no PostgreSQL with TLS is, or fail where it must run."""
    if not _versions():
        unavailable(f"no PostgreSQL 15 or newer in {_DEBIAN}, and the embedded one is built without TLS")


def _versions() -> list[int]:
    """The versions that are installed, the oldest first."""
    found = (folder.parents[1].name for folder in _DEBIAN.glob("*/bin/postgres"))
    return sorted(version for version in map(int, found) if version >= _OLDEST)


def _run(program: str, *arguments: str) -> None:
    user = server_user()
    result = subprocess.run(
        [_DEBIAN / str(_versions()[0]) / "bin" / program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else [],
    )
    assert result.returncode == 0, result.stdout + result.stderr
