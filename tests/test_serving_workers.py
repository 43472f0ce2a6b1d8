"""`serve` with several workers: what becomes of those that die, hang, can't start or are replaced."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.web.server import AFTER_GRACE_SECONDS
from tests.support.commands import ROOT, Process, free_port, is_running, running
from tests.support.listening import assert_upgrades_are_ignored
from tests.support.serving_log import lines_of, started, wait_for
from tests.support.trust import TRUST


@dataclass(frozen=True, slots=True)
class Workers:
    """A service with two workers, which share their metrics in a folder."""

    process: Process
    output: Path
    folder: Path
    port: int

    def status(self) -> int:
        """Return the status of a request without a credential."""
        return httpx.post(f"http://127.0.0.1:{self.port}/graphql", json={"query": "{"}, verify=TRUST).status_code

    def metrics(self) -> httpx.Response:
        """Return the answer of `/metrics`."""
        return httpx.get(f"http://127.0.0.1:{self.port}/metrics", verify=TRUST)

    def oldest(self) -> int:
        """Return the id of the worker that has served for the longest time."""
        return children_of(self.process)[0]

    def lose_one(self, number: signal.Signals) -> tuple[int, list[dict[str, Any]]]:
        """End the oldest worker by a signal, wait for the next one, and return its id and what is logged meanwhile.

        The newest may end before the service has seen it serve, and then counts as one that can't start.
        """
        worker, before, said = self.oldest(), started(self.output), len(self.output.read_text())
        os.kill(worker, number)
        wait_for(lambda: started(self.output) == before + 1)
        lines = self.output.read_text()[said:].rpartition("\n")[0].splitlines()
        return worker, [json.loads(line) for line in lines]


@contextmanager
def serving_two(service_dsn: str, above: Path) -> Generator[Workers]:
    """Start `serve --workers 2`."""
    output, folder, port = above / "output", above / "metrics", free_port()
    folder.mkdir()
    environment = {"DATABASE_URL": service_dsn, "METRICS": "true", "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    with running("serve", "--workers", "2", "--port", str(port), output=output, **environment) as process:
        wait_for(lambda: started(output) == 2)
        yield Workers(process, output, folder, port)


@pytest.fixture(scope="module")
def workers(service_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Workers]:
    """A service for tests that leave it with two workers."""
    with serving_two(service_dsn, tmp_path_factory.mktemp("workers")) as workers:
        yield workers
    assert lines_of(workers.output)


def children_of(process: Process) -> list[int]:
    """Return the ids of the workers, the oldest first; the first child is multiprocessing's own."""
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[1:]]


def workers_of(process: Process) -> set[int]:
    """Return the ids of the workers."""
    return set(children_of(process))


def test_every_worker_ignores_an_upgrade_that_it_does_not_take(workers: Workers) -> None:
    assert_upgrades_are_ignored(workers.port)
    assert workers.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV], ids=lambda number: number.name)
def test_the_death_of_a_worker_is_logged_with_how_it_ended_and_who_takes_its_place(
    workers: Workers, number: signal.Signals
) -> None:
    worker, lines = workers.lose_one(number)
    (death,) = [line for line in lines if line["event"] == "worker_died"]
    told = (death["level"], death["pid"], death["signal"], death["exit_code"], death["stopped_answering"])
    assert told == ("error", worker, number.name, None, False)
    assert any(str(death["replaced_by"]) in line["event"] for line in lines)


def test_each_worker_reserves_the_room_for_its_metrics(workers: Workers) -> None:
    assert workers.status() == 401
    worker = workers.oldest()
    (shared,) = workers.folder.iterdir()
    files = {path.name.removesuffix(f"_{worker}.db"): path for path in shared.glob(f"*_{worker}.db")}
    assert set(files) == {"counter", "histogram", "gauge_livesum", "gauge_livemax"}
    assert all(path.stat().st_blocks * 512 >= path.stat().st_size > 0 for path in files.values())
    reserved = files["counter"].stat().st_size
    assert workers.lose_one(signal.SIGKILL)[0] == worker
    # What a worker counted stays, in as much room as it needs.
    assert 0 < files["counter"].stat().st_size < reserved / 10
    assert 'code="UNAUTHENTICATED",execution="none",status="401"' in workers.metrics().text


def test_workers_serve_on_where_their_shared_folder_is_full_or_gone(service_dsn: str, tmp_path: Path) -> None:
    with serving_two(service_dsn, tmp_path) as workers:
        (shared,) = workers.folder.iterdir()
        for is_full in (False, True):
            shutil.rmtree(shared)
            if is_full:
                # Where a folder should be, nothing can be reserved.
                shared.touch()
            failure = workers.metrics()
            assert failure.status_code == 500
            assert failure.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
            events = [line["event"] for line in workers.lose_one(signal.SIGKILL)[1]]
            for _ in range(20):
                assert workers.status() == 401
            assert (events.count("worker_died"), events.count("metrics_not_shared")) == (1, is_full)
        shared.unlink()


def ask_until(is_over: threading.Event, port: int) -> list[int]:
    """Ask again and again, over a connection for each request; return the statuses.

    A client that keeps its connection repeats a request if the service has closed that.
    """
    statuses = list[int]()
    while not is_over.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", "/graphql", b'{"query": "{"}', {"content-type": "application/json"})
        statuses.append(connection.getresponse().status)
        connection.close()
        time.sleep(0.005)
    return statuses


def test_workers_are_replaced_on_sighup_and_no_request_is_lost(service_dsn: str, tmp_path: Path) -> None:
    is_over = threading.Event()
    with serving_two(service_dsn, tmp_path) as workers, ThreadPoolExecutor() as threads:
        before = workers_of(workers.process)
        asking = [threads.submit(ask_until, is_over, workers.port) for _ in range(2)]
        try:
            os.kill(workers.process.pid, signal.SIGHUP)
            wait_for(lambda: "workers_restarted" in workers.output.read_text())
            wait_for(lambda: not before & workers_of(workers.process))
        finally:
            is_over.set()
        statuses = [status for client in asking for status in client.result()]
        after = workers_of(workers.process)
        (shared,) = workers.folder.iterdir()
        wait_for(lambda: {int(path.stem.split("_")[-1]) for path in shared.glob("gauge_live*.db")} == after)

    assert len(after) == 2
    assert len(statuses) > 20
    assert set(statuses) == {401}
    lines = lines_of(workers.output)
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
        wait_for(lambda: started(output) == 2)
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
        wait_for(lambda: started(output) == 2)
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
            wait_for(lambda: started(output) == 5)
        finally:
            send(signal.SIGCONT, stopped)


def test_workers_that_hang_are_killed_after_the_grace_period(service_dsn: str, tmp_path: Path) -> None:
    output, port = tmp_path / "output", free_port()
    environment = {"DATABASE_URL": service_dsn, "REQUEST_TIMEOUT_SECONDS": "1"}
    with running("serve", "--workers", "3", "--port", str(port), output=output, **environment) as process:
        wait_for(lambda: started(output) == 3)
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
        "import sys, types\n"
        "def fails(*_, **__): raise RuntimeError('broken')\n"
        # In place of the module, which takes most of a start to import: five workers start.
        "broken = types.SimpleNamespace(create_app=fails)\n"
        "if __name__ == '__mp_main__': sys.modules['app.web.application'] = broken\n"
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
