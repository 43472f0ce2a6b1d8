"""The writer of the log: lines arrive whole and in order, and whoever logs is never kept waiting."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.web.log_writer import LogWriter

ROOT = Path(__file__).parents[2]


def notice(lines: int) -> bytes:
    return b'{"dropped":%d}\n' % lines


def numbered(count: int, size: int = 10) -> Iterator[bytes]:
    """Lines with a number each, of about this many bytes."""
    for number in range(count):
        yield json.dumps({"number": number, "filling": "x" * size}).encode() + b"\n"


@pytest.fixture
def pipe() -> Generator[tuple[int, int]]:
    """A pipe: where it is read and where it is written."""
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        try:
            os.close(end)
        except OSError:
            continue


def read_all(descriptor: int) -> list[dict[str, Any]]:
    """Every line until the writers have gone; one that is no JSON object fails."""
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return [json.loads(line) for line in file]


def test_lines_arrive_whole_and_in_order(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    writer = LogWriter(writing, notice)
    os.close(writing)
    found: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: found.extend(read_all(reading)))
    reader.start()
    for line in numbered(5_000, size=100):
        writer.put(line)
    writer.close(10)
    reader.join(10)
    assert [entry["number"] for entry in found] == list(range(5_000))
    assert writer.dropped == 0


def test_a_reader_that_does_not_read_delays_nobody_and_dropped_lines_are_said_once(
    pipe: tuple[int, int],
) -> None:
    reading, writing = pipe
    writer = LogWriter(writing, notice, most_lines=1_000)
    os.close(writing)
    slowest = 0.0
    for line in numbered(20_000, size=1_000):
        begun = time.perf_counter()
        writer.put(line)
        slowest = max(slowest, time.perf_counter() - begun)
    # One that waits for the reader waits forever.
    assert slowest < 5
    assert not writer.flush(0.1)
    dropped = writer.dropped
    assert dropped > 15_000

    found: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: found.extend(read_all(reading)))
    reader.start()
    assert writer.flush(10)
    writer.put(b'{"number":20000}\n')
    writer.close(10)
    reader.join(10)
    assert writer.dropped == dropped
    assert sum(entry["dropped"] for entry in found if "dropped" in entry) == dropped
    numbers = [entry["number"] for entry in found if "number" in entry]
    assert numbers == sorted(numbers)
    assert len(numbers) == 20_001 - dropped
    assert numbers[-1] == 20_000


def test_memory_is_bounded_by_bytes_as_well(pipe: tuple[int, int]) -> None:
    writer = LogWriter(pipe[1], notice, most_bytes=1_000_000)
    for line in numbered(100, size=100_000):
        writer.put(line)
    # What the pipe and the write under way have taken is not counted.
    assert writer.dropped >= 100 - 2 * 10 - 2


@pytest.mark.parametrize("sink", ["full", "closed", "reader gone"])
def test_a_sink_that_can_not_be_written_costs_lines_and_nothing_else(pipe: tuple[int, int], sink: str) -> None:
    reading, writing = pipe
    if sink == "reader gone":
        os.close(reading)
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a descriptor is wanted
        writer = LogWriter({"full": full.fileno(), "closed": None, "reader gone": writing}[sink], notice)
    for line in numbered(500):
        writer.put(line)
    assert writer.flush(10)
    assert writer.dropped == 500
    writer.put(b"{}\n")
    writer.close(10)
    writer.put(b"{}\n")
    assert writer.dropped == 502
    assert writer.flush(10)


def test_a_descriptor_that_does_not_wait_is_waited_for(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.set_blocking(writing, False)
    writer = LogWriter(writing, notice)
    os.close(writing)
    for line in numbered(500, size=1_000):
        writer.put(line)
    assert not writer.flush(0.3)
    found: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: found.extend(read_all(reading)))
    reader.start()
    writer.close(10)
    reader.join(10)
    assert [entry["number"] for entry in found] == list(range(500))


TORN = """
import resource, sys, time
from app.web.log_writer import LogWriter
writer = LogWriter(2, lambda lines: b'{"dropped":%d}\\n' % lines)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
for number in range(3):
    writer.put(b'{"number":%d,"filling":"%b"}\\n' % (number, b"x" * 400))
    writer.flush(5)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.put(b'{"number":3}\\n')
writer.close(5)
"""


def test_a_line_that_was_written_in_part_when_the_disk_filled_up_is_finished_later(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        subprocess.run([sys.executable, "-c", TORN], cwd=ROOT, stderr=file, check=True, timeout=60)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line.get("number", "dropped") for line in lines] == [0, 1, 2, "dropped", 3]


MANY = """
import sys
from app.web.log_writer import LogWriter
writer = LogWriter(2, lambda lines: b'{"dropped":%d}\\n' % lines)
for number in range(400):
    writer.put(b'{"writer":%b,"number":%d,"filling":"%b"}\\n' % (sys.argv[1].encode(), number, b"x" * (number * 50)))
writer.close(60)
"""


def test_lines_of_several_processes_on_one_pipe_stay_whole_however_long_they_are(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    processes = [
        subprocess.Popen([sys.executable, "-c", MANY, str(number)], cwd=ROOT, stderr=writing) for number in range(3)
    ]
    os.close(writing)
    time.sleep(1)
    found = read_all(reading)
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    for number in range(3):
        assert [entry["number"] for entry in found if entry["writer"] == number] == list(range(400))


STUCK = """
import sys
from app.settings import Settings
from app.web.logs import configure_logging
writer = configure_logging(Settings())
for number in range(20_000):
    writer.put(b'{"filling":"%b"}\\n' % (b"x" * 1_000))
"""


def test_a_process_ends_although_nobody_reads_its_log(pipe: tuple[int, int]) -> None:
    begun = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", STUCK], cwd=ROOT, stderr=pipe[1])
    try:
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert time.monotonic() - begun < 20
