"""A list of 500 rows does not keep the process from its other clients."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.web.development import DevelopmentKeys
from tests.support.new_customers import new_customer_input
from tests.support.records import Records
from tests.support.started import headers_of, settings_of, started
from tests.web.probe import Probe

ROWS = 500
MOST_SECONDS = 0.045
"""Of CPU time, which other programs of the machine don't take; 0.015 to 0.025 s is usual, and 0.12 to 0.16 s without
pauses."""
UPSERT = """mutation($input: UpsertCustomersInput!) {
  upsertCustomers(input: $input) { created updated errors { code } }
}"""


@pytest.mark.parametrize("idempotency_key", [None, "once"])
async def test_the_loop_is_never_held_for_long_by_a_list_of_500_rows(
    service_dsn: str, company: UUID, records: Records, tmp_path: Path, idempotency_key: str | None
) -> None:
    group_id = await records.group()
    keys = DevelopmentKeys(tmp_path / "keys")
    longest: list[float] = []
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        for turn in range(3):
            rows = [new_customer_input(group_id, str(row), name=f"Turn {turn}") for row in range(ROWS)]
            given: dict[str, Any] = {"rows": rows}
            if idempotency_key is not None:
                given["idempotencyKey"] = f"{idempotency_key}-{turn}"
            probe = Probe()
            answer = await client.post("/graphql", json={"query": UPSERT, "variables": {"input": given}})
            longest.append(await probe.stop())

            written: dict[str, object] = {"created": 0 if turn else ROWS, "updated": ROWS if turn else 0, "errors": []}
            assert answer.json() == {"data": {"upsertCustomers": written}}

    # What is worked out once, such as SQL, comes beside the first one.
    assert min(longest) < MOST_SECONDS, longest
