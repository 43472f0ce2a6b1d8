"""`demo` as whoever wants to see production runs it: both printed queries answer, and every log line is JSON."""

import json
import os
import signal
from pathlib import Path

import httpx

from tests.e2e.dev import assert_nested, database_pid, pasted
from tests.support.commands import free_port, is_running, running, taken_port, wait_for_text
from tests.support.trust import TRUST


def test_both_printed_queries_answer_and_ctrl_c_ends_the_service_and_its_database(folder: Path, tmp_path: Path) -> None:
    output, port = tmp_path / "output", free_port()
    with running("demo", "--data-folder", folder, "--port", str(port), output=output) as process:
        printed = wait_for_text(process, output, "\ncurl ")
        queries = [line for line in printed.splitlines() if line.startswith("curl ")]
        assert ["x-api-key" in query for query in queries] == [True, False]
        for query in queries:
            assert_nested(pasted(query))
        (rest,) = (line for line in printed.splitlines() if line.startswith("REST "))
        assert httpx.get(rest.rpartition(" ")[2], verify=TRUST).json()["openapi"].startswith("3.1")
        counted = httpx.get(f"http://127.0.0.1:{port}/metrics", verify=TRUST).text
        assert 'status="200"' in counted
        assert 'status="500"' not in counted
        database = database_pid(folder)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) in {0, 130}
    assert not is_running(database)
    logged = [json.loads(line) for line in output.read_text().splitlines() if line.startswith("{")]
    assert [line["status"] for line in logged if line["event"] == "operation"] == [200, 200]
    assert "Traceback" not in output.read_text()


def test_a_port_that_is_taken_is_said_at_once(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with taken_port() as port, running("demo", "--data-folder", folder, "--port", str(port), output=output) as process:
        assert process.wait(30) == 5
    assert f"port {port}" in output.read_text()
    assert not (folder / "postgres").exists()
