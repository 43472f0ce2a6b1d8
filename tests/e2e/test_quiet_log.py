"""`serve` logs nothing but operations when clients leave in the middle, or ask for what HTTP allows to ask for."""

import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.e2e.production import Caller, serving

PLANNED = "{customers(first: 1) {totalCount}}"
BY_FIELDS = "{viewer {subject} customers(first: 1) {nodes {contacts {name}}}}"
CREATE = 'mutation {createCustomerGroup(input: {number: "1", name: "Nordic", accountId: "%s"}) {errors {code}}}'
UPGRADES = ("Connection: Upgrade\r\nUpgrade: websocket\r\n", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n")


@pytest_asyncio.fixture(loop_scope="session")
async def _locked(owner_engine: AsyncEngine) -> object:
    """The tables of customers and groups are locked, so that operations wait."""
    async with owner_engine.begin() as connection:
        await connection.execute(text("LOCK TABLE customers, customer_groups IN ACCESS EXCLUSIVE MODE"))
        yield


def request_of(credential: dict[str, str], query: str, more: str = "") -> bytes:
    """The bytes of a request."""
    body = json.dumps({"query": query})
    headers = "".join(f"{name}: {value}\r\n" for name, value in credential.items())
    head = f"POST /graphql HTTP/1.1\r\nHost: a\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"{head}{headers}{more}\r\n{body}".encode()


@pytest.mark.slow
@pytest.mark.usefixtures("_locked")
def test_clients_that_leave_and_requests_for_an_upgrade_leave_no_other_lines(caller: Caller, tmp_path: Path) -> None:
    log, statuses = tmp_path / "log", list[bytes]()
    with log.open("wb") as file, serving(caller, file.fileno()) as url:
        address = urlsplit(url)
        assert address.hostname is not None
        place = (address.hostname, address.port or 80)
        for credential in caller.credentials.values():
            for query in (PLANNED, BY_FIELDS, CREATE % caller.account_id):
                sent = request_of(credential, query)
                # In the middle of the head, of the body, and of the operation; by a reset, and in good order.
                for part in (sent[:40], sent[:-5], sent):
                    for is_reset in (True, False):
                        with socket.create_connection(place) as client:
                            client.sendall(part)
                            time.sleep(0.25)
                            if is_reset:
                                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            for more in UPGRADES:
                with socket.create_connection(place) as client:
                    client.sendall(request_of(credential, "{viewer {subject}}", more))
                    statuses.append(client.recv(65_536).split(b"\r\n")[0])
    assert statuses == [b"HTTP/1.1 200 OK"] * 4

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert not [line for line in lines if "exception" in line]
    # Mutations are seen through, and wait for the lock as long as they may.
    told = [line for line in lines if line["level"] not in {"info", "debug"}]
    assert {line.get("cause") for line in told} <= {"statement_timeout"}, told
    assert {line["status"] for line in lines if line["event"] == "operation"} >= {200, 499}
