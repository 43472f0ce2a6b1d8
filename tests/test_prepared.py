"""A command that runs in a copy does what it does in a process of its own."""

import os
from pathlib import Path
from signal import SIGTERM
from subprocess import TimeoutExpired

import pytest

from tests.support.commands import free_port, run, run_anew, running, running_anew, wait_for_text
from tests.support.prepared import prepared

_ENVIRONMENT = {"PATH": os.environ["PATH"], "COLUMNS": "200"}


@pytest.mark.parametrize("arguments", [["schema"], ["serve", "--color"]], ids=["success", "a rejected option"])
def test_a_copy_ends_and_prints_as_a_process_of_its_own(arguments: list[str]) -> None:
    copy, fresh = run(*arguments), run_anew(*arguments)
    assert (copy.returncode, copy.stdout, copy.stderr) == (fresh.returncode, fresh.stdout, fresh.stderr)


def test_a_copy_has_the_environment_that_it_is_given_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(_ENVIRONMENT)
    monkeypatch.setenv("PORT", "tea")
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/x")
    assert "DATABASE_URL is not set" in run("serve").stderr
    assert "PORT" in run("serve", PORT="coffee").stderr
    assert "PORT" not in run("serve").stderr


def test_a_copy_that_takes_too_long_is_ended_and_the_next_one_runs(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    arguments = ["documents", str(pipe), "--out", str(tmp_path / "out.json")]
    with pytest.raises(TimeoutExpired):
        prepared(_ENVIRONMENT).run(arguments, _ENVIRONMENT, 0.5)
    assert prepared(_ENVIRONMENT).run(["--version"], _ENVIRONMENT, 60).returncode == 0


def test_a_copy_that_serves_leads_its_group_and_ends_as_a_process_of_its_own(service_dsn: str, tmp_path: Path) -> None:
    for number, start in enumerate((running, running_anew)):
        output = tmp_path / str(number)
        with start("serve", "--port", str(free_port()), output=output, DATABASE_URL=service_dsn) as process:
            wait_for_text(process, output, "startup complete")
            assert os.getpgid(process.pid) == process.pid
            assert process.poll() is None
            with pytest.raises(TimeoutExpired):
                process.wait(0.1)
            process.send_signal(SIGTERM)
            assert process.wait(60) == process.poll() == process.returncode == 0
