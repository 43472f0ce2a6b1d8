"""WebSockets of `serve` with two workers: each credential follows, and SIGTERM tells the clients to connect again."""

import json
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.e2e.production import Caller, serving
from tests.support.transport_client import connected

FOLLOW = """subscription ($after: String) {
  changes(after: $after, types: [CUSTOMER_GROUP_CREATED]) { subject { ... on CustomerGroup { number } } }
}"""
CREATE = """mutation ($input: CreateCustomerGroupInput!) {
  createCustomerGroup(input: $input) { customerGroup { number } errors { code } }
}"""
CLIENTS = 12
"""So many that each worker has some, all but certainly."""


async def test_clients_of_both_workers_get_each_change_and_are_told_to_come_back(
    caller: Caller, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    async with AsyncExitStack() as stack:
        with log.open("wb") as file, serving(caller, file.fileno(), "--workers", "2") as url:
            credentials = [*caller.credentials.values()]
            clients = [await stack.enter_async_context(connected(f"{url}/graphql")) for _ in range(CLIENTS)]
            for number, client in enumerate(clients):
                await client.initialize(credentials[number % 2])
                cursor = (await client.result("{ feedCursor }", "cursor"))["data"]["feedCursor"]
                await client.subscribe(FOLLOW, variables={"after": cursor})
            group = {"number": "81", "name": "Nordic", "accountId": str(caller.account_id)}
            async with connected(f"{url}/graphql", credentials[0]) as writer:
                await writer.initialize()
                made = await writer.result(CREATE, variables={"input": group})
            found = [(await client.next())["changes"]["subject"]["number"] for client in clients]
            stopped_at = time.monotonic()
        seconds = time.monotonic() - stopped_at
        codes = {(await client.closed())[0] for client in clients}

    assert made["data"]["createCustomerGroup"] == {"customerGroup": {"number": "81"}, "errors": []}
    assert found == ["81"] * CLIENTS
    assert codes == {1012}
    # Idle connections don't use the grace period of 30 seconds.
    assert seconds < 10
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    ended = [(line["code"], line["updates"]) for line in lines if line["event"] == "stream_ended"]
    assert ended == [("SERVICE_RESTARTING", 1)] * CLIENTS
    assert not [line for line in lines if line["level"] in {"error", "critical"}]
    assert not [line for line in lines if "WebSocket" in line["event"] or line["event"].startswith("connection ")]
