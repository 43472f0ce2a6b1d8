"""The log of a running `serve`, and waiting for what it says."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def lines_of(output: Path) -> list[dict[str, Any]]:
    """Return what was printed, each line a JSON object with an event, a level and a time."""
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    return lines


def started(output: Path) -> int:
    """Return how many processes have started to serve so far."""
    return output.read_text().count("startup complete")


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)
