"""`work`: the background work of a service with BACKGROUND_WORK=false, in a process of its own."""

import asyncio
import json
import signal
from pathlib import Path
from uuid import UUID

from app.db.database import Database
from tests.support.commands import run, running, wait_for_text
from tests.support.feed import event, read_all, write


async def test_work_gives_positions_until_it_is_told_to_end(
    service_dsn: str, database: Database, company: UUID, tmp_path: Path
) -> None:
    output = tmp_path / "log"
    with running("work", output=output, DATABASE_URL=service_dsn) as process:
        await asyncio.to_thread(wait_for_text, process, output, '"working"')
        await write(database, company, event(), event())
        async with asyncio.timeout(10):
            while len(await read_all(database, company)) < 2:  # noqa: ASYNC110 - the other process changes it
                await asyncio.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 10) == 0
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    (line,) = [line for line in lines if line["event"] == "working"]
    assert (line["level"], line["jobs"]) == ("info", ["sequencer", "clean-up", "deliveries"])
    # It also sends to endpoints that other tests have left, whose receivers don't exist.
    assert {line["level"] for line in lines} <= {"info", "warning"}


def test_work_needs_a_migrated_database(service_dsn: str, empty_dsn: str) -> None:
    del service_dsn
    assert run("work", DATABASE_URL=empty_dsn).returncode in {2, 4}
    assert "DATABASE_URL is not set" in run("work").stderr
