"""`serve` as operators see it: every line is JSON, what it says at its start, and which folders it needs."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__
from app.web.development import DevelopmentKeys
from tests.support.commands import ROOT, free_port, run, running, running_anew
from tests.support.listening import assert_upgrades_are_ignored
from tests.support.serving_log import lines_of, started, wait_for
from tests.support.started import settings_of

# A machine whose folders for temporary files can't be written.
NO_FOLDER = "import tempfile; tempfile._candidate_tempdir_list = lambda: ['/nowhere']; from app.cli import main; main()"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_line_is_json_and_the_first_says_once_what_is_served(
    service_dsn: str, tmp_path: Path, workers: str
) -> None:
    port, output = free_port(), tmp_path / "output"
    settings = settings_of(service_dsn, DevelopmentKeys(tmp_path / "keys"), max_depth=9, request_timeout_seconds=20.5)
    environment = {name.upper(): str(value) for name, value in settings.items()}
    with running_anew("serve", "--workers", workers, "--port", str(port), output=output, **environment) as process:
        wait_for(lambda: started(output) == int(workers))
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
        "rest": True,
        "metrics": True,
        "changed_limits": {"request_timeout_seconds": 20.5, "max_depth": 9},
    }
    assert sum("Finished server process" in line["event"] for line in lines) == int(workers)


def test_an_upgrade_that_is_not_taken_is_ignored(service_dsn: str, tmp_path: Path) -> None:
    port, output = free_port(), tmp_path / "output"
    with running("serve", "--port", str(port), output=output, DATABASE_URL=service_dsn) as process:
        wait_for(lambda: started(output) == 1)
        assert_upgrades_are_ignored(port)
        assert process.poll() is None


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
