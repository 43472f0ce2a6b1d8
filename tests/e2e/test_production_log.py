"""`serve` with the log that production has: it tells of each operation, and no failure of it reaches a caller."""

import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.production import Caller, serving
from tests.support.serving_log import wait_for
from tests.support.trust import TRUST

READ = "{customers(first: 1) {totalCount}}"
CREATE = """mutation ($input: CreateCustomerGroupInput!) {
  createCustomerGroup(input: $input) {customerGroup {number} errors {code}}
}"""


def ask(url: str, headers: dict[str, str], query: str, **variables: Any) -> dict[str, Any]:
    """The data of an answer that must be good."""
    body = {"query": query, "variables": variables}
    response = httpx.post(f"{url}/graphql", json=body, headers=headers, timeout=10, verify=TRUST)
    assert response.status_code == 200, response.text
    assert "errors" not in response.json(), response.text
    return response.json()["data"]


def counted(url: str) -> Counter[tuple[str, str]]:
    """How many operations there were, by their type and status."""
    found = Counter[tuple[str, str]]()
    for family in text_string_to_metric_families(httpx.get(f"{url}/metrics", verify=TRUST).text):
        for sample in family.samples:
            if sample.name == "customer_gateway_operations_total":
                found[sample.labels["type"], sample.labels["status"]] += int(sample.value)
    return found


@pytest.mark.parametrize("workers", ["1", "2"])
def test_reads_and_mutations_of_each_credential_are_answered_logged_and_counted(
    caller: Caller, tmp_path: Path, workers: str
) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file, serving(caller, file.fileno(), "--workers", workers) as url:
        for number, headers in enumerate(caller.credentials.values(), start=1):
            assert ask(url, headers, READ) == {"customers": {"totalCount": 0}}
            assert ask(url, headers, "{viewer {subject company {id}}}")["viewer"]["company"]["id"] == str(
                caller.company
            )
            group = {"number": str(number), "name": "Nordic", "accountId": str(caller.account_id)}
            created = ask(url, headers, CREATE, input=group)["createCustomerGroup"]
            assert created == {"customerGroup": {"number": str(number)}, "errors": []}
        wait_for(lambda: counted(url) == {("query", "200"): 4, ("mutation", "200"): 2})

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    operations = [line for line in lines if line["event"] == "operation"]
    assert len(operations) == 6
    assert {line["company"] for line in operations} == {str(caller.company)}
    assert {line["subject"] for line in operations} == set(caller.credentials)
    assert {line["status"] for line in operations} == {200}


@pytest.mark.parametrize(
    ("sink", "workers"),
    [("full", "1"), ("reader gone", "1"), ("never read", "1"), ("closed", "1"), ("full", "2"), ("never read", "2")],
)
def test_a_log_that_can_not_be_written_changes_no_answer_and_delays_none(
    caller: Caller, sink: str, workers: str
) -> None:
    reading, writing = os.pipe()
    if sink == "reader gone":
        os.close(reading)
    if sink == "never read":
        # Full from the start, so that the first write would wait.
        os.set_blocking(writing, False)
        assert os.write(writing, b"x" * 10_000_000) < 10_000_000
        os.set_blocking(writing, True)
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a descriptor is wanted
        descriptor = {"full": full.fileno(), "closed": None}.get(sink, writing)
        with serving(caller, descriptor, "--workers", workers) as url:
            begun = time.monotonic()
            for headers in caller.credentials.values():
                for _ in range(20):
                    assert ask(url, headers, READ) == {"customers": {"totalCount": 0}}
            assert time.monotonic() - begun < 20
            wait_for(lambda: counted(url) == {("query", "200"): 40})
