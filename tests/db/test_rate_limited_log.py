"""Log lines that tell of a state: how many are written, when, and that none is forgotten."""

import asyncio
import time
from typing import Any

import pytest

from app.db.rate_limited_log import RateLimitedLog

PERIOD_SECONDS = 0.2


class Written(list[tuple[int, int]]):
    """The number in each line that was written, and how many others were left out for it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = RateLimitedLog(self._write, PERIOD_SECONDS)

    def tell(self, *numbers: int, kind: str = "one") -> None:
        """Tell of these numbers, one after the other."""
        for number in numbers:
            self.lines.tell(kind, number=number)

    def _write(self, fields: dict[str, Any], left_out: int) -> None:
        self.append((fields["number"], left_out))


@pytest.fixture
def written() -> Written:
    """Lines of which one is written in the period."""
    return Written()


async def test_the_first_is_written_at_once_and_the_last_when_the_period_ends(written: Written) -> None:
    written.tell(0, 1, 2, 3)
    written.tell(7, kind="other")
    assert written == [(0, 0), (7, 0)]
    await asyncio.sleep(PERIOD_SECONDS + 0.1)
    # Nobody asked: the service may be healthy for weeks.
    assert written[2:] == [(3, 2)]
    written.tell(4, 5)
    assert written[3:] == []
    await asyncio.sleep(PERIOD_SECONDS + 0.1)
    assert written[3:] == [(5, 1)]
    await asyncio.sleep(PERIOD_SECONDS + 0.1)
    written.tell(8)
    assert written[4:] == [(8, 0)]


async def test_what_is_left_at_the_end_is_written_once(written: Written) -> None:
    written.tell(0, 1, 2)
    written.lines.flush()
    written.lines.flush()
    assert written[1:] == [(2, 1)]
    await asyncio.sleep(PERIOD_SECONDS + 0.1)
    assert written[2:] == []


def test_without_a_loop_those_that_were_left_out_are_written_before_the_next(written: Written) -> None:
    written.tell(0, 1, 2)
    time.sleep(PERIOD_SECONDS + 0.1)
    written.tell(8)
    assert written == [(0, 0), (2, 1), (8, 0)]
