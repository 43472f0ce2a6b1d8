"""The embedded PostgreSQL: started, stopped, found again after a crash, and refused where its folder can't be used."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text

from app.db.connecting import short_lived_engine
from app.db.embedded import EmbeddedServer, EmbeddedServerError
from app.db.server_user import let_in
from tests.support.commands import is_running

_HOLD = """
import sys, time
from pathlib import Path
from app.db.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), durable=False)
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Generator[Path]:
    with TemporaryDirectory(prefix="customer-gateway-") as parent:
        yield Path(parent) / "data"


def value(dsn: str, statement: str) -> object:
    return asyncio.run(_value(dsn, statement))


async def _value(dsn: str, statement: str) -> object:
    engine = short_lived_engine(dsn)
    async with engine.begin() as connection:
        result = await connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


def start_in_another_process(folder: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen([sys.executable, "-c", _HOLD, folder], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_second_start_finds_the_data(folder: Path) -> None:
    with EmbeddedServer(folder, durable=False) as server:
        value(server.dsn(), "CREATE TABLE kept AS SELECT 42 AS answer")
    with EmbeddedServer(folder, durable=False) as server:
        assert value(server.dsn(), "SELECT answer FROM kept") == 42


def test_names_are_lowered_beyond_ascii_and_sorted_by_code_point(folder: Path) -> None:
    with EmbeddedServer(folder, durable=False) as server:
        assert value(server.dsn(), "SELECT lower('ÆØÅ')") == "æøå"
        assert value(server.dsn(), "SELECT 'a' > 'B'") is True


def test_a_stopped_server_is_gone_and_can_be_stopped_again(folder: Path) -> None:
    server = EmbeddedServer(folder, durable=False)
    server.start()
    pid = server.pid
    assert pid is not None
    server.stop()
    server.stop()
    assert server.pid is None
    assert not is_running(pid)


def test_the_server_is_in_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it(folder: Path) -> None:
    with EmbeddedServer(folder, durable=False) as server:
        assert server.pid is not None
        assert os.getsid(server.pid) == server.pid != os.getsid(0)


def test_a_folder_with_a_long_path_works() -> None:
    with TemporaryDirectory(prefix="customer-gateway-") as parent:
        folder = Path(parent) / ("long" * 25) / "data"
        with EmbeddedServer(folder, durable=False) as server:
            assert value(server.dsn(), "SELECT 1") == 1
            sockets = Path(server.dsn().partition("?host=")[2])
            assert sockets != folder
        assert not sockets.exists()


def test_a_folder_in_use_by_another_process_is_rejected(folder: Path) -> None:
    process, _ = start_in_another_process(folder)
    try:
        with pytest.raises(EmbeddedServerError, match="in use by another process"):
            EmbeddedServer(folder, durable=False).start()
    finally:
        kill(process)
        with EmbeddedServer(folder, durable=False):
            pass


def test_a_server_left_behind_by_a_killed_process_is_ended_first(folder: Path) -> None:
    process, leftover = start_in_another_process(folder)
    kill(process)
    assert is_running(leftover)
    with EmbeddedServer(folder, durable=False) as server:
        assert server.pid != leftover
        assert value(server.dsn(), "SELECT 1") == 1
        assert not is_running(leftover)


def test_a_trace_of_a_killed_server_is_no_obstacle_even_if_its_process_id_is_taken(folder: Path) -> None:
    process, leftover = start_in_another_process(folder)
    kill(process)
    os.kill(leftover, signal.SIGKILL)
    while is_running(leftover):
        time.sleep(0.02)
    trace = folder / "postmaster.pid"
    lines = trace.read_text().splitlines()
    trace.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with EmbeddedServer(folder, durable=False) as server:
        assert value(server.dsn(), "SELECT 1") == 1


def test_a_folder_with_other_files_is_rejected_and_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / "letter.txt").write_text("mine")
    with pytest.raises(EmbeddedServerError, match="no PostgreSQL data: choose another data folder"):
        EmbeddedServer(folder).start()
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_a_folder_below_a_file_is_rejected(folder: Path) -> None:
    folder.write_text("")
    with pytest.raises(EmbeddedServerError, match=r"can't be used: File exists"):
        EmbeddedServer(folder / "data").start()


def test_data_of_another_version_are_rejected_with_the_server_s_own_words(folder: Path) -> None:
    with EmbeddedServer(folder, durable=False):
        pass
    (folder / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match=r"did not start in .*incompatible with server"):
        EmbeddedServer(folder).start()


def test_a_start_that_was_interrupted_leaves_nothing_in_the_way(folder: Path) -> None:
    unfinished = folder.with_name("data.new")
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(folder, durable=False) as server:
        assert value(server.dsn(), "SELECT 1") == 1
    assert not unfinished.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs to let another user in")
def test_the_server_s_user_is_let_in_where_the_umask_shuts_it_out_and_no_further(tmp_path: Path) -> None:
    home = tmp_path / "home"
    package, libraries, secret = home / "package", home / "package.libs", home / "secret"
    for folder in (home, package, libraries, secret):
        folder.mkdir(mode=0o700)
    program, library = package / "program", libraries / "library"
    program.touch(mode=0o700)
    library.touch(mode=0o600)
    let_in(home / "data", package)
    modes = [path.stat().st_mode & 0o777 for path in (home, package, libraries, secret, program, library)]
    assert modes == [0o701, 0o705, 0o705, 0o700, 0o705, 0o604]
