"""Live subscriptions of `serve` with two workers: each credential follows, and SIGTERM sends the clients elsewhere."""

import json
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tests.e2e.production import Caller, serving
from tests.support.sse import following

FOLLOW = """subscription {
  changes(types: [CUSTOMER_GROUP_CREATED]) { cursor subject { ... on CustomerGroup { number } } }
}"""
CREATE = """mutation ($input: CreateCustomerGroupInput!) {
  createCustomerGroup(input: $input) {customerGroup {number} errors {code}}
}"""
STREAMS = 12
"""So many that each worker has some, all but certainly."""


async def create(url: str, headers: dict[str, str], group: dict[str, str]) -> None:
    """Create a customer group."""
    async with httpx.AsyncClient() as client:
        body = {"query": CREATE, "variables": {"input": group}}
        answer = (await client.post(f"{url}/graphql", json=body, headers=headers)).json()
    assert answer["data"]["createCustomerGroup"]["errors"] == [], answer


async def test_streams_of_both_workers_get_each_change_and_end_with_the_service(caller: Caller, tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with AsyncExitStack() as stack:
        with log.open("wb") as file, serving(caller, file.fileno(), "--workers", "2") as url:
            credentials = [*caller.credentials.values()]
            streams = [
                await stack.enter_async_context(following(f"{url}/graphql", credentials[number % 2], FOLLOW))
                for number in range(STREAMS)
            ]
            for number in ("71", "72"):
                group = {"number": number, "name": "Nordic", "accountId": str(caller.account_id)}
                await create(url, credentials[0], group)
            found = [[(await events.change())["subject"]["number"] for _ in range(2)] for events in streams]
            stopped_at = time.monotonic()
        seconds = time.monotonic() - stopped_at
        rests = [await events.rest() for events in streams]
        comments = {events.comments[-1] for events in streams}

    assert found == [["71", "72"]] * STREAMS
    assert (rests, comments) == ([[]] * STREAMS, {"SERVICE_RESTARTING"})
    # Idle streams don't use the grace period of 30 seconds.
    assert seconds < 10
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    ended = [line for line in lines if line["event"] == "stream_ended"]
    begun = {line["request_id"] for line in lines if line["event"] == "operation" and line["type"] == "subscription"}
    assert [(line["code"], line["updates"]) for line in ended] == [("SERVICE_RESTARTING", 2)] * STREAMS
    assert begun == {line["request_id"] for line in ended}
    assert len(begun) == STREAMS
    assert not [line for line in lines if line["level"] in {"error", "critical"}]
