"""Log lines that tell of a state: how many are written, and that none is forgotten."""

import time
from typing import Any

from app.db.rarely import Rarely


def test_the_first_is_written_at_once_and_the_next_after_the_period_with_how_many_were_left_out() -> None:
    written: list[tuple[dict[str, Any], int]] = []
    lines = Rarely(lambda fields, left_out: written.append((fields, left_out)), period_seconds=0.1)
    for number in range(5):
        lines.tell("one", number=number)
    lines.tell("other", number=7)
    assert written == [({"number": 0}, 0), ({"number": 7}, 0)]
    time.sleep(0.11)
    lines.tell("one", number=8)
    lines.tell("one", number=9)
    lines.tell("one", number=10)
    assert written[2:] == [({"number": 8}, 4)]
    lines.flush()
    lines.flush()
    assert written[3:] == [({"number": 10}, 1)]
