"""One company floods the service with long lists; another one writes and reads beside it, and hardly notices."""

import asyncio
import json
import logging
import statistics
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.new_customers import new_customer_input
from tests.support.records import Records, new_company
from tests.support.served import api_key_headers, post, served

pytestmark = pytest.mark.slow

LOOPS = 40
SECONDS = 12
UPSERT = "mutation($input: UpsertCustomersInput!) { upsertCustomers(input: $input) { errors { code } } }"
CREATE = "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { errors { code } } }"
# Aliases of one list with different bounds are answered field by field.
READ = '{ customers(first: 20, orderBy: [{field: NAME}]) { totalCount nodes { id name } } __type(name: "Customer") { name } }'


@dataclass
class Client:
    """A company's client, how long its requests took, and how they were answered."""

    port: int
    company_id: UUID
    group_id: UUID
    headers: dict[str, str]
    waits: list[float] = field(default_factory=list[float])
    answers: Counter[str] = field(default_factory=Counter[str])

    async def send(self, body: dict[str, Any]) -> None:
        seconds, status, answer = await post(self.port, self.headers, body)
        codes = [error["extensions"]["code"] for error in json.loads(answer).get("errors", ())]
        self.waits.append(seconds)
        self.answers[f"{status} {' '.join(codes)}".strip()] += 1

    def row(self, key: str, name: str) -> dict[str, Any]:
        return new_customer_input(self.group_id, key, name=name)

    async def upsert(self, loop: int, turn: int) -> None:
        rows = [self.row(f"{loop}-{number}", f"Flood {turn}") for number in range(500)]
        await self.send({"query": UPSERT, "variables": {"input": {"rows": rows}}})

    async def write_and_read(self, number: int) -> None:
        await self.send({"query": CREATE, "variables": {"input": self.row(f"quiet-{number}", "Quiet")}})
        await self.send({"query": READ})

    def p99(self) -> float:
        return statistics.quantiles(self.waits, n=100)[98]


async def client_of(engine: AsyncEngine, port: int, company_id: UUID) -> Client:
    group_id = await Records(engine, company_id).group()
    return Client(port, company_id, group_id, await api_key_headers(engine, company_id))


async def repeat(seconds: float, once: Callable[[int], Awaitable[None]], *, pause: float = 0.0) -> None:
    end = asyncio.get_running_loop().time() + seconds
    for number in count():
        if asyncio.get_running_loop().time() > end:
            return
        await once(number)
        await asyncio.sleep(pause)


async def test_a_company_that_writes_without_end_delays_itself_alone(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    with served(tmp_path / "log", DATABASE_URL=service_dsn) as running:
        other = await new_company(owner_engine)
        flooding = await client_of(owner_engine, running.port, company)
        quiet = await client_of(owner_engine, running.port, other)
        beside = Client(quiet.port, quiet.company_id, quiet.group_id, quiet.headers)
        await repeat(SECONDS / 2, quiet.write_and_read, pause=0.02)
        loops = [repeat(SECONDS, lambda turn, loop=loop: flooding.upsert(loop, turn)) for loop in range(LOOPS)]
        await asyncio.gather(*loops, repeat(SECONDS, lambda number: beside.write_and_read(10**6 + number), pause=0.02))

    told = (
        f"alone: p99 {quiet.p99():.3f} s of {len(quiet.waits)}, beside the flood: p99 {beside.p99():.3f} s of"
        f" {len(beside.waits)}; the flood: {dict(flooding.answers)}"
    )
    logging.getLogger(__name__).info("%s", told)
    assert quiet.answers.keys() == beside.answers.keys() == {"200"}, told
    assert flooding.answers["200"] > 0, told
    assert flooding.answers.keys() <= {"200", "503 SERVICE_UNAVAILABLE"}, told
    # What else runs on the machine delays a few of some 400 requests by more.
    assert beside.p99() < max(3 * quiet.p99(), 0.25), told
