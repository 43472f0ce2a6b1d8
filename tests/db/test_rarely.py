"""Log lines that tell of a state: how many are written, and that none is forgotten."""

import asyncio
from typing import Any

from app.db.rarely import Rarely


async def test_the_first_is_written_at_once_and_of_the_others_one_in_each_period_with_their_number() -> None:
    written: list[tuple[dict[str, Any], int]] = []
    lines = Rarely(lambda fields, left_out: written.append((fields, left_out)), period_seconds=0.1)
    for number in range(5):
        lines.tell("one", number=number)
    lines.tell("other", number=7)
    assert written == [({"number": 0}, 0), ({"number": 7}, 0)]
    await asyncio.sleep(0.2)
    assert written[2:] == [({"number": 4}, 3)]
    await asyncio.sleep(0.1)
    lines.tell("one", number=8)
    lines.tell("one", number=9)
    assert written[3:] == [({"number": 8}, 0)]
    lines.flush()
    assert written[4:] == [({"number": 9}, 0)]
    await asyncio.sleep(0.2)
    assert len(written) == 5
