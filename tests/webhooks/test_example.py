"""The example of a receiver, run as its page says."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from app.db.rows import EventRow
from app.webhooks.client import Client
from app.webhooks.envelope import envelope_of, event_of_test
from app.webhooks.signing import signed
from tests.support.commands import free_port
from tests.support.webhook_secrets import EARLIER, SECRET

EXAMPLE = Path(__file__).parents[2] / "examples" / "receive_webhooks.py"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The file in which the example stores events."""
    return tmp_path / "events.sqlite"


@pytest.fixture
def url(database: Path) -> Iterator[str]:
    """Where the example listens."""
    port = free_port()
    command = [sys.executable, EXAMPLE, str(port), database]
    with subprocess.Popen(command, env={**os.environ, "WEBHOOK_SECRET": SECRET}) as example:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and example.poll() is None:
            with closing(socket.socket()) as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
        example.terminate()


async def test_the_example_stores_each_event_once_and_only_signed_ones(
    client: Client, url: str, database: Path
) -> None:
    company_id = uuid4()
    first, second = (event_of_test(uuid4(), datetime.now(UTC)) for _ in range(2))
    statuses: list[int | None] = []

    async def send(event: EventRow, *secrets: str) -> None:
        body = envelope_of(event, company_id, None)
        async with client.receiver(url) as receiver:
            headers = signed(str(event.id), datetime.now(UTC), body, secrets)
            statuses.append((await receiver.post(headers, body)).status)

    await send(first, SECRET)
    await send(first, EARLIER, SECRET)
    await send(second, EARLIER)
    await send(second, SECRET)

    assert statuses == [204, 204, 401, 204]
    with closing(sqlite3.connect(database)) as stored:
        assert stored.execute("SELECT id FROM events ORDER BY rowid").fetchall() == [
            (str(first.id),),
            (str(second.id),),
        ]


def test_the_example_is_short() -> None:
    assert len(EXAMPLE.read_text().splitlines()) < 60
