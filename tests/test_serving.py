"""`serve` as operators see it: every line is JSON, what it says at its start, and what becomes of its workers."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import __version__
from app.web.development import DevelopmentKeys
from app.web.server import AFTER_GRACE_SECONDS
from tests.support.commands import ROOT, Process, free_port, is_running, run, running, running_anew
from tests.support.listening import assert_upgrades_are_ignored
from tests.support.started import settings_of
from tests.support.trust import TRUST

# A machine whose folders for temporary files can't be written.
NO_FOLDER = "import tempfile; tempfile._candidate_tempdir_list = lambda: ['/nowhere']; from app.cli import main; main()"


def lines_of(output: Path) -> list[dict[str, Any]]:
    """What was printed, each line a JSON object with an event, a level and a time."""
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    return lines


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_line_is_json_and_the_first_says_once_what_is_served(
    service_dsn: str, tmp_path: Path, workers: str
) -> None:
    port, output = free_port(), tmp_path / "output"
    settings = settings_of(service_dsn, DevelopmentKeys(tmp_path / "keys"), max_depth=9, request_timeout_seconds=20.5)
    environment = {name.upper(): str(value) for name, value in settings.items()}
    with running_anew("serve", "--workers", workers, "--port", str(port), output=output, **environment) as process:
        wait_for(lambda: output.read_text().count("startup complete") == int(workers))
        # As the terminal's Ctrl-C: all processes get it.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 0

    lines = lines_of(output)
    (serving,) = [line for line in lines if line["event"] == "serving"]
    assert lines.index(serving) == 0
    # As many as the machine's limit of open files leaves room for.
    assert serving.pop("max_connections") >= 10
    assert {name: value for name, value in serving.items() if name != "timestamp"} == {
        "event": "serving",
        "level": "info",
        "version": __version__,
        "host": "127.0.0.1",
        "port": port,
        "workers": int(workers),
        "credentials": ["tokens by key file", "API keys"],
        "database_tls": None,
        "plans": True,
        "whole_requests": True,
        "trusted_only": False,
        "explorer": False,
        "metrics": True,
        "changed_limits": {"request_timeout_seconds": 20.5, "max_depth": 9},
    }
    assert sum("Finished server process" in line["event"] for line in lines) == int(workers)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_worker_ignores_an_upgrade_that_it_does_not_take(service_dsn: str, tmp_path: Path, workers: str) -> None:
    port, output = free_port(), tmp_path / "output"
    with running(
        "serve", "--workers", workers, "--port", str(port), output=output, DATABASE_URL=service_dsn
    ) as process:
        wait_for(lambda: output.read_text().count("startup complete") == int(workers))
        assert_upgrades_are_ignored(port)
        assert process.poll() is None


@pytest.mark.parametrize(("number", "said"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGSEGV, "SIGSEGV")])
def test_the_death_of_a_worker_is_logged_with_how_it_ended_and_who_takes_its_place(
    service_dsn: str, tmp_path: Path, number: signal.Signals, said: str
) -> None:
    output = tmp_path / "output"
    with running(
        "serve", "--workers", "2", "--port", str(free_port()), output=output, DATABASE_URL=service_dsn
    ) as process:
        wait_for(lambda: output.read_text().count("startup complete") == 2)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        # The first is multiprocessing's own.
        worker = int(children[-1])
        os.kill(worker, number)
        wait_for(lambda: output.read_text().count("startup complete") == 3)

    (death,) = [line for line in lines_of(output) if line["event"] == "worker_died"]
    assert (death["level"], death["pid"], death["signal"], death["exit_code"]) == ("error", worker, said, None)
    assert death["stopped_answering"] is False
    assert any(str(death["replaced_by"]) in line["event"] for line in lines_of(output))


def workers_of(process: Process) -> set[int]:
    """The ids of the workers; the first child is multiprocessing's own."""
    return {int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[1:]}


def test_workers_are_replaced_on_sighup_and_no_request_is_lost(service_dsn: str, tmp_path: Path) -> None:
    output, folder, port = tmp_path / "output", tmp_path / "metrics", free_port()
    folder.mkdir()
    environment = {"DATABASE_URL": service_dsn, "METRICS": "true", "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    is_over, statuses = threading.Event(), list[int]()

    def ask() -> None:
        # A client that keeps its connection repeats a request if the service has closed that, and one that connects
        # for each request does not.
        while not is_over.is_set():
            statuses.append(
                httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{"}, verify=TRUST).status_code
            )

    with (
        running("serve", "--workers", "2", "--port", str(port), output=output, **environment) as process,
        ThreadPoolExecutor() as threads,
    ):
        wait_for(lambda: output.read_text().count("startup complete") == 2)
        before = workers_of(process)
        asking = [threads.submit(ask) for _ in range(2)]
        try:
            os.kill(process.pid, signal.SIGHUP)
            wait_for(lambda: "workers_restarted" in output.read_text())
            wait_for(lambda: not before & workers_of(process))
        finally:
            is_over.set()
        for client in asking:
            client.result()
        after = workers_of(process)
        (shared,) = folder.iterdir()
        wait_for(lambda: {int(path.stem.split("_")[-1]) for path in shared.glob("gauge_live*.db")} == after)

    assert len(after) == 2
    assert statuses
    assert set(statuses) == {401}
    lines = lines_of(output)
    replaced = {line["pid"]: line["replaced_by"] for line in lines if line["event"] == "worker_replaced"}
    assert (replaced.keys(), {*replaced.values()}) == (before, after)
    assert [line for line in lines if line["level"] in {"warning", "error", "critical"}] == []


def test_workers_stay_when_their_replacement_can_not_start(service_dsn: str, tmp_path: Path) -> None:
    output, broken = tmp_path / "output", tmp_path / "broken"
    script = tmp_path / "script.py"
    script.write_text(
        f"import pathlib\nif __name__ == '__mp_main__' and pathlib.Path({str(broken)!r}).exists():\n"
        "    import os; os._exit(9)\n"
        "if __name__ == '__main__':\n    from app.cli import main; main()\n"
    )
    port = str(free_port())
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, script, "serve", "--workers", "2", "--port", port],
            env={"PATH": os.environ["PATH"], "DATABASE_URL": service_dsn, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            stderr=file,
        )
    try:
        wait_for(lambda: output.read_text().count("startup complete") == 2)
        before = workers_of(process)
        broken.touch()
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: "restart_failed" in output.read_text())
        assert workers_of(process) == before
        assert httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{"}, verify=TRUST).status_code == 401
    finally:
        process.terminate()
        assert process.wait(60) == 0

    (failed,) = [line for line in lines_of(output) if line["event"] == "restart_failed"]
    assert (failed["level"], failed["exit_code"], failed["stopped_answering"]) == ("error", 9, False)
    assert not [line for line in lines_of(output) if line["event"] in {"workers_restarted", "worker_died"}]


def test_neither_a_replaced_worker_nor_one_too_many_is_waited_for(service_dsn: str, tmp_path: Path) -> None:
    output, port = tmp_path / "output", free_port()
    with running("serve", "--workers", "2", "--port", str(port), output=output, DATABASE_URL=service_dsn) as process:
        wait_for(lambda: output.read_text().count("startup complete") == 2)
        stopped = workers_of(process)
        try:
            # A stopped worker doesn't end, like one whose requests take long.
            send(signal.SIGSTOP, stopped)
            os.kill(process.pid, signal.SIGHUP)
            wait_for(lambda: "workers_restarted" in output.read_text())
            assert stopped < workers_of(process)
            new = workers_of(process) - stopped
            stopped |= new
            send(signal.SIGSTOP, new)
            os.kill(process.pid, signal.SIGTTOU)
            wait_for(lambda: output.read_text().count("Terminated child process") == 3)
            os.kill(process.pid, signal.SIGTTIN)
            wait_for(lambda: output.read_text().count("startup complete") == 5)
        finally:
            send(signal.SIGCONT, stopped)


def test_workers_that_hang_are_killed_after_the_grace_period(service_dsn: str, tmp_path: Path) -> None:
    output, port = tmp_path / "output", free_port()
    environment = {"DATABASE_URL": service_dsn, "REQUEST_TIMEOUT_SECONDS": "1"}
    with running("serve", "--workers", "3", "--port", str(port), output=output, **environment) as process:
        wait_for(lambda: output.read_text().count("startup complete") == 3)
        # The last one is told to end before the service is.
        stopped = set(sorted(workers_of(process))[1:])
        try:
            send(signal.SIGSTOP, stopped)
            os.kill(process.pid, signal.SIGTTOU)
            wait_for(lambda: "Terminated child process" in output.read_text())
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(1 + AFTER_GRACE_SECONDS + 10) == 0
        finally:
            send(signal.SIGKILL, {pid for pid in stopped if is_running(pid)})

    died = [line for line in lines_of(output) if line["event"] == "worker_died"]
    assert {(line["pid"], line["signal"], line["stopped_answering"], line["replaced_by"]) for line in died} == {
        (pid, "SIGKILL", True, None) for pid in stopped
    }


def send(number: signal.Signals, pids: set[int]) -> None:
    for pid in pids:
        os.kill(pid, number)


def ended_with(script: str, service_dsn: str, tmp_path: Path) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the log of `serve --workers 2`, started by a script that workers import as well."""
    output, path = tmp_path / "output", tmp_path / "script.py"
    path.write_text(script)
    with output.open("wb") as file:
        ended = subprocess.run(
            [sys.executable, path, "serve", "--workers", "2", "--port", str(free_port())],
            env={"PATH": os.environ["PATH"], "DATABASE_URL": service_dsn, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            stderr=file,
            timeout=60,
            check=False,
        )
    return ended.returncode, lines_of(output)


def test_workers_that_can_not_start_end_the_service_in_json(service_dsn: str, tmp_path: Path) -> None:
    program = (
        "import app.web.application as application\n"
        "def fails(*_, **__): raise RuntimeError('broken')\n"
        "if __name__ == '__mp_main__': application.create_app = fails\n"
        "if __name__ == '__main__':\n"
        "    from app.cli import main; main()\n"
    )
    code, lines = ended_with(program, service_dsn, tmp_path)

    assert code == 1
    failures = [line for line in lines if line["event"] == "worker_failed_to_start"]
    assert failures
    assert "RuntimeError: broken" in failures[0]["exception"]


def test_workers_that_end_before_they_begin_end_the_service_too(service_dsn: str, tmp_path: Path) -> None:
    program = (
        "if __name__ == '__mp_main__':\n    import os; os._exit(9)\n"
        "if __name__ == '__main__':\n    from app.cli import main; main()\n"
    )
    code, lines = ended_with(program, service_dsn, tmp_path)

    assert code == 1
    (last,) = [line for line in lines if line["event"] == "workers_end_at_once"]
    assert (last["level"], last["exit_code"], last["workers"]) == ("critical", 9, 5)


@pytest.mark.parametrize("folder_state", ["full", "gone"])
def test_workers_serve_on_where_their_shared_folder_is(service_dsn: str, tmp_path: Path, folder_state: str) -> None:
    output, folder, port = tmp_path / "output", tmp_path / "metrics", free_port()
    folder.mkdir()
    environment = {"DATABASE_URL": service_dsn, "METRICS": "true", "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    with running("serve", "--workers", "2", "--port", str(port), output=output, **environment) as process:
        wait_for(lambda: output.read_text().count("startup complete") == 2)
        (shared,) = folder.iterdir()
        shutil.rmtree(shared)
        if folder_state == "full":
            # Where a folder should be, nothing can be reserved.
            shared.touch()
        failure = httpx.get(f"http://127.0.0.1:{port}/metrics", verify=TRUST)
        assert failure.status_code == 500
        assert failure.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        os.kill(int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[-1]), signal.SIGKILL)
        wait_for(lambda: output.read_text().count("startup complete") == 3)
        for _ in range(20):
            assert httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{"}, verify=TRUST).status_code == 401
        if folder_state == "full":
            shared.unlink()

    events = [line["event"] for line in lines_of(output)]
    assert events.count("worker_died") == 1
    assert events.count("metrics_not_shared") == (folder_state == "full")


def test_each_worker_reserves_the_room_for_its_metrics(service_dsn: str, tmp_path: Path) -> None:
    output, folder, port = tmp_path / "output", tmp_path / "metrics", free_port()
    folder.mkdir()
    environment = {"DATABASE_URL": service_dsn, "METRICS": "true", "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    with running("serve", "--workers", "2", "--port", str(port), output=output, **environment) as process:
        wait_for(lambda: output.read_text().count("startup complete") == 2)
        assert httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{"}, verify=TRUST).status_code == 401
        worker = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[-1])
        (shared,) = folder.iterdir()
        files = {path.name.removesuffix(f"_{worker}.db"): path for path in shared.glob(f"*_{worker}.db")}
        assert set(files) == {"counter", "histogram", "gauge_livesum", "gauge_livemax"}
        assert all(path.stat().st_blocks * 512 >= path.stat().st_size > 0 for path in files.values())
        reserved = files["counter"].stat().st_size
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: output.read_text().count("startup complete") == 3)
        # What a worker counted stays, in as much room as it needs.
        assert 0 < files["counter"].stat().st_size < reserved / 10
        assert (
            'code="UNAUTHENTICATED",execution="none",status="401"'
            in httpx.get(f"http://127.0.0.1:{port}/metrics", verify=TRUST).text
        )


def serve_without_folder(*options: str, **environment: str) -> subprocess.Popen[bytes]:
    """`serve` on a machine that has no folder for temporary files."""
    return subprocess.Popen(
        [sys.executable, "-c", NO_FOLDER, "serve", "--port", str(free_port()), *options],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        (["--workers", "1"], {"METRICS": "true"}),
        (["--workers", "1"], {"METRICS": "false", "PROMETHEUS_MULTIPROC_DIR": "/nowhere"}),
        (["--workers", "2"], {"METRICS": "false"}),
        (["--workers", "2"], {"METRICS": "true", "PROMETHEUS_MULTIPROC_DIR": "."}),
    ],
)
def test_no_folder_is_needed_where_nothing_is_kept_in_one(
    service_dsn: str, tmp_path: Path, options: list[str], environment: dict[str, str]
) -> None:
    if environment.get("PROMETHEUS_MULTIPROC_DIR") == ".":
        environment = {**environment, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    process = serve_without_folder(*options, DATABASE_URL=service_dsn, **environment)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            assert json.loads(line)["level"] in {"info", "warning"}, line
            if b"startup complete" in line:
                break
        else:
            pytest.fail("it ended before it had started")
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("named", [None, "/nowhere"])
def test_several_workers_with_metrics_say_which_folder_they_need(service_dsn: str, named: str | None) -> None:
    environment = {"METRICS": "true", **({"PROMETHEUS_MULTIPROC_DIR": named} if named else {})}
    process = serve_without_folder("--workers", "2", DATABASE_URL=service_dsn, **environment)
    _, printed = process.communicate(timeout=60)
    assert process.returncode == 2
    (line,) = printed.decode().splitlines()
    where = "PROMETHEUS_MULTIPROC_DIR (/nowhere)" if named else "the folder for temporary files"
    assert line == (
        f"Error: METRICS with several workers needs a writable folder, but {where} is not writable: mount a tmpfs at /tmp, "
        "set PROMETHEUS_MULTIPROC_DIR to a writable folder, serve with one worker, or set METRICS=false."
    )


def test_what_keeps_serve_from_starting_stays_one_line_for_people(service_dsn: str) -> None:
    refused = run("serve", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert refused.returncode == 3
    assert refused.stderr.startswith("Error: The database can't be reached")
    assert refused.stderr.count("\n") == 1
    missing = run(
        "serve",
        "--workers",
        "2",
        DATABASE_URL=service_dsn,
        JWT_PUBLIC_KEY_FILE="/nowhere",
        JWT_ISSUER="i",
        JWT_AUDIENCE="a",
    )
    assert missing.returncode == 2
    assert missing.stderr.startswith("Error: ")
    assert missing.stderr.count("\n") == 1


HOOKS = """
import gc, sys, threading, warnings
from app.settings import Settings
from app.web.log_hooks import log_what_python_prints
from app.web.logs import configure_logging
configure_logging(Settings())
log_what_python_prints()
warnings.simplefilter("always")
warnings.warn("old", DeprecationWarning)
class Ends:
    def __del__(self): raise ValueError("at the end")
Ends()
def fails(): raise ValueError("in a thread")
thread = threading.Thread(target=fails, name="side"); thread.start(); thread.join()
raise RuntimeError("uncaught")
"""


def test_what_python_prints_by_itself_is_logged_as_json_too() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HOOKS], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    warning, ignored, in_thread, uncaught = map(json.loads, ended.stderr.splitlines())
    assert (warning["event"], warning["message"], warning["category"]) == (
        "python_warning",
        "old",
        "DeprecationWarning",
    )
    assert (ignored["event"], ignored["level"]) == ("ignored_exception", "error")
    assert "ValueError: at the end" in ignored["exception"]
    assert (in_thread["event"], in_thread["thread"]) == ("uncaught_exception", "side")
    assert "ValueError: in a thread" in in_thread["exception"]
    assert (uncaught["event"], uncaught["level"]) == ("uncaught_exception", "critical")
    assert "RuntimeError: uncaught" in uncaught["exception"]
